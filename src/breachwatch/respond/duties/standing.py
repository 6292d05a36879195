"""How each obligation of an incident stands: what was proposed and decided, what was done, and its clock.

Clocks are computed from the anchor times of the incident in the law of the assessment. Each reading that differs from
the last is kept beside it: a deadline that moved shows what it was, and why it moved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.finding import row_of
from breachwatch.model.casework import Anchor
from breachwatch.model.duties import ClockState, DutyOutcome, DutyStep
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import duties
from breachwatch.respond.assessment.weighing import Outcome, Proposal
from breachwatch.respond.clocks.due import Delay, Due, Longer, due
from breachwatch.respond.clocks.state import clock_state
from breachwatch.respond.duties.assessing import Assessment, assessment_of, latest_assessment
from breachwatch.respond.duties.deciding import DutyDecision, Step, decisions_of, steps_of
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.words import Kind, Start
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Duty:
    """An obligation in one incident. `reopened` says why a decision no longer stands, empty where it does."""

    incident: str
    obligation: Obligation
    proposal: Proposal
    decision: DutyDecision | None
    reopened: str
    steps: tuple[Step, ...]
    due: Due
    clock: ClockState

    @property
    def counts(self) -> bool:
        """Whether its clock matters: counsel requires it, or nobody has decided and the facts may trigger it."""
        if self.decision is not None and not self.reopened:
            return self.decision.outcome is DutyOutcome.REQUIRED
        return self.proposal.outcome is not Outcome.NOT_TRIGGERED and self.obligation.required_by_law

    @property
    def met(self) -> bool:
        """Whether it was sent or, for what nobody receives, done."""
        return any(step.step in {DutyStep.SENT, DutyStep.ACKNOWLEDGED} for step in self.steps)


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock as it was computed at some time."""

    obligation: str
    safe: datetime | None
    latest: datetime | None
    policy: datetime | None
    paused: str
    computed_at: datetime
    because: str


def duties_of(ws: Workspace, number: str, *, by: Actor) -> tuple[Duty, ...]:
    """How the obligations of an incident stand, in the order of its profile; none before the first assessment."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        return stand(connection, row, now=ws.clock.now())


def stand(connection: Connection, row: Row[Any], *, now: datetime) -> tuple[Duty, ...]:
    """The same for a row of `incident`, on a connection of the caller's."""
    found = latest_assessment(connection, row.number)
    if found is None:
        return ()
    decisions, steps = decisions_of(connection, row.number), steps_of(connection, row.number)
    anchors = _starts(connection, row, found, decisions, steps)
    zone = ZoneInfo(found.profile.time_zone or "UTC")
    made = []
    for proposal in found.proposals:
        obligation = found.profile.obligation(proposal.obligation, found.law_of)
        own = tuple(step for step in steps if step.obligation == obligation.id)
        counted = due(found.profile, obligation, anchors, zone, delays=_delays(own), longer=_longer(own))
        decision = decisions.get(obligation.id)
        reopened = _reopened(connection, decision, proposal, found)
        sent = any(step.step is DutyStep.SENT for step in own)
        made.append(
            Duty(
                row.number,
                obligation,
                proposal,
                decision,
                reopened,
                own,
                counted,
                clock_state(counted, obligation.deadline.kind, met=sent, now=now),
            )
        )
    return tuple(made)


def recalculate(ws: Workspace, number: str, *, because: str) -> tuple[Reading, ...]:
    """Compute the clocks of an incident, and keep each reading that differs from the last; those are given back."""
    now = ws.clock.now()
    kept = []
    with ws.database.write() as connection:
        row = row_of(connection, number)
        last = {reading.obligation: reading for reading in readings_of(connection, number)}
        for duty in stand(connection, row, now=now):
            found = duty.due
            before = last.get(found.obligation)
            same = before is not None and (before.safe, before.latest, before.policy, before.paused) == (
                found.safe,
                found.latest,
                found.policy,
                found.paused,
            )
            if same or (before is None and found.safe is None and found.policy is None):
                continue
            values = {
                "incident": number,
                "obligation": found.obligation,
                "started_at": found.started_at,
                "safe": found.safe,
                "latest": found.latest,
                "policy": found.policy,
                "paused": found.paused,
                "steps": json.dumps(found.steps),
                "computed_at": now,
                "because": because,
            }
            connection.execute(duties.clock_reading.insert().values(**values))
            kept.append(Reading(found.obligation, found.safe, found.latest, found.policy, found.paused, now, because))
    return tuple(kept)


def readings(ws: Workspace, number: str, *, by: Actor) -> tuple[Reading, ...]:
    """All readings of an incident's clocks, oldest first."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return readings_of(connection, row_of(connection, number).number)


def readings_of(connection: Connection, number: str) -> tuple[Reading, ...]:
    """The same on a connection of the caller's."""
    columns = duties.clock_reading.c
    query = select(duties.clock_reading).where(columns.incident == number).order_by(columns.seq)
    return tuple(
        Reading(row.obligation, row.safe, row.latest, row.policy, row.paused, row.computed_at, row.because)
        for row in connection.execute(query)
    )


def _starts(
    connection: Connection,
    row: Row[Any],
    found: Assessment,
    decisions: Mapping[str, DutyDecision],
    steps: Sequence[Step],
) -> dict[Start, datetime]:
    """What clocks begin with, from the anchor times of the incident and from what was decided and sent.

    A detection is a reason to suspect. Recovery is complete with the later of eradication and recovery, since the
    incident's own closing comes after its obligations.
    """
    anchors = {anchor: item.at for anchor, item in anchors_of(connection, row).items()}
    pairs = (
        (Start.OCCURRED, Anchor.OCCURRED),
        (Start.DISCOVERED, Anchor.DISCOVERED),
        (Start.SUSPECTED, Anchor.DETECTED),
        (Start.DETERMINED, Anchor.DETERMINED),
        (Start.CONFIRMED, Anchor.DETERMINED),
    )
    starts = {start: anchors[anchor] for start, anchor in pairs if anchor in anchors}
    if {Anchor.ERADICATED, Anchor.RECOVERED} <= anchors.keys():
        starts[Start.RECOVERED] = max(anchors[Anchor.ERADICATED], anchors[Anchor.RECOVERED])
    individual = {item.id for item in found.profile.obligations if item.kind is Kind.INDIVIDUALS}
    decided = [
        item.at for name, item in decisions.items() if name in individual and item.outcome is DutyOutcome.REQUIRED
    ]
    sent = [step.at for step in steps if step.obligation in individual and step.step is DutyStep.SENT]
    if decided:
        starts[Start.NOTICE_DECIDED] = min(decided)
    if sent:
        starts[Start.NOTICE_SENT] = min(sent)
    return starts


def _reopened(connection: Connection, decision: DutyDecision | None, proposal: Proposal, found: Assessment) -> str:
    """Why a decision does not stand any more: the proposal it was made on has changed since."""
    if decision is None or decision.assessment == found.seq:
        return ""
    former = assessment_of(connection, decision.assessment)
    before = former.proposal(proposal.obligation)
    if before is not None and before.outcome is proposal.outcome:
        return ""
    was = before.outcome.value if before else "not in the profile"
    return f"decided on assessment {former.version}, where it was {was}; it is {proposal.outcome.value} now"


def _delays(steps: Sequence[Step]) -> tuple[Delay, ...]:
    made: list[Delay] = []
    for step in steps:
        if step.step is DutyStep.DELAY_BEGUN:
            made.append(Delay(step.detail["extension"], step.at, None, step.detail["authority"]))
        elif step.step is DutyStep.DELAY_ENDED and made:
            last = made[-1]
            made[-1] = Delay(last.extension, last.since, step.at, last.authority)
    return tuple(made)


def _longer(steps: Sequence[Step]) -> tuple[Longer, ...]:
    return tuple(Longer(step.detail["extension"], step.at) for step in steps if step.step is DutyStep.EXTENDED)
