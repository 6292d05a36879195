"""Whether the guards of a step are met, by what the records say about the incident and what was merged into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from breachwatch.incidents.casework.actions import actions_of
from breachwatch.incidents.casework.decisions import INSIDERS, NOT_REQUIRED, REQUIRED, decisions_of
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.casework.obligations import ObligationState, obligations_of
from breachwatch.incidents.casework.reopening import since_reopening
from breachwatch.incidents.casework.states import GUARDS, Guard, Step
from breachwatch.incidents.casework.tasks import tasks_of
from breachwatch.model.casework import Action, ActionKind, Decision, DecisionKind, Task, TaskState, Verdict
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.records import cases, duties, evidence_care, outbox

DISMISSING = frozenset({Verdict.BENIGN_TRUE_POSITIVE, Verdict.DUPLICATE, Verdict.TEST, Verdict.NO_ACTION})
"""Verdicts after which nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A guard that is not met: what is missing, in a sentence, and whether a recorded reason could set it aside.

    `meet` are the words of the command that meets it, with NUMBER for the incident's.
    """

    guard: Guard
    what: str
    waivable: bool
    meet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the records say about one incident, as the guards need it."""

    row: Row[Any]
    at: datetime
    decided: Mapping[tuple[DecisionKind, str], Decision]
    actions: tuple[Action, ...]
    tasks: tuple[Task, ...]
    unsealed: int
    unverified: tuple[str, ...]
    held: bool
    told: frozenset[str] = frozenset()  # roles that a notification about the incident reached
    duties: Mapping[str, str] = field(default_factory=dict)  # obligation: required, not required; decisions that stand
    obligations: Mapping[str, ObligationState] = field(default_factory=dict)  # of the latest assessment; empty: none
    altered: tuple[str, ...] = ()  # evidence that was not what was sealed when it was verified last
    met: frozenset[str] = frozenset()  # obligations whose notice was sent
    given_verdict: str = ""  # by the change that is under way

    @property
    def verdict(self) -> Verdict | None:
        told = self.given_verdict or self.row.verdict
        return Verdict(told) if told else None


def facts_of(connection: Connection, row: Row[Any], at: datetime, zone: tzinfo) -> Facts:
    """Read what the guards ask about. `zone` is the city's: evidence is verified on a day of its calendar."""
    numbers = members(connection, row.number)
    decisions = since_reopening(connection, numbers, decisions_of(connection, numbers))
    decided = {(item.kind, item.subject): item for item in decisions}
    obligations = obligations_of(connection, numbers)
    alert, event, evidence = cases.alert.c, cases.alert_event.c, cases.evidence.c
    unsealed = connection.scalar(
        select(func.count())
        .select_from(cases.alert)
        .where(
            alert.incident.in_(numbers),
            exists().where(event.alert_key == alert.key, event.sealed_in.is_(None)),
        )
    )
    today = datetime.combine(at.astimezone(zone).date(), time(), zone).astimezone(UTC)
    item = evidence_care.disposal_item.c
    gone = exists().where(item.evidence == evidence.number, item.disposed_at.is_not(None))
    sealed = select(evidence.number, evidence.verified_ok, evidence.verified_at).where(
        evidence.incident.in_(numbers), ~gone
    )
    kept = connection.execute(sealed.order_by(evidence.number)).all()
    hold, item = cases.hold.c, cases.hold_item.c
    held = connection.scalar(
        select(func.count())
        .select_from(cases.hold_item.join(cases.hold, hold.number == item.hold))
        .where(item.kind == "incident", item.value.in_(numbers), hold.released_at.is_(None))
    )
    return Facts(
        row=row,
        at=at,
        decided=decided,
        actions=actions_of(connection, numbers),
        tasks=tasks_of(connection, numbers),
        unsealed=int(unsealed or 0),
        unverified=tuple(one.number for one in kept if one.verified_at is None or one.verified_at < today),
        altered=tuple(one.number for one in kept if one.verified_ok == 0),
        held=bool(held),
        told=_told(connection, numbers),
        duties=_duties(connection, numbers, obligations),
        obligations=obligations,
        met=_met(connection, numbers),
    )


def _told(connection: Connection, numbers: list[str]) -> frozenset[str]:
    columns = outbox.notification.c
    sent = select(columns.roles).where(columns.subject.in_(numbers), columns.state == "sent")
    return frozenset(role for roles in connection.scalars(sent) for role in json.loads(roles))


def _duties(connection: Connection, numbers: list[str], obligations: Mapping[str, ObligationState]) -> dict[str, str]:
    columns = duties.duty_decision.c
    query = select(columns.obligation, columns.outcome).where(columns.incident.in_(numbers)).order_by(columns.seq)
    last = {row.obligation: row.outcome for row in connection.execute(query)}
    return {name: outcome for name, outcome in last.items() if name not in obligations or obligations[name].outcome}


def _met(connection: Connection, numbers: list[str]) -> frozenset[str]:
    columns = duties.duty_step.c
    done = columns.step.in_([DutyStep.SENT.value, DutyStep.ACKNOWLEDGED.value])
    return frozenset(connection.scalars(select(columns.obligation).where(columns.incident.in_(numbers), done)))


def missing_for(step: Step, facts: Facts) -> tuple[Missing, ...]:
    """The guards of a step that are neither met nor set aside."""
    found = []
    for guard in step.guards:
        text = GUARDS[guard]
        if text.waivable and (DecisionKind.WAIVER, guard.value) in facts.decided:
            continue
        what = _CHECKS[guard](facts)
        if what:
            found.append(Missing(guard, what, text.waivable, _meeting(guard, facts)))
    return tuple(found)


def _meeting(guard: Guard, facts: Facts) -> tuple[str, ...]:
    """The command that meets a guard: an obligation that counsel requires is met by its own step, not by a word."""
    unsent = _unsent(facts)
    if guard is Guard.OBLIGATIONS_MET and unsent:
        return ("duty", "step", "NUMBER", unsent[0], "sent", "--reason", "HOW")
    return GUARDS[guard].meet


def _containment(facts: Facts) -> str:
    done = any(
        item.kind in {ActionKind.CONTAINMENT, ActionKind.ACCESS_SUSPENSION} and item.done_at for item in facts.actions
    )
    return "" if done else "no containment action is done"


def _insiders_told(facts: Facts) -> str:
    untold: list[str] = [
        role.words
        for role in INSIDERS
        if role.value not in facts.told and (DecisionKind.NOTIFIED, role.value) not in facts.decided
    ]
    return f"not told yet: {', '.join(untold)}" if untold else ""


def _notice(wanted: str) -> Callable[[Facts], str]:
    """By counsel's decision about the incident; without one, by those about its obligations, each by itself.

    That no notice is required at all does not hold beside an obligation that counsel requires.
    """

    def check(facts: Facts) -> str:
        decision = facts.decided.get((DecisionKind.NOTICE, ""))
        if decision is not None and not (decision.outcome == NOT_REQUIRED and _required(facts)):
            told = f"{decision.decided_by} decided that a notice is {decision.outcome.replace('-', ' ')}"
            return "" if decision.outcome == wanted else told
        if not facts.duties:
            return "counsel has not decided whether a notice is required"
        required = _required(facts)
        if bool(required) == (wanted == REQUIRED):
            return ""
        return f"counsel decided that this is required: {', '.join(required)}" if required else "counsel requires none"

    return check


def _required(facts: Facts) -> list[str]:
    return [name for name, outcome in facts.duties.items() if outcome == DutyOutcome.REQUIRED]


def _unsent(facts: Facts) -> list[str]:
    return [name for name in _required(facts) if name not in facts.met]


def _obligations_met(facts: Facts) -> str:
    """By what was sent of what counsel requires; a confirmation in words stands where no obligation was decided."""
    unsent = _unsent(facts)
    if unsent:
        return f"not sent yet: {', '.join(unsent)}"
    if _required(facts) or (DecisionKind.OBLIGATIONS, "") in facts.decided:
        return ""
    return "nobody confirmed that all who must be told were told"


def _obligations_terminal(facts: Facts) -> str:
    """By each obligation of the latest assessment; without one, by what counsel decided about the incident."""
    if not facts.obligations:
        decision = facts.decided.get((DecisionKind.NOTICE, ""))
        if decision is None:
            return "counsel has not decided whether a notice is required"
        told = decision.outcome == NOT_REQUIRED or (DecisionKind.OBLIGATIONS, "") in facts.decided
        return "" if told else "a notice is required, and nobody confirmed since that all were told"
    left = [item for item in facts.obligations.values() if not item.terminal]
    undecided = [item.obligation for item in left if item.outcome is None and not item.reopened]
    reopened = [item.obligation for item in left if item.reopened]
    unsent = [item.obligation for item in left if item.outcome is not None]
    parts = (("not decided by counsel", undecided), ("open again", reopened), ("required, and not sent", unsent))
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)


def _decided(kind: DecisionKind, what: str) -> Callable[[Facts], str]:
    return lambda facts: "" if (kind, "") in facts.decided else what


def _actions_done(facts: Facts) -> str:
    return _listed("not done yet", [item for item in facts.actions if item.done_at is None])


def _actions_verified(facts: Facts) -> str:
    return _listed("not verified yet", [item for item in facts.actions if item.verified_at is None])


def _listed(what: str, items: list[Action]) -> str:
    return f"{what}: action {', '.join(str(item.number) for item in items)}" if items else ""


def _tasks_done(facts: Facts) -> str:
    left = [item for item in facts.tasks if item.mandatory and item.state in {TaskState.OPEN, TaskState.BLOCKED}]
    return f"not done yet: task {', '.join(str(item.number) for item in left)}" if left else ""


def _evidence_sealed(facts: Facts) -> str:
    if facts.row.failure:
        return f"its evidence could not be sealed: {facts.row.failure}"
    return f"the evidence of {facts.unsealed} alerts is not sealed yet; the next run seals it" if facts.unsealed else ""


def _evidence_verified(facts: Facts) -> str:
    parts = (("does not verify", facts.altered), ("not verified today", facts.unverified))
    return "; ".join(
        f"{what}: {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}" for what, names in parts if names
    )


def _holds_considered(facts: Facts) -> str:
    considered = facts.held or (DecisionKind.HOLDS, "") in facts.decided
    return "" if considered else "nobody said whether a legal hold is called for"


def _verdict(facts: Facts) -> str:
    return "" if facts.verdict else "it has no verdict yet"


def _false_positive(facts: Facts) -> str:
    return "" if facts.verdict is Verdict.FALSE_POSITIVE else _other_verdict(facts)


def _dismissed(facts: Facts) -> str:
    return "" if facts.verdict in DISMISSING else _other_verdict(facts)


def _other_verdict(facts: Facts) -> str:
    return f"its verdict is {facts.verdict}" if facts.verdict else "it has no verdict yet"


_CHECKS: dict[Guard, Callable[[Facts], str]] = {
    Guard.CONTAINMENT: _containment,
    Guard.INSIDERS_TOLD: _insiders_told,
    Guard.NOTICE_REQUIRED: _notice(REQUIRED),
    Guard.NO_NOTICE_REQUIRED: _notice(NOT_REQUIRED),
    Guard.OBLIGATIONS_MET: _obligations_met,
    Guard.OBLIGATIONS_TERMINAL: _obligations_terminal,
    Guard.ACTIONS_DONE: _actions_done,
    Guard.ACTIONS_VERIFIED: _actions_verified,
    Guard.TASKS_DONE: _tasks_done,
    Guard.EVIDENCE_SEALED: _evidence_sealed,
    Guard.EVIDENCE_VERIFIED: _evidence_verified,
    Guard.HOLDS_CONSIDERED: _holds_considered,
    Guard.LESSONS: _decided(DecisionKind.LESSONS, "nobody wrote down what was learnt"),
    Guard.STATEMENT: _decided(DecisionKind.STATEMENT, "there is no closing statement"),
    Guard.VERDICT: _verdict,
    Guard.FALSE_POSITIVE: _false_positive,
    Guard.DISMISSED: _dismissed,
}
