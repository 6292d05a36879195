"""A run's summary and an incident, with whatever a log may smuggle in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.finding import Entity, Level, Outcome, RuleOutcome
from breachwatch.model.incident import (
    AlertRecord,
    AuditRecord,
    Incident,
    IncidentLine,
    IncidentState,
    PreservationFailure,
    Snapshot,
)
from breachwatch.model.night import Night
from breachwatch.model.segment import Problem
from breachwatch.model.summary import RunState, RunSummary, SourceReport
from tests.whole_tables import tables_are_whole  # noqa: F401  a fixture of this folder

AT = datetime(2026, 11, 22, 8, 11, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]eve[/]\u202egnp.exe\u200b\r\n|<img src=x>`=cmd()"


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def rendered() -> Callable[[RenderableType], str]:
    """What a page writes to a terminal of 120 columns that knows colours."""

    def render(page: RenderableType, width: int = 120, colour: bool = False) -> str:
        console = Console(
            file=StringIO(),
            width=width,
            markup=False,
            emoji=False,
            highlight=False,
            force_terminal=colour,
            legacy_windows=False,
        )
        console.print(page, crop=False)
        assert isinstance(console.file, StringIO)
        return console.file.getvalue()

    return render


@pytest.fixture
def summary() -> RunSummary:
    return RunSummary(
        run_id="run-20261122-ab12cd34",
        night=Night(AT.date(), AT),
        state=RunState.PARTIAL,
        started_at=AT,
        finished_at=AT + timedelta(seconds=12),
        sources=(
            SourceReport("web01-auth", 2, 3, 4096, 1234, 1230, 4, (("linux.auth", 1200), ("linux.cron", 30))),
            SourceReport("vpn01", 0, 0, 0, 0, 0, 0, failed="permission denied: /srv/logs/vpn01/auth.log"),
        ),
        outcomes=(
            RuleOutcome("r1", "Sign-ins after a brute force", Level.HIGH, Outcome.MATCHED, 2),
            RuleOutcome("r2", "Log cleared", Level.MEDIUM, Outcome.NO_MATCH),
            RuleOutcome("r3", "Cloud trail off", Level.LOW, Outcome.NOT_APPLICABLE),
            RuleOutcome("r4", "Broken", Level.LOW, Outcome.COULD_NOT_RUN, reason="no field"),
        ),
        events_searched=1230,
        new_alerts=2,
        known_alerts=1,
        new_incidents=("INC-2026-0001",),
        extended_incidents=(),
        snapshots=(Snapshot("EV-2026-000001", "INC-2026-0001", "/ws/vault/EV-2026-000001", AT, "ab" * 32, 24, 5000),),
        failures=(PreservationFailure("INC-2026-0002", "no space left on /ws/vault"),),
        workspace="/ws",
        vault="/ws/vault",
    )


@pytest.fixture
def hostile_summary(summary: RunSummary) -> RunSummary:
    source = replace(summary.sources[0], problems=(Problem("web01-auth", HOSTILE, HOSTILE, lost_data=True),))
    outcome = replace(summary.outcomes[0], title=HOSTILE)
    return replace(
        summary, sources=(source,), outcomes=(outcome,), failures=(PreservationFailure("INC-2026-0002", HOSTILE),)
    )


@pytest.fixture
def line() -> IncidentLine:
    return IncidentLine(
        number="INC-2026-0001",
        state=IncidentState.NEW,
        level=Level.HIGH,
        title="Sign-ins after a brute force: jmeyer from 203.0.113.7",
        entities=("jmeyer", "203.0.113.7"),
        alerts=2,
        first_time=AT,
        last_time=AT + timedelta(minutes=3),
        opened_at=AT + timedelta(hours=2),
        evidence=("EV-2026-000001",),
    )


@pytest.fixture
def make_incident() -> Callable[..., Incident]:
    def make(text: str = "jmeyer", **changes: Any) -> Incident:
        alert = AlertRecord(
            key="k1", rule_id="r1", rule_title=f"Brute force {text}", rule_revision="0", level=Level.HIGH,
            dataset="linux.auth", first_time=AT, last_time=AT + timedelta(minutes=3), event_count=24,
            entities=(Entity("user", text),), tags=("attack.t1110",), why={"user": text, text: "x"}, detected_at=AT,
            run_id="run-1", event_ids=("e1",), unsealed=0, evidence=("EV-2026-000001",),
        )  # fmt: skip
        incident = Incident(
            number="INC-2026-0001", state=IncidentState.NEW, level=Level.HIGH, title=f"Brute force: {text}",
            failure="",
            first_time=AT, last_time=AT + timedelta(minutes=3), opened_at=AT, opened_by_run="run-1",
            entities=(Entity("user", text), Entity("source_ip", "203.0.113.7")), alerts=(alert,),
            evidence=(EvidenceLine("EV-2026-000001", "INC-2026-0001", AT, 24, 5000, None, "/v", "ab", AT, True),),
            audit=(AuditRecord(AT, "breachwatch run-1", "INC-2026-0001", "none -> preserving", text),),
        )  # fmt: skip
        return replace(incident, **changes)

    return make
