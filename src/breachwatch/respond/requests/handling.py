"""The steps that the records officer takes: clarifications, the search, extensions, the authority, the end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.respond.clocks.due import Longer
from breachwatch.respond.requests.clocks import due_of, keep_reading, obligations_for, of_authority
from breachwatch.respond.requests.gathering import gather
from breachwatch.respond.requests.reading import Request, request_in
from breachwatch.respond.requests.stepping import stepping
from breachwatch.workspace import Workspace

PLAIN = (
    *(RequestStep.CLARIFICATION_ASKED, RequestStep.CLARIFIED, RequestStep.PREVIOUS_DETERMINATION),
    *(RequestStep.DETERMINED, RequestStep.DELIVERED, RequestStep.REOPENED),
)
"""Steps that need nothing but a reason, a time and perhaps a file that proves them."""


def note_step(
    ws: Workspace,
    number: str,
    step: RequestStep,
    *,
    by: Actor,
    reason: str,
    at: datetime | None = None,
    proof: Given | None = None,
) -> Request:
    """Record a step of `PLAIN`; `proof` (a receipt, a letter) becomes evidence.

    Raises NotPermittedError, UsageError for other steps and out of turn, UnknownNameError.
    """
    require(by, Permission.ANSWER_REQUESTS)
    if step not in PLAIN:
        known = ", ".join(item.value.replace("_", "-") for item in PLAIN)
        msg = f"{step.value.replace('_', '-')} has a command of its own. Plain steps: {known}."
        raise UsageError(msg)
    detail = _proof(ws, number, proof, by)
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        before = change.request
        if step is RequestStep.DELIVERED and before.last(RequestStep.RELEASED) is None:
            msg = f"nothing of {before.number} was released, so nothing can have been delivered."
            raise UsageError(msg)
        if step is RequestStep.REOPENED and not before.closed:
            msg = f"{before.number} is not closed."
            raise UsageError(msg)
        change.take(step, reason, at, detail)
        keep_reading(change.connection, before.number, ws, because=step.value.replace("_", " "))
        return request_in(change.connection, before.number)


def search(ws: Workspace, number: str, what: str, *, by: Actor, at: datetime | None = None) -> Request:
    """Record a search: what was searched, and what the records hold of the linked incidents, counted by kind.

    Raises UsageError where the request is linked to no incident and `what` names no other place; NotPermittedError.
    """
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        found = gather(change.connection, change.request, ws.settings.city.zone)
        counts = {kind: len(records) for kind, records in found.by_kind().items()}
        detail = {"incidents": list(found.incidents), "found": counts, "items": len(found.items)}
        change.take(RequestStep.SEARCHED, what, at, detail)
        return request_in(change.connection, change.request.number)


def extend(
    ws: Workspace, number: str, extension: str, *, by: Actor, reason: str, at: datetime, obligation: str = ""
) -> Request:
    """Record an extension of the statute with its ground, and when the written notice that it needs was given.

    Raises UsageError where the notice came after the last day, where it was taken already, or where the law of the
    request has no such extension; NotPermittedError, UnknownNameError.
    """
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        before = change.request
        known = {
            (duty.id, item.id): duty for duty in obligations_for(before) for item in duty.extensions if item.amount
        }
        wanted = [key for key in known if key[1] == extension and obligation in {"", key[0]}]
        if not wanted:
            hint = "" if known else "The law of this request knows no extension by days."
            raise UnknownNameError("extension", extension, (name for _, name in known), hint=hint)
        duty = known[wanted[0]]
        if any(step.detail["extension"] == extension for step in before.taken(RequestStep.EXTENDED)):
            msg = f"{before.number} was extended by {extension} already; the law gives it once."
            raise UsageError(msg)
        now = due_of(before, duty)
        if now.latest is not None and at > now.latest:
            msg = (
                f"the notice of {extension} came after the last day ({now.latest:%Y-%m-%d %H:%M %Z}) and extends "
                "nothing. Tell counsel."
            )
            raise UsageError(msg)
        later = due_of(before, duty, more=[Longer(extension, at)])
        detail: dict[str, Any] = {"extension": extension, "obligation": duty.id}
        detail |= {"latest": later.latest.isoformat()} if later.latest else {}
        change.take(RequestStep.EXTENDED, reason, at, detail)
        keep_reading(change.connection, before.number, ws, because=f"extended: {extension}")
        return request_in(change.connection, before.number)


def submit(
    ws: Workspace, number: str, obligation: str, *, by: Actor, reason: str, at: datetime, proof: Given | None = None
) -> Request:
    """Record that the city turned to the authority that an obligation names, as the Texas Attorney General.

    It is recorded however late it was: what the delay brings is shown with the request. Raises NotPermittedError,
    UnknownNameError for an obligation that is none towards an authority.
    """
    require(by, Permission.ANSWER_REQUESTS)
    detail: dict[str, Any] = {"obligation": obligation} | _proof(ws, number, proof, by)
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        known = [item.id for item in of_authority(change.request)]
        if obligation not in known:
            hint = "" if known else "The law of this request asks no authority."
            raise UnknownNameError("obligation towards an authority", obligation, known, hint=hint)
        change.take(RequestStep.SUBMITTED, reason, at, detail)
        return request_in(change.connection, change.request.number)


def ruled(ws: Workspace, number: str, *, by: Actor, reason: str, at: datetime, proof: Given | None = None) -> Request:
    """Record what the authority ruled, in its own words or their gist. Raises UsageError where nobody asked it."""
    require(by, Permission.ANSWER_REQUESTS)
    detail = _proof(ws, number, proof, by)
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        if change.request.last(RequestStep.SUBMITTED) is None:
            msg = f"no authority was asked about {change.request.number}: record that first (request submit)."
            raise UsageError(msg)
        change.take(RequestStep.RULED, reason, at, detail)
        return request_in(change.connection, change.request.number)


def close(ws: Workspace, number: str, *, by: Actor, reason: str, without_release: bool = False) -> Request:
    """Close a request that was answered; `without_release` for one that was withdrawn or found nothing.

    Raises UsageError while an appeal is open, and where nothing was released nor the requester told.
    """
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        before = change.request
        if before.open_appeals:
            msg = f"{before.number} is under review (appeal {before.open_appeals[0].seq}): record its outcome first."
            raise UsageError(msg)
        if before.last(RequestStep.DELIVERED, RequestStep.DETERMINED) is None and not without_release:
            msg = (
                f"nothing of {before.number} was delivered, and no determination was given. Where it was withdrawn or "
                "nothing was found, say so: --without-release and the reason."
            )
            raise UsageError(msg)
        change.take(RequestStep.CLOSED, reason)
        return request_in(change.connection, before.number)


def _proof(ws: Workspace, number: str, proof: Given | None, by: Actor) -> dict[str, str]:
    """The evidence number of a file that proves a step, sealed before the step is written down."""
    if proof is None:
        return {}
    receipt = Receipt(by.name, f"proof for {number}", "the records office")
    return {"evidence": add_file(ws, [proof], by=by, receipt=receipt).number}
