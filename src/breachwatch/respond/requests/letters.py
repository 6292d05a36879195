"""Letters of a request, drafted from what is on record: to the requester, and to the authority that is asked."""

from __future__ import annotations

from breachwatch.errors import UnknownNameError
from breachwatch.model.papers import Paper
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.papers import Value
from breachwatch.people import require
from breachwatch.respond.notices.drafting import draft
from breachwatch.respond.requests.clocks import due_of, obligations_for, of_authority
from breachwatch.respond.requests.reading import Request, request_in
from breachwatch.respond.requests.releasing import Prepared, latest
from breachwatch.respond.requests.stepping import stepping
from breachwatch.workspace import Workspace

TO_REQUESTER = ("records-acknowledgement", "records-extension", "records-response")
"""Letters that come in the requester's language."""
LETTERS = (*TO_REQUESTER, "records-withheld-index", "records-ag-request-tx")


def draft_letter(ws: Workspace, number: str, template: str, *, by: Actor, reason: str) -> Paper:
    """Draft one of `LETTERS` of a request; what is not on record is a visible blank.

    Raises NotPermittedError, UnknownNameError, and what `respond.notices.drafting.draft` raises.
    """
    require(by, Permission.ANSWER_REQUESTS)
    if template not in LETTERS:
        raise UnknownNameError("letter of a request", template, LETTERS)
    with ws.database.read() as connection:
        found = request_in(connection, number)
        prepared = latest(connection, found.number)
    to_requester = template in TO_REQUESTER
    made = draft(
        ws,
        template,
        by=by,
        reason=reason,
        request=found.number,
        values=_values(found, prepared, by, template),
        language=found.language if to_requester else "en",
    )
    with stepping(ws, found.number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        change.take(RequestStep.LETTER, reason, detail={"paper": made.number, "template": template})
    return made


def _values(found: Request, prepared: Prepared | None, by: Actor, template: str) -> dict[str, Value]:
    duties = obligations_for(found)
    extended = found.last(RequestStep.EXTENDED)
    duty = next((item for item in duties if item not in of_authority(found)), duties[0] if duties else None)
    values: dict[str, Value] = {
        "request_number": found.number,
        "request_received_at": found.received_at,
        "request_words": found.words,
        "recipient_name": found.requester or None,
        "signer_name": by.name,
        "signer_title": by.title or None,
    }
    if duty is not None:
        counted = due_of(found, duty)
        values["request_answer_by"] = counted.safe.date() if counted.safe else None
        values["due_latest"] = counted.latest.date() if counted.latest else None
        values["request_law"] = "; ".join(duty.citation)
        if extended is not None:
            ground = next(item for item in duty.extensions if item.id == extended.detail["extension"])
            values["request_extended_to"] = counted.latest.date() if counted.latest else None
            values["request_reason"] = extended.reason
            values["request_law"] = ground.citation if template == "records-extension" else values["request_law"]
        if template == "records-ag-request-tx":
            values["recipient_name"] = duty.recipient.name if duty.recipient else None
    return values | (_of_release(found, prepared) if prepared is not None else {})


def _of_release(found: Request, prepared: Prepared) -> dict[str, Value]:
    withheld = prepared.content["withheld"]
    released = found.last(RequestStep.RELEASED)
    laws = {item["citation"]: item["text"] for item in withheld}
    names = ("number", "what", "day", "text")
    return {
        "request_released": sorted(released.detail["files"]) if released is not None else None,
        "request_withheld_count": prepared.withheld,
        "request_exemptions": [{"text": text, "law": law} for law, text in laws.items()],
        "request_withheld": [
            {name: str(item[name]) for name in names} | {"law": item["citation"]} for item in withheld
        ],
    }
