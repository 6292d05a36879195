"""The whole line: logs in, sealed incidents out; a second run adds nothing."""

from __future__ import annotations

from pathlib import Path

from breachwatch import evidence, incidents, run
from breachwatch.model.incident import IncidentState
from breachwatch.model.summary import RunState
from tests.spine.small_city import ATTACKER, contents, make_workspace


def test_a_break_in_becomes_a_sealed_incident(tmp_path: Path, small_logs: Path) -> None:
    ws = make_workspace(tmp_path / "ws", small_logs)
    summary = run.run(ws)
    assert summary.state is RunState.COMPLETED
    assert {(r.source, r.records, r.rows, r.rejects) for r in summary.sources} == {
        ("web01-auth", 155, 155, 0),
        ("dc01-security", 21, 21, 0),
    }
    lines = incidents.queue(ws)
    assert lines
    assert all(line.state is IncidentState.OPEN and line.evidence for line in lines)
    assert any(f"source_ip:{ATTACKER}" in line.entities or ATTACKER in " ".join(line.entities) for line in lines)
    assert len(summary.snapshots) == len(lines)
    assert all(evidence.verify(ws, snapshot.number).ok for snapshot in summary.snapshots)


def test_a_second_run_adds_nothing(tmp_path: Path, small_logs: Path) -> None:
    ws = make_workspace(tmp_path / "ws", small_logs)
    run.run(ws)
    before = contents(ws)
    again = run.run(ws)
    assert (again.new_alerts, again.new_incidents, again.extended_incidents, again.snapshots) == (0, (), (), ())
    assert sum(report.records for report in again.sources) == 0
    assert contents(ws) == before


def test_two_workspaces_over_the_same_logs_are_alike(tmp_path: Path, small_logs: Path) -> None:
    first = make_workspace(tmp_path / "a", small_logs)
    second = make_workspace(tmp_path / "b", small_logs)
    run.run(first)
    run.run(second)
    assert contents(first) == contents(second)
