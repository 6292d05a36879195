"""Appeals and reviews: who asked for one, of which decision, and how it ended."""

from __future__ import annotations

from datetime import datetime

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep, Review
from breachwatch.respond.requests.reading import Request, Step, request_in
from breachwatch.respond.requests.redacting import decisions_of
from breachwatch.respond.requests.stepping import Stepping, stepping
from breachwatch.workspace import Workspace

_DECISIONS = (
    *(RequestStep.EXTENDED, RequestStep.DETERMINED, RequestStep.RELEASED, RequestStep.CLOSED, RequestStep.RULED),
    RequestStep.REVIEWED,
)


def appeal(ws: Workspace, number: str, decision: str, *, who: str, by: Actor, reason: str, at: datetime) -> Request:
    """Record that somebody asks for a review of a decision: `step:12`, or the id of an item that was decided about.

    Raises NotPermittedError, UnknownNameError for what is no decision of this request, UsageError without a name.
    """
    if not who.strip():
        msg = "say who appeals; a name or 'the requester'."
        raise UsageError(msg)
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        known = [f"step:{step.seq}" for step in change.request.taken(*_DECISIONS)]
        known += dict.fromkeys(item.item for item in decisions_of(change.connection, change.request.number))
        if decision not in known:
            raise UnknownNameError("decision of this request", decision, known)
        change.take(RequestStep.APPEALED, reason, at, {"who": who.strip(), "decision": decision})
        return request_in(change.connection, change.request.number)


def review(
    ws: Workspace, number: str, appeal_seq: int, outcome: Review, *, decided_by: str, by: Actor, reason: str
) -> Request:
    """Record how an appeal ended, and who decided: counsel writes it down, or the records officer what another ruled.

    Where the decision changed, the request is open again: its items are decided anew, and another version leaves.
    Raises NotPermittedError, UnknownNameError for no open appeal, UsageError where who decided took the decision.
    """
    may = Permission.DECIDE if by.may(Permission.DECIDE) else Permission.ANSWER_REQUESTS
    with stepping(ws, number, by=by, may=may) as change:
        found = _open_appeal(change, appeal_seq)
        first = _taken_by(change, found.detail["decision"])
        who = decided_by.strip() or by.name
        if first == who and outcome is not Review.WITHDRAWN:
            msg = f"{who} took the decision that is under review; somebody else reviews it (--decided-by)."
            raise UsageError(msg)
        detail = {"appeal": found.seq, "outcome": outcome.value, "decided_by": who}
        change.take(RequestStep.REVIEWED, reason, detail=detail)
        if outcome is Review.CHANGED and change.request.closed:
            change.take(RequestStep.REOPENED, f"appeal {found.seq}: {reason}")
        return request_in(change.connection, change.request.number)


def _open_appeal(change: Stepping, seq: int) -> Step:
    for step in change.request.open_appeals:
        if step.seq == seq:
            return step
    known = [str(step.seq) for step in change.request.open_appeals]
    raise UnknownNameError("open appeal of this request", str(seq), known)


def _taken_by(change: Stepping, decision: str) -> str:
    if decision.startswith("step:"):
        return next(step.recorded_by for step in change.request.steps if f"step:{step.seq}" == decision)
    found = [item for item in decisions_of(change.connection, change.request.number) if item.item == decision]
    return found[-1].decided_by
