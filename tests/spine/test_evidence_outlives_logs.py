"""Evidence outlives the logs it was taken from: a closed case's logs go by retention, and its bag still verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from breachwatch import evidence, incidents, lake, run
from breachwatch.clock import FixedClock
from breachwatch.lake.care import check, disposals, retain
from breachwatch.records import cases
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY
from tests.spine.small_city import NOW, make_workspace

pytestmark = pytest.mark.slow

PERIODS = "[lake]\nretention = {default = 20, segments = 25}\n"


def later(ws: Workspace, days: float) -> Workspace:
    return replace(ws, clock=FixedClock(NOW + timedelta(days=days)))


def test_logs_go_and_their_evidence_stays(tmp_path: Path, small_logs: Path) -> None:
    ws = make_workspace(tmp_path / "ws", small_logs)
    with (ws.root / "breachwatch.toml").open("a", encoding="utf-8") as settings:
        settings.write(PERIODS)
    ws = open_workspace(ws.root, FixedClock(NOW))
    summary = run.run(ws)
    bags = [snapshot.number for snapshot in summary.snapshots]
    assert bags
    evidence_of = {number: (ws.vault / number / "data" / "events.csv").read_bytes() for number in bags}
    assert lake.files(ws)

    # While their cases are open, nothing of them goes, however old it is.
    kept = retain(later(ws, 26), by=SOMEBODY)
    assert any("INC-2026-" in why for why in kept.kept)
    covered = lake.files(ws)
    assert covered

    with ws.database.write() as connection:
        connection.execute(update(cases.incident).values(state="closed"))
    assert not incidents.queue(ws, by=SOMEBODY)
    for day in (27, 28):
        retain(later(ws, day), by=SOMEBODY)
    assert not lake.files(ws)
    assert not list(ws.segments.rglob("*.zst"))
    gone = disposals(ws)
    assert {f"lake/{file.path}" for file in covered} <= {item.path for item in gone}
    report = check(later(ws, 28))
    assert (report.ok, report.leftovers) == (True, [])

    for number, rows in evidence_of.items():
        outcome = evidence.verify(later(ws, 28), number)
        assert outcome.ok, outcome
        assert (ws.vault / number / "data" / "events.csv").read_bytes() == rows
    # The sources still hold the old logs: what was disposed of does not come back.
    again = run.run(later(ws, 29))
    assert not lake.files(ws)
    assert (again.new_alerts, again.new_incidents) == (0, ())
    assert all(evidence.verify(later(ws, 29), number).ok for number in evidence_of)
