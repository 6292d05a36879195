"""What comes of a referral: the letter that went, the receipt, how it stands, the outcome. Rows are only ever added."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from breachwatch.documents import render_pdf
from breachwatch.errors import UsageError
from breachwatch.evidence import Given, Receipt, add_file
from breachwatch.evidence.handover import Answer, acknowledge, transfers_of
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.changing import bounded, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.incidents.entities import storable
from breachwatch.model.casework import Anchor
from breachwatch.model.intake import Channel, Direction, Message
from breachwatch.model.people import Actor, Permission
from breachwatch.model.referrals import Referral, ReferralStatus
from breachwatch.papers import Value, fill
from breachwatch.people import require
from breachwatch.records import audit, referrals
from breachwatch.respond.intake.communications import keep
from breachwatch.respond.notices.handing_out import enter_sent, kept
from breachwatch.respond.referrals.reading import referral_of
from breachwatch.workspace import Workspace

LETTER = "referral-letter"
_WRITTEN, _RECEIPT, _STATUS, _OUTCOME = "letter", "receipt", "status", "outcome"


@dataclass(frozen=True, slots=True)
class Said:
    """What the other side said: who, when (aware; None: now), its file number, and a file that shows it."""

    person: str
    at: datetime | None = None
    reference: str = ""
    text: str = ""
    file: Path | None = None


def letter(ws: Workspace, number: str, *, by: Actor, request: str, channel: Channel = Channel.LETTER) -> bytes:
    """The letter that goes with a referral, as PDF, recorded as sent.

    Its copy is evidence of the incident, and a paper of it; of a restricted referral only the hash is kept, for whoever
    may see it, because everybody who reads the incident reads its papers. Raises NotPermittedError, UnknownNameError,
    UsageError without a request, and what `papers.fill` raises.
    """
    require(by, Permission.REFER)
    request = said(request, "what is asked of the recipient")
    found = referral_of(ws, number, by=by)
    now = ws.clock.now()
    values = _values(ws, found, request, by)
    filled = fill(ws, LETTER, values, at=now, author=ws.settings.city.name)
    pdf = render_pdf(filled.document)
    sha256 = hashlib.sha256(pdf).hexdigest()
    evidence, entered = "", None
    if not found.kind.restricted:
        entered = kept(ws, filled, values, found.kind.value, channel)
        receipt = Receipt(by.name, f"a copy of the letter that went with {number}", "written by the city")
        copy = Given(f"{number}-letter.pdf", io.BytesIO(pdf))
        evidence = add_file(ws, [copy], by=by, receipt=receipt, incident=found.incident).number
    to = "restricted" if found.kind.restricted else ", ".join(filter(None, (found.recipient, found.organization)))
    subject = f"referral {number}"
    message = Message(Direction.OUT, channel, by.name, (to,), now, subject, sha256, evidence, incident=found.incident)
    with ws.database.write() as connection:
        keep(connection, message, by=by, at=now)
        if entered is not None:
            reason = f"with {number}"
            enter_sent(ws, connection, entered, evidence, by=by, at=now, reason=reason, incident=found.incident)
    _enter(ws, found, _WRITTEN, found.status, Said(by.name, now, text=f"SHA-256 {sha256}"), evidence, by=by)
    return pdf


def receipt(ws: Workspace, number: str, answer: Said, *, by: Actor) -> Referral:
    """Record that the other side signed for it, and for its packages.

    Raises NotPermittedError, UnknownNameError, and UsageError for a time to come, or where nobody is named.
    """
    found, kept = _answered(ws, number, answer, by)
    for package in found.packages:
        sent = next(item for item in transfers_of(ws, package.evidence, by=by) if item.number == package.transfer)
        if not any(item.kind == "acknowledged" for item in sent.answers):
            acknowledge(ws, package.transfer, Answer(answer.person, answer.at, answer.text, answer.file), by=by)
    return _enter(ws, found, _RECEIPT, ReferralStatus.RECEIVED, answer, kept, by=by)


def status(ws: Workspace, number: str, now_is: ReferralStatus, answer: Said, *, by: Actor) -> Referral:
    """Record how it stands on the other side. Raises likewise; an outcome is recorded by `outcome`."""
    if now_is is ReferralStatus.CLOSED:
        msg = "a referral is closed by its outcome: breachwatch referral outcome."
        raise UsageError(msg)
    found, kept = _answered(ws, number, answer, by)
    return _enter(ws, found, _STATUS, now_is, answer, kept, by=by)


def outcome(ws: Workspace, number: str, answer: Said, *, by: Actor) -> Referral:
    """Record what came of it; a later outcome supersedes it, and both stay. Raises likewise."""
    said(answer.text, "what came of it")
    found, kept = _answered(ws, number, answer, by)
    return _enter(ws, found, _OUTCOME, ReferralStatus.CLOSED, answer, kept, by=by)


def _answered(ws: Workspace, number: str, answer: Said, by: Actor) -> tuple[Referral, str]:
    """The referral, and the evidence that holds the file which came; both are checked before anything is recorded."""
    require(by, Permission.REFER)
    said(answer.person, "who said so, or signed,")
    found = referral_of(ws, number, by=by)
    at = answer.at or ws.clock.now()
    if at.tzinfo is None or at > ws.clock.now() or at < found.made_at:
        msg = f"{at.isoformat()} is no time for this: it has a zone, is past, and not before {number} was made."
        raise UsageError(msg)
    if answer.file is None or found.kind.restricted:
        return found, ""
    receipt_of = Receipt(answer.person, f"an answer to {number}", found.organization)
    return found, add_file(ws, [answer.file], by=by, receipt=receipt_of, incident=found.incident).number


def _enter(
    ws: Workspace, found: Referral, what: str, now_is: ReferralStatus, answer: Said, evidence: str, *, by: Actor
) -> Referral:
    now = ws.clock.now()
    with ws.database.write() as connection:
        connection.execute(
            referrals.referral_event.insert().values(
                referral=found.number,
                what=what,
                status=now_is.value,
                person=storable(bounded(answer.person, "the person")),
                reference=storable(bounded(answer.reference, "the reference")),
                text=storable(bounded(answer.text, "the text")),
                evidence=evidence or None,
                at=answer.at or now,
                recorded_by=by.name,
                recorded_at=now,
            )
        )
        reason = "restricted" if found.kind.restricted else storable(answer.text)
        change = f"{found.status.value} -> {now_is.value} ({what})"
        audit.append(connection, at=now, by=by, entity=found.number, change=change, reason=reason)
    return referral_of(ws, found.number, by=by)


def _values(ws: Workspace, found: Referral, request: str, by: Actor) -> dict[str, Value]:
    city = ws.settings.city
    with ws.database.read() as connection:
        anchors = anchors_of(connection, row_of(connection, found.incident))
    moments = {name: anchors[anchor].at for name, anchor in _MOMENTS.items() if anchor in anchors}
    return {
        "city_name": city.name,
        "city_address": ", ".join(city.address),
        "city_phone": city.phone,
        "city_email": city.email,
        "recipient_name": ", ".join(filter(None, (found.recipient, found.organization))),
        "recipient_role": found.kind.value,
        "incident_number": found.incident,
        "referral_number": found.number,
        "referral_basis": found.basis,
        "referral_request": request,
        "signer_name": by.name,
        "signer_title": by.title or " and ".join(sorted(role.words for role in by.roles)[:2]),
        "packages": [
            {"evidence": p.evidence, "archive": p.archive, "sha256": p.archive_sha256, "transfer": p.transfer}
            for p in found.packages
        ],
        **moments,
    }


_MOMENTS = {"occurred_at": Anchor.OCCURRED, "discovered_at": Anchor.DISCOVERED}
