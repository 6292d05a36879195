"""`simulate`: write the logs of a made-up city, and the truth about what is planted in them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from breachwatch.errors import EnvironmentFault, UsageError
from breachwatch.simulate.cast import cast, stories
from breachwatch.simulate.inventory import CITY, DNS_DOMAIN, HOSTS, Inventory, take_stock
from breachwatch.simulate.sources import SourceTable, as_toml, sources
from breachwatch.simulate.span import HOUR, SECOND, Span, iso, moment, utc
from breachwatch.simulate.timeline import Stage, play
from breachwatch.simulate.truth import Kind, Truth
from breachwatch.simulate.writers.city_logs import CityLogs

DEFAULT_END = date(2026, 11, 22)
"""Where the span ends (00:00 in the city) unless told otherwise: fixed, so that equal arguments give equal bytes."""
DEFAULT_TIME_ZONE = "America/Chicago"
MAX_DAYS = 366
MAX_SCALE = 100.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class CityReport:
    """What was written. Times are aware UTC."""

    target: Path
    start: datetime
    end: datetime
    time_zone: str
    seed: int
    scale: float
    hosts: int
    accounts: int
    files: int
    lines: int
    bytes: int  # of log lines, before compression
    attacks: tuple[str, ...]  # "id: name"
    near_misses: tuple[str, ...]
    sources: tuple[SourceTable, ...]  # with absolute paths, ready for a workspace


def simulate(
    target: Path,
    *,
    days: int = 14,
    seed: int = 7,
    scale: float = 1.0,
    end: date | datetime | None = None,
    time_zone: str = DEFAULT_TIME_ZONE,
    absolute_paths: bool = False,
    progress: Progress | None = None,
) -> CityReport:
    """Write `days` days of a city's logs, ending at `end`, to the folder `target`.

    The same arguments give the same log lines on any machine. (Rotated files compressed with another build of zlib may
    differ in their compressed bytes, never in their lines.) Memory does not grow with `days`.

    Args:
        target: a folder that is empty or does not exist yet.
        days: length of the span, 1 to 366.
        seed: another seed is another city life; the planted attacks stay, their details differ.
        scale: multiplies staff and noise, above 0 up to 100; the planted attacks stay the same.
        end: the day at whose beginning the span ends (city time), or the exact moment; None: `DEFAULT_END`.
        time_zone: the city's IANA time zone.
        absolute_paths: write absolute paths to sources.toml instead of ones relative to `target`.
        progress: called with ("simulate", hours done, hours in all).

    Raises:
        UsageError: an argument is out of range, or `target` is not empty.
        EnvironmentFault: the folder cannot be written.
    """
    span = _span(days, end, time_zone)
    if not 0 < scale <= MAX_SCALE:
        raise UsageError(f"scale {scale} is out of range: it must be above 0 and at most {MAX_SCALE:.0f}")
    inventory = take_stock(scale)
    truth = Truth(stories())
    try:
        _make_empty(target)
        logs = CityLogs(target, span, inventory, truth)
        _play(logs, Stage(span, inventory, seed), scale, progress)
        tables = sources(time_zone, target if absolute_paths else None)
        _save(target / "sources.toml", as_toml(tables), span)
        told = _truth(span, inventory, truth, seed, scale, days, time_zone, logs)
        _save(target / "truth.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n", span)
        _save(target / "README.txt", _readme(span, seed, scale, days, time_zone), span)
    except OSError as error:
        raise EnvironmentFault(f"cannot write the simulated city to {target}: {error.strerror or error}") from error
    return CityReport(
        target=target,
        start=utc(span.start),
        end=utc(span.end),
        time_zone=time_zone,
        seed=seed,
        scale=scale,
        hosts=len(HOSTS) + len(inventory.people),
        accounts=len(inventory.accounts()),
        files=sum(len(log.line_counts) for log in logs.logs),
        lines=sum(log.lines for log in logs.logs),
        bytes=sum(log.bytes for log in logs.logs),
        attacks=tuple(f"{story.id}: {story.name}" for story in truth.stories if story.kind is Kind.ATTACK),
        near_misses=tuple(f"{story.id}: {story.name}" for story in truth.stories if story.kind is Kind.BENIGN),
        sources=sources(time_zone, target),
    )


def _span(days: int, end: date | datetime | None, time_zone: str) -> Span:
    if not 1 <= days <= MAX_DAYS:
        raise UsageError(f"days {days} is out of range: it must be 1 to {MAX_DAYS}")
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"{time_zone!r} is no IANA time zone (like {DEFAULT_TIME_ZONE})") from None
    end = end or DEFAULT_END
    if not isinstance(end, datetime):
        end = datetime.combine(end, time(0), zone)
    end = end.astimezone(zone) if end.tzinfo else end.replace(tzinfo=zone)
    # Adding days to a time in a zone keeps the wall clock: the span begins at the same time of day as it ends.
    return Span(moment((end - timedelta(days=days)).astimezone(UTC)), moment(end.astimezone(UTC)), zone)


def _make_empty(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file. Name a folder for the simulated city.")
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(f"{target} is not empty. Name a new folder for the simulated city.")
    target.mkdir(parents=True, exist_ok=True)


def _play(logs: CityLogs, stage: Stage, scale: float, progress: Progress | None) -> None:
    span = stage.span
    hours, told = (span.end - span.start) // HOUR, -1
    for happening in play(cast(stage.inventory, scale), stage):
        logs.write(happening)
        hour = (happening.at - span.start) // HOUR
        if progress is not None and hour > told:
            told = hour
            progress("simulate", hour, hours)
    logs.close()
    if progress is not None:
        progress("simulate", hours, hours)


def _truth(
    span: Span,
    inventory: Inventory,
    truth: Truth,
    seed: int,
    scale: float,
    days: int,
    time_zone: str,
    logs: CityLogs,
) -> dict[str, object]:
    return {
        "city": CITY,
        "domain": DNS_DOMAIN,
        "seed": seed,
        "scale": scale,
        "days": days,
        "start": iso(span.start),
        "end": iso(span.end),
        "time_zone": time_zone,
        "hosts": [
            {"name": host.name, "address": host.address, "system": host.system, "about": host.about} for host in HOSTS
        ],
        "accounts": list(inventory.accounts()),
        "files": {name: lines for log in logs.logs for name, lines in sorted(log.line_counts.items())},
        "attacks": truth.told(Kind.ATTACK),
        "benign": truth.told(Kind.BENIGN),
        "background": truth.told(Kind.BACKGROUND),
    }


def _save(path: Path, text: str, span: Span) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    os.utime(path, (span.end // SECOND, span.end // SECOND))


def _readme(span: Span, seed: int, scale: float, days: int, time_zone: str) -> str:
    return f"""\
The logs of {CITY}, a city that does not exist
{"=" * 46}

Everything here is invented: the city, its people, hosts and keys. Addresses are those reserved for documentation
(192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32) and private ones. The attacks never happened.

Made by `breachwatch simulate` with days = {days}, seed = {seed}, scale = {scale:g}, zone {time_zone},
from {iso(span.start)} to {iso(span.end)}. The same arguments write the same lines.

logs/         what the hosts wrote, each in its native format; rotated weekly, older weeks compressed
sources.toml  the [[sources]] tables for a workspace's breachwatch.toml
truth.json    what is planted: attacks, near misses ("benign": must raise no alert) and background (an alert on it is
              right but of little worth). "lines" names file, line (from 1, uncompressed), the SHA-256 of the line
              without its line feed, and the time.
"""
