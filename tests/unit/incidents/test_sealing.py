"""What the evidence stage reports back, and what the queue shows then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.errors import UnknownNameError
from breachwatch.model.finding import Finding, Level, Scan
from breachwatch.model.incident import Incident, IncidentState, ToPreserve
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

Make = Callable[..., Finding]
MakeScan = Callable[..., Scan]


def jobs(ws: Workspace) -> tuple[ToPreserve, ...]:
    with ws.database.read() as connection:
        return incidents.unsealed(connection)


def seal(ws: Workspace, job: ToPreserve, evidence: str, event_ids: tuple[str, ...] | None = None) -> None:
    at = ws.clock.now()
    with ws.database.write() as connection:
        connection.execute(
            cases.evidence.insert().values(
                number=evidence,
                incident=job.incident,
                path=evidence,
                tagmanifest_sha256="0" * 64,
                events=1,
                bytes=2,
                sealed_at=at,
                run_id="run-1",
            )
        )
        incidents.mark_sealed(
            connection,
            incident=job.incident,
            alert_keys=job.alert_keys,
            evidence=evidence,
            at=at,
            event_ids=event_ids,
        )


def fail(ws: Workspace, number: str, reason: str) -> None:
    with ws.database.write() as connection:
        incidents.mark_failed(connection, incident=number, reason=reason, at=ws.clock.now())


def steps(found: Incident) -> list[str]:
    """What happened to it, but for how bad it was judged to be."""
    return [row.change for row in found.audit if not row.change.startswith("severity")]


def test_sealed_opens_the_incident(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    (job,) = incidents.record(ws, scan(finding(events=("e1", "e2"))), "run-1").to_preserve
    seal(ws, job, "EV-2026-000001")
    (line,) = incidents.queue(ws, by=SOMEBODY)
    assert (line.state, line.evidence, line.alerts) == (IncidentState.NEW, ("EV-2026-000001",), 1)
    found = incidents.incident(ws, job.incident, by=SOMEBODY)
    assert (found.alerts[0].evidence, found.alerts[0].unsealed) == (("EV-2026-000001",), 0)
    assert found.evidence[0].verified_ok is None
    assert steps(found) == ["none -> preserving", "preserving -> new"]
    assert jobs(ws) == ()


def test_a_failure_is_loud_and_tried_again(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    (job,) = incidents.record(ws, scan(finding()), "run-1").to_preserve
    fail(ws, job.incident, "no space left on the vault's disk")
    (line,) = incidents.queue(ws, by=SOMEBODY)
    assert (line.state, line.failure) == (IncidentState.NEW, "no space left on the vault's disk")
    assert incidents.incident(ws, job.incident, by=SOMEBODY).failure == "no space left on the vault's disk"
    assert incidents.record(ws, scan(), "run-2").to_preserve == (job,)
    seal(ws, job, "EV-2026-000001")
    found = incidents.incident(ws, job.incident, by=SOMEBODY)
    assert (found.state, found.failure) == (IncidentState.NEW, "")
    assert steps(found)[1:] == [
        "preserving -> new, PRESERVATION FAILED",
        "supplemented by EV-2026-000001, which ends the preservation failure",
    ]


def test_events_that_came_while_a_snapshot_was_written_still_wait(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    first = finding(events=("e1", "e2"))
    (job,) = incidents.record(ws, scan(first), "run-1").to_preserve
    incidents.record(ws, scan(replace(first, event_ids=("e1", "e2", "e3"))), "run-2")
    seal(ws, job, "EV-2026-000001", event_ids=("e1", "e2"))
    assert jobs(ws) == (job,)
    seal(ws, job, "EV-2026-000001-S1")
    assert jobs(ws) == ()
    assert incidents.incident(ws, job.incident, by=SOMEBODY).alerts[0].evidence == (
        "EV-2026-000001",
        "EV-2026-000001-S1",
    )


def test_an_alert_without_events_does_not_hang_its_incident(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    (job,) = incidents.record(ws, scan(replace(finding(), event_ids=())), "run-1").to_preserve
    seal(ws, job, "EV-2026-000001")
    assert jobs(ws) == ()


def test_a_wrong_number_lists_the_right_ones(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    incidents.record(ws, scan(finding()), "run-1")
    wrong, at = "INC-2026-0002", ws.clock.now()
    with pytest.raises(UnknownNameError, match="Did you mean INC-2026-0001"):
        incidents.incident(ws, wrong, by=SOMEBODY)
    with ws.database.write() as connection:
        with pytest.raises(UnknownNameError, match="INC-2026-0001"):
            incidents.mark_failed(connection, incident=wrong, reason="x", at=at)
        with pytest.raises(UnknownNameError, match="INC-2026-0001"):
            incidents.mark_sealed(connection, incident=wrong, alert_keys=(), evidence="EV-2026-000001", at=at)


def test_the_queue_shows_the_worst_then_the_oldest(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    levels = [Level.MEDIUM, Level.CRITICAL, Level.HIGH, Level.CRITICAL]
    for number, level in enumerate(levels):
        later = replace(ws, clock=FixedClock(ws.clock.now() + timedelta(hours=number)))
        incidents.record(later, scan(finding(rule=f"r{number}", user=f"u{number}", level=level)), "run-1")
    for job in jobs(ws)[:3]:
        seal(ws, job, f"EV-{job.incident}")
    fail(ws, "INC-2026-0004", "x")
    assert [line.number[-1] for line in incidents.queue(ws, by=SOMEBODY)] == ["2", "4", "3", "1"]


def test_closed_incidents_are_shown_when_asked_for(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    (job,) = incidents.record(ws, scan(finding()), "run-1").to_preserve
    seal(ws, job, "EV-2026-000001")
    with ws.database.write() as connection:
        connection.execute(cases.incident.update().values(state="closed"))
    assert incidents.queue(ws, by=SOMEBODY) == []
    assert [line.state for line in incidents.queue(ws, closed=True, by=SOMEBODY)] == [IncidentState.CLOSED]
