"""Recording a scan: once, whole or not at all, and the same however often and in whatever pieces."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.model.finding import Entity, Finding, Level, Scan
from breachwatch.model.incident import IncidentState
from breachwatch.records import cases, catalog
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY

Make = Callable[..., Finding]
MakeScan = Callable[..., Scan]


def everything(ws: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of alerts and incidents, without the bookkeeping of when and by which run."""
    left_out = {"opened_at", "opened_by_run", "detected_at", "run_id", "version", "first_used_at"}
    found = {}
    with ws.database.read() as connection:
        for table in (cases.incident, cases.incident_entity, cases.alert, cases.alert_event, cases.detection):
            columns = [column for column in table.c if column.name not in left_out]
            found[table.name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
    return found


def count(ws: Workspace, table: Any) -> int:
    with ws.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def seal(ws: Workspace) -> None:
    """Do as the evidence stage does, for everything that waits."""
    with ws.database.write() as connection:
        for number, job in enumerate(incidents.unsealed(connection), 1):
            incidents.mark_sealed(
                connection,
                incident=job.incident,
                alert_keys=job.alert_keys,
                evidence=f"EV-2026-{number:06d}",
                at=ws.clock.now(),
            )


def test_an_alert_opens_an_incident_that_waits_for_its_evidence(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    opened = incidents.record(ws, scan(finding(ip="203.0.113.7")), "run-1")
    assert (opened.new_alerts, opened.known_alerts) == (1, 0)
    assert opened.new_incidents == ("INC-2026-0001",)
    assert [(job.incident, len(job.alert_keys)) for job in opened.to_preserve] == [("INC-2026-0001", 1)]
    assert incidents.queue(ws, by=SOMEBODY) == []
    assert incidents.count_waiting(ws) == 1
    found = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY)
    assert found.state is IncidentState.PRESERVING
    assert found.title == "Many failed sign-ins: jmeyer from 203.0.113.7"
    assert found.audit[0].change == "none -> preserving"
    assert found.audit[0].actor == "breachwatch run-1"


def test_recording_twice_adds_nothing(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    night = scan(finding(), finding(1, rule="rule-b", user="other"))
    incidents.record(ws, night, "run-1")
    before = everything(ws)
    audited = count(ws, cases.audit)
    again = incidents.record(ws, night, "run-2")
    assert (again.new_alerts, again.known_alerts) == (0, 2)
    assert again.new_incidents == again.extended_incidents == ()
    assert len(again.to_preserve) == 2  # still unsealed: the killed run's work is handed out again
    assert everything(ws) == before
    assert count(ws, cases.audit) == audited


def test_nothing_is_left_to_preserve_once_sealed(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    incidents.record(ws, scan(finding()), "run-1")
    seal(ws)
    assert incidents.record(ws, scan(finding()), "run-2").to_preserve == ()
    assert [line.state for line in incidents.queue(ws, by=SOMEBODY)] == [IncidentState.NEW]


def test_a_correlation_that_grew_gets_its_new_events_and_a_supplement(
    ws: Workspace, finding: Make, scan: MakeScan
) -> None:
    first = finding(events=("e1", "e2"), lasts=1)
    incidents.record(ws, scan(first), "run-1")
    seal(ws)
    grown = replace(
        first,
        event_ids=("e1", "e2", "e3"),
        event_count=3,
        last_time=first.last_time + timedelta(hours=2),
        entities=(*first.entities, Entity("source_ip", "203.0.113.9")),
        rule_revision="r2",
    )
    opened = incidents.record(ws, scan(grown), "run-2")
    assert (opened.new_alerts, opened.known_alerts) == (0, 1)
    assert opened.extended_incidents == ("INC-2026-0001",)
    assert opened.to_preserve[0].alert_keys == (first.key,)
    found = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY)
    assert found.state is IncidentState.NEW  # it has a sealed snapshot; it does not vanish from the queue
    assert found.last_time == grown.last_time
    assert (found.alerts[0].event_count, found.alerts[0].unsealed, found.alerts[0].rule_revision) == (3, 1, "r2")
    assert found.alerts[0].event_ids == ("e1", "e2", "e3")
    assert Entity("source_ip", "203.0.113.9") in found.entities


def test_a_scan_that_sees_less_of_an_alert_takes_nothing_away(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    whole = finding(events=("e1", "e2", "e3"), lasts=2)
    incidents.record(ws, scan(whole), "run-1")
    before = everything(ws)
    less = replace(whole, event_ids=("e1", "e2"), event_count=2, last_time=whole.last_time - timedelta(hours=1))
    incidents.record(ws, scan(less), "run-2")
    assert everything(ws) == before


def test_rules_and_searched_files_are_recorded_with_the_alerts(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    _add_lake_file(ws, "linux.auth/date=2026-11-22/s1.parquet")
    incidents.record(ws, scan(finding(), files=("linux.auth/date=2026-11-22/s1.parquet",)), "run-1")
    with ws.database.read() as connection:
        assert connection.scalar(select(catalog.lake_file.c.scanned_at)) == ws.clock.now()
        rule = connection.execute(select(cases.detection)).one()
    assert (rule.rule_id, rule.sql, rule.text) == ("rule-a", "SELECT 1", "title: x")


def test_closed_incidents_stay_closed_for_new_alerts(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    incidents.record(ws, scan(finding()), "run-1")
    seal(ws)
    _close(ws, "INC-2026-0001")
    opened = incidents.record(ws, scan(finding(), finding(2, rule="rule-b")), "run-2")
    assert opened.new_incidents == ("INC-2026-0002",)
    assert incidents.incident(ws, "INC-2026-0001", by=SOMEBODY).state is IncidentState.CLOSED


def test_activity_that_goes_on_reopens_a_closed_incident(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    first = finding(events=("e1", "e2"))
    incidents.record(ws, scan(first), "run-1")
    seal(ws)
    _close(ws, "INC-2026-0001")
    incidents.record(ws, scan(replace(first, event_ids=("e1", "e2", "e3"))), "run-2")
    found = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY)
    assert found.state is IncidentState.INVESTIGATING
    assert [row.change for row in found.audit][-1] == "closed -> investigating"


def test_numbers_count_within_the_city_s_year(make_ws: Callable[..., Workspace], finding: Make, scan: MakeScan) -> None:
    before = make_ws(now=datetime(2027, 1, 1, 5, 59, tzinfo=UTC))  # 23:59 on New Year's Eve in Chicago
    assert incidents.record(before, scan(finding()), "run-1").new_incidents == ("INC-2026-0001",)
    after = replace(before, clock=FixedClock(datetime(2027, 1, 1, 6, 0, tzinfo=UTC)))
    opened = incidents.record(after, scan(finding(rule="b", user="x"), finding(rule="c", user="y")), "run-2")
    assert opened.new_incidents == ("INC-2027-0001", "INC-2027-0002")


def test_hostile_text_is_kept_as_it_is_and_breaks_nothing(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    user = "x'; DROP TABLE alert;--\x1b[31m\x00\ud800" + "A" * 5000
    incidents.record(ws, scan(finding(user=user, events=("e1",))), "run-1")
    found = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY)
    assert found.alerts[0].entities[0].value == user
    assert len(found.title) < 300


_BREAKS = ["INSERT INTO incident ", "INSERT INTO incident_entity", "INSERT INTO alert ", "INSERT INTO alert_event",
           "INSERT INTO audit", "INSERT INTO detection", "UPDATE lake_file"]  # fmt: skip


@pytest.mark.parametrize("statement", _BREAKS)
def test_a_failure_half_way_leaves_nothing(ws: Workspace, finding: Make, scan: MakeScan, statement: str) -> None:
    path = "linux.auth/date=2026-11-22/s1.parquet"
    _add_lake_file(ws, path)
    night = scan(finding(), finding(1, rule="rule-b", user="other"), files=(path,))

    class DiskFullError(Exception):
        pass

    def fail(_conn: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if sql.startswith(statement):
            raise DiskFullError

    event.listen(ws.database.engine, "before_cursor_execute", fail)
    with pytest.raises(DiskFullError):
        incidents.record(ws, night, "run-1")
    event.remove(ws.database.engine, "before_cursor_execute", fail)
    tables = (cases.incident, cases.alert, cases.alert_event, cases.audit, cases.detection)
    assert [count(ws, table) for table in tables] == [0] * 5
    with ws.database.read() as connection:
        assert connection.scalar(select(catalog.lake_file.c.scanned_at)) is None
    assert incidents.record(ws, night, "run-2").new_alerts == 2


def test_eight_threads_recording_the_same_scan_record_it_once(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    night = scan(*(finding(n / 10, user=f"u{n % 7}", events=(f"e{n}", f"f{n}")) for n in range(60)))
    ws.database  # noqa: B018  opened once, before the threads
    barrier = threading.Barrier(8)

    def one(number: int) -> tuple[int, int]:
        barrier.wait()
        opened = incidents.record(ws, night, f"run-{number}")
        return opened.new_alerts, len(opened.new_incidents)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(one, range(8)))
    assert sorted(done) == [(0, 0)] * 7 + [(60, 7)]
    assert (count(ws, cases.alert), count(ws, cases.alert_event), count(ws, cases.incident)) == (60, 120, 7)


def _in_a_process(root: Path, night: Scan) -> None:
    incidents.record(open_workspace(root), night, "run-p")


@pytest.mark.slow
def test_processes_recording_the_same_scan_record_it_once(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    night = scan(*(finding(n / 10, user=f"u{n % 7}") for n in range(40)))
    context = multiprocessing.get_context("forkserver")  # a clean process, whatever this one has loaded
    ws.database.engine.dispose()
    processes = [context.Process(target=_in_a_process, args=(ws.root, night)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    assert (count(ws, cases.alert), count(ws, cases.incident)) == (40, 7)


@pytest.mark.slow
def test_a_flood_of_findings_is_recorded_once(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    """More findings than fit into one statement."""
    night = scan(*(finding(n / 500, user=f"u{n % 900}", ip=f"10.0.{n % 200}.{n % 7}") for n in range(3_000)))
    assert incidents.record(ws, night, "run-1").new_alerts == 3_000
    assert incidents.record(ws, night, "run-2").known_alerts == 3_000


def test_level_and_title_follow_the_highest_alert(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    low = finding(0, level=Level.MEDIUM, title="Failed sign-ins")
    high = finding(1, rule="b", level=Level.CRITICAL, title="Log cleared", host="dc01")
    incidents.record(ws, scan(low, high), "run-1")
    found = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY)
    assert (found.level, found.title) == (Level.CRITICAL, "Log cleared: jmeyer on dc01")
    assert any(row.change == "level medium -> critical" for row in found.audit)


def _close(ws: Workspace, number: str) -> None:
    with ws.database.write() as connection:
        connection.execute(cases.incident.update().where(cases.incident.c.number == number).values(state="closed"))


def _add_lake_file(ws: Workspace, path: str) -> None:
    at = ws.clock.now()
    with ws.database.write() as connection:
        connection.execute(
            catalog.log_file.insert().values(
                file_id="f1",
                source="s",
                path="/x",
                format="syslog",
                identity_bytes=1,
                identity_sha256="0",
                end=1,
                records=1,
                position="",
                size_on_disk=1,
                state="",
            )
        )
        connection.execute(
            catalog.segment.insert().values(
                segment_id="s1",
                source="s",
                file_id="f1",
                path="/x",
                format="syslog",
                start=0,
                end=1,
                first_record=1,
                modified_at=at,
                planned_at=at,
                time_zone="UTC",
                host="",
                after=0,
                state="landed",
            )
        )
        connection.execute(
            catalog.lake_file.insert().values(
                path=path, segment_id="s1", dataset="linux.auth", date="2026-11-22", rows=1, bytes=1, sha256="0"
            )
        )
