"""What stays open beside an incident when it is closed: it stops nothing, and nobody should be surprised by it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, select

from breachwatch.incidents.casework.actions import actions_of
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.casework.tasks import tasks_of
from breachwatch.model.casework import TaskState
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.requests import RequestStep
from breachwatch.records import cases, duties, referrals, requests
from breachwatch.records.evidence_care import hold_evidence


def open_beside(connection: Connection, number: str) -> tuple[str, ...]:
    """A sentence for each thing that goes on after the incident's end."""
    numbers = members(connection, number)
    return (
        *_sent_before(connection, numbers),
        *_referrals(connection, numbers),
        *_requests(connection, numbers),
        *_own_verification(connection, numbers),
        *_recommendations(connection, numbers),
        *_held(connection, numbers),
    )


def _sent_before(connection: Connection, numbers: list[str]) -> list[str]:
    """Notices that went out before counsel decided about them for the last time: the facts may ask for another."""
    decision, step = duties.duty_decision.c, duties.duty_step.c
    decided = select(duties.duty_decision).where(decision.incident.in_(numbers)).order_by(decision.seq)
    last = {row.obligation: row for row in connection.execute(decided)}
    sending = select(duties.duty_step).where(step.incident.in_(numbers), step.step == DutyStep.SENT.value)
    sent = {row.obligation: row.at for row in connection.execute(sending.order_by(step.at))}
    return [
        f"{name} was sent before counsel decided about it anew: does what changed ask for another notice?"
        for name, at in sorted(sent.items())
        if name in last and last[name].outcome == DutyOutcome.REQUIRED and at < last[name].at
    ]


def _referrals(connection: Connection, numbers: list[str]) -> list[str]:
    """Referrals of which nobody wrote down what came of them; whom a restricted one went to is not told."""
    made, event = referrals.referral.c, referrals.referral_event.c
    ended = select(event.referral).where(event.what == "outcome")
    query = select(referrals.referral).where(made.incident.in_(numbers), made.number.not_in(ended))
    return [
        f"referral {row.number}{'' if row.restricted else f' to {row.recipient}'} has no outcome yet"
        for row in connection.execute(query.order_by(made.number))
    ]


def _requests(connection: Connection, numbers: list[str]) -> list[str]:
    """Requests for public records that are linked to it and not closed."""
    columns = requests.step.c
    asked = [step.value for step in _STEPS_OF_REQUESTS]
    query = select(columns.request, columns.step, columns.detail).where(columns.step.in_(asked)).order_by(columns.seq)
    linked: dict[str, set[str]] = {}
    open_ones: dict[str, bool] = {}
    for row in connection.execute(query):
        mine = linked.setdefault(row.request, set())
        match RequestStep(row.step):
            case RequestStep.LINKED:
                mine.add(json.loads(row.detail)["incident"])
            case RequestStep.UNLINKED:
                mine.discard(json.loads(row.detail)["incident"])
            case step:
                open_ones[row.request] = step is RequestStep.REOPENED
    found = (
        name for name, incidents in linked.items() if incidents.intersection(numbers) and open_ones.get(name, True)
    )
    return [f"records request {name} is not closed; its clock runs on" for name in sorted(found)]


_STEPS_OF_REQUESTS: Iterable[RequestStep] = (
    RequestStep.LINKED,
    RequestStep.UNLINKED,
    RequestStep.CLOSED,
    RequestStep.REOPENED,
)


def _own_verification(connection: Connection, numbers: list[str]) -> list[str]:
    return [
        f"action {item.number} was verified by who carried it out: {item.waiver}"
        for item in actions_of(connection, numbers)
        if item.waiver and not item.kind.restricted
    ]


def _recommendations(connection: Connection, numbers: list[str]) -> list[str]:
    left = [
        item
        for item in tasks_of(connection, numbers)
        if not item.mandatory and item.state in {TaskState.OPEN, TaskState.BLOCKED}
    ]
    return [f"task {item.number} is open and not mandatory: {item.title}" for item in left]


def _held(connection: Connection, numbers: list[str]) -> list[str]:
    hold, covered, evidence = cases.hold.c, hold_evidence.c, cases.evidence.c
    mine = select(evidence.number).where(evidence.incident.in_(numbers))
    query = select(hold.number).join(hold_evidence, hold.number == covered.hold).distinct()
    query = query.where(covered.evidence.in_(mine), covered.covered == 1, hold.released_at.is_(None))
    return [
        f"{name} keeps its evidence until it is released" for name in connection.scalars(query.order_by(hold.number))
    ]
