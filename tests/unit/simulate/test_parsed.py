"""The parsers read every line of the city, and read the planted ones as what they are."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from breachwatch.model.formats import recognise
from breachwatch.model.segment import Segment, SegmentState
from breachwatch.parse import parse
from breachwatch.settings import Limits
from tests.unit.simulate.conftest import City, content_of

Event = dict[str, Any]


def read(city: City, file: str) -> Iterator[Event]:
    """Every record of a log as the stage gives it, with its dataset."""
    path = city.root / file
    content = content_of(path)
    found = recognise(content[:4096])
    assert found is not None
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    segment = Segment(
        segment_id="0" * 32,
        source="city",
        file_id=file,
        path=file,
        format=found.name,
        start=0,
        end=len(content),
        first_record=1,
        modified_at=modified,
        planned_at=datetime(2026, 11, 23, tzinfo=UTC),
        time_zone="America/Chicago",
        host=file.split("/")[1],
        after=0,
        state=SegmentState.STORED,
    )
    for batch in parse(segment, io.BytesIO(content), Limits()):
        for event in batch.table.to_pylist():
            yield {"dataset": batch.dataset, **event}


@pytest.fixture(scope="module")
def events(city: City) -> Any:
    """Events of a file by record number; every line of the file is one."""

    @cache
    def of(file: str) -> dict[int, Event]:
        rows = {event["record_number"]: event for event in read(city, file)}
        assert len(rows) == len(city.files[file]), file
        return rows

    return of


def told(city: City, events: Any, story: str) -> list[Event]:
    """The parsed events of a story's lines."""
    lines = next(told["lines"] for told in city.stories() if told["id"] == story)
    return [events(line["file"])[line["line"]] for line in lines]


def test_no_line_is_rejected_and_every_time_is_the_written_one(city: City, events: Any) -> None:
    datasets: Counter[str] = Counter()
    start, end = (datetime.fromisoformat(city.truth[key]).replace(tzinfo=None) for key in ("start", "end"))
    for file in city.files:
        for event in events(file).values():
            datasets[event["dataset"]] += 1
            assert event["dataset"] != "rejects", event
            assert start <= event["time"] < end, event
            assert event["host"], event
    wanted = (
        "linux.auth linux.syslog linux.cron network.firewall network.vpn web.access windows.security windows.system"
    )
    assert sorted(datasets) == sorted(wanted.split())


def test_times_of_planted_lines_are_those_of_the_truth(city: City, events: Any) -> None:
    for story in city.stories():
        for line in story["lines"]:
            at = datetime.fromisoformat(line["time"]).replace(tzinfo=None)
            seen = events(line["file"])[line["line"]]["time"]
            assert seen in (at, at.replace(microsecond=0))


def outcomes(rows: list[Event], action: str, *keys: str) -> Counter[tuple[Any, ...]]:
    counted: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if row["action"] == action:
            counted[tuple(row[key] for key in keys)] += row["repeat_count"]
    return counted


def test_ssh_brute_force(city: City, events: Any) -> None:
    rows = told(city, events, "A01-ssh-brute-force")
    attempts = outcomes(rows, "logon", "user", "source_ip", "outcome")
    assert attempts["plotter", "203.0.113.50", "success"] == 1
    assert attempts["plotter", "203.0.113.50", "failure"] >= 55
    assert attempts["root", "203.0.113.50", "failure"] >= 40
    assert outcomes(rows, "user-created", "user", "target_user")
    assert outcomes(rows, "group-member-added", "target_user", "group")["sysupd", "sudo"] >= 1
    commands = [row["command"] for row in rows if row["action"] == "privilege-used" and row["user"] == "plotter"]
    assert "/usr/sbin/usermod -aG sudo sysupd" in commands


def test_password_spray(city: City, events: Any) -> None:
    rows = told(city, events, "A02-password-spray")
    from_outside = outcomes(rows, "logon", "source_ip", "outcome", "dataset")
    assert from_outside["203.0.113.61", "failure", "windows.security"] == 21
    assert from_outside["203.0.113.61", "failure", "network.vpn"] == 21
    assert from_outside["203.0.113.61", "success", "network.vpn"] == 1
    victims = outcomes(rows, "logon", "user", "outcome")
    assert victims["parks01", "success"] >= 2
    assert victims["clerk01", "failure"] >= 1


def test_distributed_guessing(city: City, events: Any) -> None:
    attempts = outcomes(told(city, events, "A03-distributed-guessing"), "logon", "user", "source_ip", "outcome")
    assert len(attempts) == 40
    assert {(user, outcome) for user, _, outcome in attempts} == {("gisadmin", "failure")}
    assert all(2 <= count <= 3 for count in attempts.values())


def test_vendor_at_night(city: City, events: Any) -> None:
    rows = told(city, events, "A04-vendor-at-night")
    attempts = outcomes(rows, "logon", "user", "source_ip", "outcome", "host")
    assert attempts["ven-water", "203.0.113.77", "success", "vpn01"] == 1
    assert [row for row in rows if row["dataset"] == "network.vpn" and row["assigned_ip"] == "10.20.200.231"]
    desktop = [row for row in rows if row.get("EventID") == 4624]
    assert [(row["user"], row["LogonType"], row["source_ip"]) for row in desktop] == [
        ("ven-water", "10", "10.20.200.231")
    ]


def test_new_domain_admin(city: City, events: Any) -> None:
    rows = told(city, events, "A05-new-domain-admin")
    by_id = {row["EventID"]: row for row in rows}
    assert by_id[4720]["action"] == "user-created"
    assert by_id[4720]["TargetUserName"] == "svc-update"
    assert by_id[4728]["action"] == "group-member-added"
    assert by_id[4728]["TargetUserName"] == "Domain Admins"
    assert by_id[1102]["action"] == "log-cleared"
    assert by_id[1102]["user"] == "svc-update"


def test_kerberoasting(city: City, events: Any) -> None:
    rows = [row for row in told(city, events, "A06-kerberoasting") if row["EventID"] == 4769]
    assert len({row["ServiceName"] for row in rows}) == 20
    assert {row["TicketEncryptionType"] for row in rows} == {"0x17"}
    assert {row["source_ip"] for row in rows} == {"10.20.150.66"}


def test_newcomer_becomes_root(city: City, events: Any) -> None:
    rows = told(city, events, "A07-newcomer-root")
    assert outcomes(rows, "logon", "user", "outcome", "source_ip")["intern1", "success", "10.20.150.77"] == 1
    commands = [row["command"] for row in rows if row["action"] == "privilege-used" and row["command"]]
    assert "/usr/bin/journalctl --vacuum-time=1s" in commands
    assert "/usr/bin/truncate -s 0 /var/log/auth.log" in commands


def test_service_by_attacker(city: City, events: Any) -> None:
    rows = told(city, events, "A08-service-installed")
    installed = next(row for row in rows if row["EventID"] == 7045)
    assert installed["action"] == "service-installed"
    assert installed["ImagePath"].startswith("%COMSPEC% /Q /c powershell")
    assert next(row for row in rows if row["EventID"] == 104)["action"] == "log-cleared"


def test_user_enumeration(city: City, events: Any) -> None:
    rows = told(city, events, "A09-user-enumeration")
    assert {row["source_ip"] for row in rows} == {"203.0.113.201"}
    assert len({row["user"] for row in rows} - {None}) == 60


def test_five_typos_then_success(city: City, events: Any) -> None:
    attempts = outcomes(told(city, events, "N01-admin-typos"), "logon", "user", "outcome")
    assert attempts == Counter({("adm-north", "failure"): 5, ("adm-north", "success"): 1})


def test_daily_life_signs_in_during_working_hours_only(city: City, events: Any) -> None:
    """People, as opposed to services and computers, come between 06:00 and 20:00 from Monday to Friday."""
    from zoneinfo import ZoneInfo

    planted = {(line["file"], line["line"]) for story in city.stories() for line in story["lines"]}
    seen = 0
    for file in city.files:
        for number, event in events(file).items():
            person = event["user"] or ""
            if event["action"] != "logon" or event["outcome"] != "success" or (file, number) in planted:
                continue
            if person.startswith("svc-") or person.endswith("$"):
                continue
            local = event["time"].replace(tzinfo=UTC).astimezone(ZoneInfo("America/Chicago"))
            assert 6 <= local.hour < 20, event
            assert local.isoweekday() <= 5, event
            seen += 1
    assert seen > 500
