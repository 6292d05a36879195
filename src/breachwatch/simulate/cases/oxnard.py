"""Oxnard, California: what comes before encryption, on a server of the police, and no more.

Two weeks of ordinary work on the server of the police's records; then four commands within minutes, before dawn.
Everything is invented: accounts, ids, addresses (private ones), and that it happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from breachwatch.simulate.cases.files import Record, write_records, write_sources
from breachwatch.simulate.cases.windows import (
    SECURITY,
    SYSMON,
    SYSTEM,
    Account,
    Machine,
    process,
    service_installed,
    signed_in,
)
from breachwatch.simulate.dice import Dice
from breachwatch.simulate.sources import SourceTable
from breachwatch.simulate.span import MINUTE, SECOND, Span, is_working_day

ZONE = "America/Los_Angeles"
_SERVER = Machine("pd-rms01", "OXNARD", "oxnard.example")
_FIRST, _NIGHT = date(2026, 9, 8), date(2026, 9, 23)
"""The first day of the logs, and the morning on which the run finds the case."""

_OFFICERS = tuple(
    Account(name, 1200 + number, f"0x4f{number:02x}1a")
    for number, name in enumerate(("records.clerk", "watch.desk", "property.desk", "dispatch.desk", "crime.analyst"))
)
_BACKUP = Account("svc-backup", 1107, "0x2b77c1")
_CMD, _SERVICES = "C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\services.exe"
_STRANGERS_WORKSTATION = "10.20.4.77"

_WAYS_BACK = (
    ("C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe delete shadows /all /quiet"),
    ("C:\\Windows\\System32\\wbadmin.exe", "wbadmin.exe delete catalog -quiet"),
    ("C:\\Windows\\System32\\bcdedit.exe", "bcdedit.exe /set {default} recoveryenabled no"),
    ("C:\\Windows\\System32\\bcdedit.exe", "bcdedit.exe /set {default} bootstatuspolicy ignoreallfailures"),
)


def write_oxnard(folder: Path) -> int:
    """Write the logs below `folder`/logs and `folder`/sources.toml; gives how many records. The same each time."""
    zone = ZoneInfo(ZONE)
    span = Span(0, 0, zone)
    span = Span(span.midnight(_FIRST), span.at(_NIGHT, 4, 15), zone)
    records = [*_ordinary(span), *_case(span)]
    tables, total = [], 0
    for name, channel in (("Security", SECURITY), ("System", SYSTEM), ("Sysmon", SYSMON)):
        own = [record for record in records if record[1]["Event"]["System"]["Channel"] == channel]
        path = f"logs/{_SERVER.name}/{name}.jsonl"
        total += write_records(folder / path, own, written_at=span.end)
        tables.append(SourceTable(f"{_SERVER.name}-{name.lower()}", (path,), ZONE, _SERVER.name, format="windows-json"))
    write_sources(folder, tables)
    return total


def _ordinary(span: Span) -> Iterator[Record]:
    dice = Dice("oxnard")
    for day in span.days:
        if is_working_day(day) and day != _NIGHT:
            for number, officer in enumerate(_OFFICERS):
                for at in dice.times(dice.between(2, 5), span.at(day, 7), span.at(day, 18)):
                    yield signed_in(at, _SERVER, officer, 3, f"10.20.4.{20 + number}", "")
        at = span.at(day, 1, 30) + dice.between(0, 90) * SECOND
        if at < span.end:
            yield signed_in(at, _SERVER, _BACKUP, 5, "", "")
            image = "C:\\Program Files\\City Backup\\agent.exe"
            yield from process(at + 2 * SECOND, _SERVER, _BACKUP, image, '"agent.exe" --job nightly', _SERVICES)
    at = span.at(date(2026, 9, 15), 10, 4)
    yield service_installed(at, _SERVER, "City Backup Agent", '"C:\\Program Files\\City Backup\\agent.exe" --service')


def _case(span: Span) -> Iterator[Record]:
    """Half an hour before the run: the backup account from a workstation, a service, and the ways back taken away."""
    at = span.at(_NIGHT, 3, 41)
    yield signed_in(at, _SERVER, _BACKUP, 3, _STRANGERS_WORKSTATION, "")
    yield service_installed(at + 3 * SECOND, _SERVER, "wmpsvc32", "%COMSPEC% /Q /c C:\\Windows\\Temp\\wmpsvc32.cmd")
    at += MINUTE
    for image, command in _WAYS_BACK:
        yield from process(at, _SERVER, _BACKUP, image, command, _CMD)
        at += 41 * SECOND
