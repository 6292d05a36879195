"""What was sent: the exact file becomes evidence together with its proof, and the obligation it serves is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from breachwatch.errors import UsageError
from breachwatch.evidence import Given
from breachwatch.incidents.casework.changing import permitted, said
from breachwatch.model.duties import DutyStep
from breachwatch.model.intake import Channel, Direction, Message
from breachwatch.model.papers import Form, Paper, Way
from breachwatch.model.people import Actor
from breachwatch.papers.template import Audience
from breachwatch.records import audit
from breachwatch.records import papers as tables
from breachwatch.respond.notices.drafting import MAY_DRAFT
from breachwatch.respond.notices.reading import file_of, paper_on
from breachwatch.respond.notices.sealing import seal
from breachwatch.respond.notices.stepping import note_step
from breachwatch.workspace import Workspace

_CHANNELS = {
    Way.LETTER: Channel.LETTER,
    Way.EMAIL: Channel.EMAIL,
    Way.PORTAL: Channel.PORTAL,
    Way.IN_PERSON: Channel.IN_PERSON,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """How a paper went out. `recipients` is their class ("Texas residents"), never their names; `at` is aware."""

    way: Way
    recipients: str
    count: int
    at: datetime
    proof: str  # in words: the certificate of mailing, the portal's receipt number
    form: Form | None = None  # None: PDF, or the edited file where that is what was approved


def sent(ws: Workspace, number: str, how: Sent, *, by: Actor, proof_files: Sequence[Path | Given] = ()) -> Paper:
    """Record that the latest version was sent; the file is sealed as evidence with `proof_files` beside it.

    Raises NotPermittedError, UnknownNameError, and UsageError before counsel approved that version (papers that stay
    inside need no approval), for a time to come, nobody, or no proof.
    """
    permitted(by, MAY_DRAFT)
    at = ws.clock.now()
    with ws.database.read() as connection:
        found = paper_on(connection, number)
    recipients, proof = _checked(found, how, at)
    form = how.form or (Form.PDF if Form.PDF in found.latest.files else Form.DOCX)
    content = file_of(ws, found, form)
    evidence = seal(ws, found, form, content, proof_files, recipients, by=by)
    with ws.database.write() as connection:
        again = paper_on(connection, number)
        _checked(again, how, at)
        if again.latest.sha256 != found.latest.sha256:
            msg = f"{number} was changed while it was sealed as {evidence}. Look at it, and record the sending again."
            raise UsageError(msg)
        row = {
            "paper": number,
            "version": found.latest.number,
            "form": form.value,
            "sha256": found.latest.files[form],
            "way": how.way.value,
            "recipients": recipients,
            "copies": how.count,
            "sent_at": how.at,
            "evidence": evidence,
            "proof": proof,
        }
        connection.execute(tables.paper_sending.insert().values(**row, recorded_by=by.name, at=at))
        said_of = {key: str(value) for key, value in row.items() if key not in {"paper", "sent_at"}}
        change = f"version {found.latest.number} sent at {how.at.isoformat()}"
        audit.append(connection, at=at, by=by, entity=number, change=change, reason=proof, after=said_of)
        detail = {"channel": how.way.value, "recipients": recipients, "count": str(how.count), "evidence": evidence}
        note_step(ws, connection, found, DutyStep.SENT, by=by, at=how.at, reason=proof, detail=detail)
        _keep_copy(connection, found, how, found.latest.files[form], evidence, by=by, at=at)
        return paper_on(connection, number)


def _checked(found: Paper, how: Sent, now: datetime) -> tuple[str, str]:
    if how.at.tzinfo is None or how.at > now:
        msg = f"{how.at.isoformat()} is no time at which this can have been sent: it needs a zone, and is past."
        raise UsageError(msg)
    if how.at < found.latest.at:
        msg = f"version {found.latest.number} of {found.number} did not exist yet at {how.at.isoformat()}."
        raise UsageError(msg)
    if how.count < 1:
        msg = f"{how.count} recipients are none: say how many it was sent to."
        raise UsageError(msg)
    if found.approval is None and Audience(found.audience).outside:
        msg = (
            f"version {found.latest.number} of {found.number} was not approved by counsel, so it cannot be marked as "
            f"sent: `breachwatch paper approve {found.number}` first."
        )
        raise UsageError(msg)
    return said(how.recipients, "the class of recipients"), said(how.proof, "what proves that it was sent")


def _keep_copy(
    connection: Connection, paper: Paper, how: Sent, sha256: str, evidence: str, *, by: Actor, at: datetime
) -> None:
    from breachwatch.respond.intake.communications import keep  # intake itself hands out papers

    message = Message(
        direction=Direction.OUT if Audience(paper.audience).outside else Direction.INSIDE,
        channel=_CHANNELS.get(how.way, Channel.OTHER),
        sender=by.name,
        recipients=(how.recipients,),
        at=how.at,
        subject=f"{paper.title} ({paper.number})",
        body_sha256=sha256,
        evidence=evidence,
        incident=paper.incident,
        report=paper.report,
        request=paper.request,
    )
    keep(connection, message, by=by, at=at)
