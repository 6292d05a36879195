"""The whole line: logs in, sealed incidents out; a second run adds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from breachwatch import evidence, incidents, run
from breachwatch.model.incident import IncidentState
from breachwatch.model.summary import RunState, RunSummary
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.spine.small_city import ALL, ATTACKER, FEW, contents, make_workspace


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory, small_logs: Path) -> tuple[Workspace, RunSummary]:
    """A workspace with all rules after its first run."""
    ws = make_workspace(tmp_path_factory.mktemp("run") / "ws", small_logs, ALL)
    return ws, run.run(ws)


def test_a_break_in_becomes_a_sealed_incident(first_run: tuple[Workspace, RunSummary]) -> None:
    ws, summary = first_run
    assert summary.state is RunState.COMPLETED
    assert {(r.source, r.records, r.rows, r.rejects) for r in summary.sources} == {
        ("web01-auth", 155, 155, 0),
        ("dc01-security", 21, 21, 0),
    }
    lines = incidents.queue(ws, by=SOMEBODY)
    assert lines
    assert all(line.state is IncidentState.NEW and line.evidence for line in lines)
    assert any(f"source_ip:{ATTACKER}" in line.entities or ATTACKER in " ".join(line.entities) for line in lines)
    assert len(summary.snapshots) == len(lines)
    assert all(evidence.verify(ws, snapshot.number).ok for snapshot in summary.snapshots)


def test_a_second_run_adds_nothing(first_run: tuple[Workspace, RunSummary]) -> None:
    ws, _ = first_run
    before = contents(ws)
    again = run.run(ws)
    assert (again.new_alerts, again.new_incidents, again.extended_incidents, again.snapshots) == (0, (), (), ())
    assert sum(report.records for report in again.sources) == 0
    assert contents(ws) == before


def test_two_workspaces_over_the_same_logs_are_alike(
    tmp_path: Path, small_logs: Path, first_run: tuple[Workspace, RunSummary]
) -> None:
    first, _ = first_run
    second = make_workspace(tmp_path / "b", small_logs, ALL)
    run.run(second)
    assert contents(first) == contents(second)


def test_the_few_rules_of_other_tests_find_what_all_find(
    tmp_path: Path, small_logs: Path, first_run: tuple[Workspace, RunSummary]
) -> None:
    few = make_workspace(tmp_path / "few", small_logs)
    run.run(few)
    found = [
        [(alert["key"], alert["rule_title"], alert["level"], alert["incident"]) for alert in contents(ws)["alerts"]]
        for ws in (first_run[0], few)
    ]
    assert found[0] == found[1]
    assert len({title for _, title, _, _ in found[0]}) >= len(FEW)
