"""Incidents whose evidence is sealed, ready to be worked on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.incidents.casework import actions, advancing, decisions, verdicts
from breachwatch.model.casework import ActionKind, DecisionKind, Verdict
from breachwatch.model.finding import Finding, Scan
from breachwatch.model.incident import IncidentState as S
from breachwatch.model.people import Role
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY, a

ANALYST, DIRECTOR, COUNSEL = a(Role.ANALYST, "ana"), a(Role.IT_DIRECTOR, "dora"), a(Role.COUNSEL, "cole")
CLERK, AUDITOR, HELPDESK = a(Role.RECORDS_OFFICER, "rio"), a(Role.AUDITOR, "audrey"), a(Role.HELPDESK, "hal")


@dataclass
class Desk:
    """A workspace with the means to record findings and to work on what they open."""

    ws: Workspace
    make: Callable[..., Finding]
    scan: Callable[..., Scan]

    def record(self, *findings: Finding, run: str = "run-1") -> tuple[str, ...]:
        return incidents.record(self.ws, self.scan(*findings), run).new_incidents

    def open(self, *findings: Finding, run: str = "run-1") -> str:
        """Record findings that open one incident, and seal it."""
        [number] = self.record(*(findings or (self.make(),)), run=run)
        self.seal()
        return number

    def seal(self) -> None:
        at = self.ws.clock.now()
        with self.ws.database.write() as connection:
            for job in incidents.unsealed(connection):
                taken = len(connection.execute(cases.evidence.select()).all())
                evidence = f"EV-2026-{taken + 1:06d}"
                connection.execute(
                    cases.evidence.insert().values(
                        number=evidence, incident=job.incident, path=evidence, tagmanifest_sha256="0" * 64, events=1,
                        bytes=2, sealed_at=at, run_id="run-1", verified_at=at, verified_ok=1,
                    )
                )  # fmt: skip
                incidents.mark_sealed(
                    connection, incident=job.incident, alert_keys=job.alert_keys, evidence=evidence, at=at
                )

    def later(self, **time: float) -> Desk:
        return replace(self, ws=replace(self.ws, clock=FixedClock(self.ws.clock.now() + timedelta(**time))))

    def state(self, number: str) -> S:
        return incidents.incident(self.ws, number, by=SOMEBODY).state

    def audit(self, number: str) -> list[str]:
        return [row.change for row in incidents.incident(self.ws, number, by=SOMEBODY).audit]

    def contained(self, number: str) -> int:
        """Into `contained`, with an action that somebody carried out; the action's number."""
        advancing.advance(self.ws, number, S.TRIAGE, by=ANALYST)
        action = actions.order(self.ws, number, ActionKind.CONTAINMENT, "web01", by=DIRECTOR)
        actions.done(self.ws, number, action, by=HELPDESK, result="off the network")
        advancing.advance(self.ws, number, S.CONTAINED, by=ANALYST)
        return action

    def assessing(self, number: str) -> int:
        action = self.contained(number)
        advancing.advance(self.ws, number, S.INVESTIGATING, by=ANALYST)
        for role in ("it_director", "records_officer", "counsel"):
            decisions.decide(self.ws, number, DecisionKind.NOTIFIED, role, by=ANALYST, reason="by telephone")
        advancing.advance(self.ws, number, S.ASSESSING, by=ANALYST)
        return action

    def closed(self, number: str) -> None:
        """All the way to `closed`, as a true positive about which nobody outside must be told."""
        action = self.assessing(number)
        ws = self.ws
        decisions.decide(ws, number, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason="no data was reached")
        for state in (S.NO_NOTICE_REQUIRED, S.REMEDIATING, S.VERIFYING):
            advancing.advance(ws, number, state, by=ANALYST)
        verdicts.set_verdict(ws, number, Verdict.TRUE_POSITIVE, by=ANALYST, reason="the owner knows nothing of it")
        actions.verify(ws, number, action, by=AUDITOR, finding="no traffic since")
        decisions.decide(ws, number, DecisionKind.WAIVER, "tasks-done", by=DIRECTOR, reason="a small case")
        for kind, value in (
            (DecisionKind.HOLDS, "none"),
            (DecisionKind.LESSONS, "learnt"),
            (DecisionKind.STATEMENT, "made"),
        ):
            decisions.decide(ws, number, kind, value, by=DIRECTOR, reason="in a sentence")
        advancing.advance(ws, number, S.CLOSED, by=DIRECTOR)


@pytest.fixture
def desk(ws: Workspace, finding: Callable[..., Finding], scan: Callable[..., Scan]) -> Desk:
    return Desk(ws, finding, scan)
