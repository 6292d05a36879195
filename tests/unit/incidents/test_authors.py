"""The authors of rules stay visible in incidents, as the Detection Rule License 1.1 asks."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console

from breachwatch import incidents
from breachwatch.model.finding import (
    CompiledRule,
    Entity,
    Finding,
    Level,
    Outcome,
    RuleOutcome,
    Scan,
    Window,
    make_finding_key,
)
from breachwatch.model.night import Night
from breachwatch.model.summary import RunState, RunSummary
from breachwatch.records import cases
from breachwatch.report.incidents import incident_page, queue_page
from breachwatch.report.summary import summary_page
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

TEXT = """
title: Base
name: base
author: Ann Author
---
title: Over
author: [Ben Writer, "\\x1b[2Jeve"]
"""


def test_the_summary_of_a_run_names_the_authors() -> None:
    outcome = RuleOutcome(
        "r1", "Over", Level.HIGH, Outcome.MATCHED, findings=2, author="Ann Author", unknown_fields=("x",)
    )
    ours = RuleOutcome("r2", "Under", Level.LOW, Outcome.MATCHED, findings=1, author="breachwatch")
    at = datetime(2026, 11, 22, tzinfo=UTC)
    summary = RunSummary(
        run_id="run-1", night=Night(at.date(), at), state=RunState.COMPLETED, started_at=at, finished_at=at, sources=(),
        outcomes=(outcome, ours), events_searched=3, new_alerts=3, known_alerts=0, new_incidents=(),
        extended_incidents=(), snapshots=(), failures=(), workspace="ws", vault="vault",
    )  # fmt: skip
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(summary_page(summary, ZoneInfo("UTC")))
    shown = console.export_text()
    assert "Over  by Ann Author" in shown
    assert "by breachwatch" not in shown
    assert "1 rule names fields that no event had: `breachwatch rules list --unknown-fields`" in shown


def test_incident_and_queue_name_the_authors(ws: Workspace) -> None:
    at = ws.clock.now()
    finding = Finding(
        key=make_finding_key("r1", "x"),
        rule_id="r1",
        rule_title="Over",
        rule_revision="rev1",
        level=Level.HIGH,
        dataset="linux.auth",
        event_ids=("e1",),
        first_time=at - timedelta(hours=1),
        last_time=at - timedelta(hours=1),
        event_count=1,
        entities=(Entity("user", "mira"),),
    )
    compiled = CompiledRule("r1", "Over", "rev1", TEXT, "SELECT 1", "linux.auth")
    incidents.record(ws, Scan(Window(at - timedelta(days=1), at), (finding,), (), (compiled,), 1), "run-1")
    with ws.database.write() as connection:
        connection.execute(cases.incident.update().values(state="new"))
    (line,) = incidents.queue(ws, by=SOMEBODY)
    assert line.authors == ("Ann Author, Ben Writer, \x1b[2Jeve",)
    found = incidents.incident(ws, line.number, by=SOMEBODY)
    assert found.alerts[0].author == line.authors[0]
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(incident_page(found, ws.settings.city.zone, ws.root))
    console.print(queue_page([line], at, ws.settings.city.zone, width=200))
    shown = console.export_text()
    assert "rule r1 by Ann Author, Ben Writer, \\x1b[2Jeve" in shown
    assert "rules by Ann Author, Ben Writer" in shown
    assert "\x1b" not in shown
