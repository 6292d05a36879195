"""Taking an incident one step on: the guards are asked, the step is written down, what belongs to it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.anchors import anchors_of, write_anchor
from breachwatch.incidents.casework.changing import Change, changing, permitted, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.incidents.casework.guards import Facts, Missing, facts_of, missing_for
from breachwatch.incidents.casework.playbooks import Playbook
from breachwatch.incidents.casework.states import Step, step_between, steps_from
from breachwatch.incidents.casework.tasks import load_playbooks, plan_within
from breachwatch.model.casework import ActionKind, Anchor
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.workspace import Workspace

_ANY = (Permission.TRIAGE, Permission.DECIDE)


@dataclass(frozen=True, slots=True)
class Way:
    """A step that leads on, and what is missing for it; nothing missing: it can be taken."""

    step: Step
    missing: tuple[Missing, ...]


def ways(ws: Workspace, number: str, *, by: Actor) -> tuple[Way, ...]:
    """The steps that lead on from where the incident stands, the usual one first. Raises UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        facts = facts_of(connection, row, ws.clock.now(), ws.settings.city.zone)
    return tuple(Way(step, missing_for(step, facts)) for step in steps_from(IncidentState(row.state)))


def advance(
    ws: Workspace,
    number: str,
    to: IncidentState,
    *,
    by: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> IncidentState:
    """Take the step to a state; where it stands then.

    Steps back and reopening need a reason. Raises UsageError that lists the open ways, or the guards that are not met
    and how to meet them; NotPermittedError, UnknownNameError, ChangedMeanwhileError.
    """
    books = load_playbooks(ws) if to is IncidentState.TRIAGE else ()
    with changing(ws, number, by=by, may=_ANY, expected_version=expected_version) as change:
        return advance_within(change, to, reason=reason, books=books)


def reopen(ws: Workspace, number: str, *, by: Actor, reason: str, expected_version: int | None = None) -> IncidentState:
    """Open a closed incident again; its verdict is taken back, and stays in the audit log."""
    with changing(ws, number, by=by, may=_ANY, expected_version=expected_version) as change:
        if change.row.state == IncidentState.MERGED:
            msg = f"{number} goes on in {change.row.merged_into}: take the merge back (incident unmerge {number})."
            raise UsageError(msg)
        if not IncidentState(change.row.state).ended:
            msg = f"{number} is not closed; it is {change.row.state}."
            raise UsageError(msg)
        return advance_within(change, IncidentState.INVESTIGATING, reason=said(reason, "why it is opened again"))


def advance_within(
    change: Change, to: IncidentState, *, reason: str = "", books: Sequence[Playbook] = ()
) -> IncidentState:
    """Take a step within a change that is under way."""
    now = IncidentState(change.values.get("state", change.row.state))
    step = step_between(now, to)
    if step is None:
        raise UsageError(_no_such_step(change, now, to))
    permitted(change.by, step.may)
    reason = said(reason, f"why {change.number} goes back to {to}") if step.back else reason.strip() or step.meaning
    facts = facts_of(change.connection, change.row, change.at, change.zone)
    missing = missing_for(step, _with_pending(facts, change))
    if missing:
        raise UsageError(refusal(change.number, step, missing))
    change.set(f"{now} -> {to}", reason, state=to.value, **_with(change, to))
    if to is IncidentState.TRIAGE:
        plan_within(change, books)
    if to is IncidentState.CONTAINED:
        _anchor_containment(change, facts)
    if to.ended:
        write_anchor(change, Anchor.CLOSED, change.at, reason, before=None)
    return to


def refusal(number: str, step: Step, missing: Sequence[Missing]) -> str:
    """What is missing for a step, as one message."""
    told = "; ".join(item.what for item in missing)
    return (
        f"{number} cannot go from {step.source} to {step.to} yet: {told}. "
        f"`breachwatch incident advance {number}` says how to meet each, or to set it aside with a reason."
    )


def _with(change: Change, to: IncidentState) -> dict[str, object]:
    """The columns that a step sets beside the state."""
    if to.ended:
        return {"closed_at": change.at, "closed_by": change.by.name}
    if IncidentState(change.row.state).ended:
        return {"closed_at": None, "closed_by": "", "verdict": "", "verdict_reason": ""}
    if to is IncidentState.TRIAGE and not change.row.lead:
        return {"lead": change.by.name}
    return {}


def _with_pending(facts: Facts, change: Change) -> Facts:
    """The facts with a verdict that the same change has just given."""
    return replace(facts, given_verdict=str(change.values.get("verdict", "")))


def _anchor_containment(change: Change, facts: Facts) -> None:
    """Contained when the last containment action was done, unless somebody said otherwise."""
    known = anchors_of(change.connection, change.row)
    done: list[datetime] = [
        item.done_at
        for item in facts.actions
        if item.done_at and item.kind in {ActionKind.CONTAINMENT, ActionKind.ACCESS_SUSPENSION}
    ]
    if Anchor.CONTAINED not in known and done and max(done) >= known[Anchor.OCCURRED].at:
        write_anchor(change, Anchor.CONTAINED, max(done), "the last containment action was done", before=None)


def _no_such_step(change: Change, now: IncidentState, to: IncidentState) -> str:
    if now is IncidentState.PRESERVING:
        return f"the evidence of {change.number} is not sealed yet. The next run seals it; then work on it can begin."
    if now is IncidentState.MERGED:
        return f"{change.number} goes on in {change.row.merged_into}: work on that one, or take the merge back."
    if now is to:
        return f"{change.number} is {now} already."
    open_ways = ", ".join(step.to.value for step in steps_from(now)) or "none"
    return f"{change.number} is {now}; no step leads from there to {to}. Open from there: {open_ways}."
