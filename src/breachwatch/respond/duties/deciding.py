"""What counsel decides about an obligation, and the steps on the way to meeting it. Rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.incidents.casework.changing import Change, changing, said
from breachwatch.incidents.casework.obligations import obligations_of
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.moment import told
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import duties
from breachwatch.respond.assessment.weighing import Outcome
from breachwatch.respond.duties.assessing import Assessment, latest_assessment
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.words import Kind
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DutyDecision:
    """Counsel's decision about an obligation, on the assessment with the key `assessment`."""

    seq: int
    obligation: str
    assessment: int
    outcome: DutyOutcome
    basis: str
    decided_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken; `at` is when it happened, `detail` depends on the step."""

    seq: int
    obligation: str
    step: DutyStep
    at: datetime
    detail: Mapping[str, str]
    reason: str
    recorded_by: str


def decide(ws: Workspace, number: str, obligation: str, outcome: DutyOutcome, *, by: Actor, basis: str) -> DutyDecision:
    """Record what counsel decided about an obligation; a later decision supersedes it.

    Raises NotPermittedError for anybody but counsel, UsageError before the first assessment, UnknownNameError.
    """
    require(by, Permission.DECIDE)
    basis = said(basis, "the basis of the decision")
    with changing(ws, number, by=by, may=Permission.DECIDE, expected_version=None) as change:
        return decide_within(change, _assessed(change.connection, number), obligation, outcome, basis)


def decide_within(change: Change, found: Assessment, obligation: str, outcome: DutyOutcome, basis: str) -> DutyDecision:
    """Record a decision of counsel within a change that is under way. Raises UnknownNameError."""
    _obligation(found, obligation)
    proposal = found.proposal(obligation)
    values = {
        "incident": change.number,
        "obligation": obligation,
        "assessment": found.seq,
        "outcome": outcome.value,
        "basis": basis,
        "decided_by": change.by.name,
        "at": change.at,
    }
    key = change.connection.execute(duties.duty_decision.insert().values(**values)).inserted_primary_key
    proposed = {"proposed": proposal.outcome.value if proposal else None, "assessment": found.version}
    change.note(f"{obligation}: {outcome.value}", basis, after=proposed)
    return DutyDecision(int(key[0]) if key else 0, obligation, found.seq, outcome, basis, change.by.name, change.at)


def decide_rest(ws: Workspace, number: str, *, by: Actor, basis: str) -> tuple[DutyDecision, ...]:
    """Counsel's word that what the latest assessment proposes as not triggered is not required, each in a row.

    What counsel decided on a proposal that still holds stays as it is. Raises NotPermittedError for anybody but
    counsel, UsageError before the first assessment, UnknownNameError.
    """
    require(by, Permission.DECIDE)
    basis = said(basis, "the basis of the decisions")
    with changing(ws, number, by=by, may=Permission.DECIDE, expected_version=None) as change:
        found = _assessed(change.connection, number)
        stand = obligations_of(change.connection, [number])
        left = [
            item.obligation
            for item in found.proposals
            if item.outcome is Outcome.NOT_TRIGGERED
            and (item.obligation not in stand or stand[item.obligation].outcome is None)
        ]
        return tuple(decide_within(change, found, name, DutyOutcome.NOT_REQUIRED, basis) for name in left)


def take_step(
    ws: Workspace,
    number: str,
    obligation: str,
    step: DutyStep,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    detail: Mapping[str, str] | None = None,
) -> Step:
    """Record a step: drafted, approved, sent, acknowledged, a delay, an extension.

    Only counsel approves, and nothing goes outside before counsel approved it. A delay or extension is one that the
    obligation knows, named in `detail["extension"]`; a delay names who asked for it in `detail["authority"]`. Raises
    NotPermittedError, UsageError that says what is missing, UnknownNameError.
    """
    may = Permission.DECIDE if step in _COUNSEL else (Permission.TRIAGE, Permission.DECIDE)
    with changing(ws, number, by=by, may=may, expected_version=None) as change:
        return step_within(change, obligation, step, at=at, reason=reason, detail=detail)


def step_within(
    change: Change,
    obligation: str,
    step: DutyStep,
    *,
    at: datetime,
    reason: str,
    detail: Mapping[str, str] | None = None,
) -> Step:
    """Record a step within a change that is under way; who may was asked before. Raises as `take_step` does."""
    reason = said(reason, "why, or how")
    if at.tzinfo is None:
        msg = f"the time {at.isoformat()} has no zone."
        raise UsageError(msg)
    if at > change.at:
        msg = f"{obligation} cannot have been {step} at {told(at)}: it is {told(change.at, at.tzinfo)} now."
        raise UsageError(msg)
    duty = _obligation(_assessed(change.connection, change.number), obligation)
    said_before = [item.step for item in steps_of(change.connection, change.number) if item.obligation == obligation]
    _refuse_out_of_turn(duty, step, said_before)
    kept = _detail(duty, step, dict(detail or {}))
    values = {
        "incident": change.number,
        "obligation": obligation,
        "step": step.value,
        "at": at,
        "detail": json.dumps(kept, sort_keys=True),
        "reason": reason,
        "recorded_by": change.by.name,
        "recorded_at": change.at,
    }
    key = change.connection.execute(duties.duty_step.insert().values(**values)).inserted_primary_key
    change.note(f"{obligation}: {step.value} at {at.isoformat()}", reason, after=dict(kept))
    return Step(int(key[0]) if key else 0, obligation, step, at, kept, reason, change.by.name)


_COUNSEL = frozenset({DutyStep.APPROVED, DutyStep.DELAY_BEGUN, DutyStep.DELAY_ENDED, DutyStep.EXTENDED})
"""Steps that are counsel's: approval, and whatever moves a deadline."""

_DELAYS = frozenset({DutyStep.DELAY_BEGUN, DutyStep.DELAY_ENDED, DutyStep.EXTENDED})


def decisions_of(connection: Connection, number: str) -> dict[str, DutyDecision]:
    """The decision that counts for each obligation."""
    columns = duties.duty_decision.c
    query = select(duties.duty_decision).where(columns.incident == number).order_by(columns.seq)
    return {
        row.obligation: DutyDecision(
            row.seq, row.obligation, row.assessment, DutyOutcome(row.outcome), row.basis, row.decided_by, row.at
        )
        for row in connection.execute(query)
    }


def steps_of(connection: Connection, number: str) -> tuple[Step, ...]:
    """All steps of an incident, in the order in which they were written down."""
    columns = duties.duty_step.c
    query = select(duties.duty_step).where(columns.incident == number).order_by(columns.seq)
    return tuple(
        Step(
            row.seq,
            row.obligation,
            DutyStep(row.step),
            row.at,
            json.loads(row.detail),
            row.reason,
            row.recorded_by,
        )
        for row in connection.execute(query)
    )


def _assessed(connection: Connection, number: str) -> Assessment:
    found = latest_assessment(connection, number)
    if found is None:
        msg = f"{number} has no assessment yet: `breachwatch assess WORKSHEET --incident {number} --reason WHY`."
        raise UsageError(msg)
    return found


def _obligation(found: Assessment, name: str) -> Obligation:
    try:
        return found.profile.obligation(name, found.law_of)
    except KeyError:
        raise UnknownNameError("obligation", name, (item.id for item in found.profile.obligations)) from None


def _refuse_out_of_turn(duty: Obligation, step: DutyStep, before: list[DutyStep]) -> None:
    if step is DutyStep.SENT and duty.kind is not Kind.INTERNAL and DutyStep.APPROVED not in before:
        msg = f"{duty.id} was not approved by counsel, so it cannot be marked as sent: record `approved` first."
        raise UsageError(msg)
    if step is DutyStep.ACKNOWLEDGED and DutyStep.SENT not in before:
        msg = f"{duty.id} was not sent, so nobody can have acknowledged it: record `sent` first."
        raise UsageError(msg)
    open_delays = before.count(DutyStep.DELAY_BEGUN) - before.count(DutyStep.DELAY_ENDED)
    if step is DutyStep.DELAY_BEGUN and open_delays:
        msg = f"{duty.id} is delayed already: end that delay first."
        raise UsageError(msg)
    if step is DutyStep.DELAY_ENDED and not open_delays:
        msg = f"{duty.id} is not delayed, so no delay can end."
        raise UsageError(msg)


def _detail(duty: Obligation, step: DutyStep, detail: dict[str, Any]) -> dict[str, str]:
    kept = {str(name): said(str(value), name) for name, value in detail.items()}
    if step not in _DELAYS:
        return kept
    pauses = step is not DutyStep.EXTENDED
    known = [item.id for item in duty.extensions if (item.pauses if pauses else item.amount)]
    if kept.get("extension") not in known:
        what = "is not delayed" if pauses else "has no extension by days"
        msg = f"{duty.id} {what} by {kept.get('extension', 'nothing')!r}. Known: {', '.join(known) or 'none'}."
        raise UsageError(msg)
    if step is DutyStep.DELAY_BEGUN and not kept.get("authority"):
        msg = "a delay names who asked for it, with the reference of the request (authority)."
        raise UsageError(msg)
    return kept
