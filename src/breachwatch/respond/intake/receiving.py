"""`receive`: the one door for reports, of the command line, of a mailbox and of the web form.

The report is recorded first, then sealed with its attachments, then both are tied together: a process that is killed in
between leaves a report that says it is not sealed yet, and `finish_sealing` seals it from the text on record.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, exists, func, insert, select

from breachwatch import evidence as vault
from breachwatch.errors import LimitError
from breachwatch.evidence import Given
from breachwatch.model.intake import Direction, Message, Received, Report
from breachwatch.model.people import Actor, Permission, Role, Via, program
from breachwatch.people import require
from breachwatch.records import audit, intake
from breachwatch.respond.intake.checking import check_report
from breachwatch.respond.intake.communications import keep
from breachwatch.respond.intake.numbers import next_number
from breachwatch.respond.intake.sealing import check_files, from_whom, seal_report, sealed_before
from breachwatch.respond.intake.wording import DUE, NOT_SEALED, SEALED, from_text, to_text
from breachwatch.workspace import Workspace

LOCK = "intake"


def the_form() -> Actor:
    """Who acts where nobody of the house does: a form on the web."""
    return Actor(name="the web form", roles=frozenset({Role.PROGRAM}), via=Via.WEB)


def receive(
    ws: Workspace, report: Report, attachments: Sequence[Path | Given] = (), *, by: Actor, mail: bytes | None = None
) -> Received:
    """Take in what somebody reports, and seal it with its attachments, hashed at receipt; `mail`: the e-mail itself.

    Raises NotPermittedError, UsageError for what cannot be (a time to come, an impossible count, nothing said), and
    LimitError for too many attachments, or too many reports that nobody of the house stands behind. What cannot be
    sealed is told in `Received.failure`: the report is on record all the same.
    """
    require(by, Permission.REPORT)
    files = [*([Given("message.eml", io.BytesIO(mail))] if mail is not None else []), *attachments]
    check_report(report, ws.clock.now())
    check_files(ws, files)
    with ws.lock(LOCK):
        now = ws.clock.now()
        with ws.database.write() as connection:
            _refuse_flood(ws, connection, by, now)
            number, text = _record(ws, connection, report, len(files), by, now)
        kept, failure = seal_report(ws, number, text, files, report=report, by=by)
        _tie(ws, number, report, mail or text.encode("ascii"), kept, failure, by=by)
    return Received(number, now, kept, report.kind.routed_to, failure)


def finish_sealing(ws: Workspace) -> tuple[str, ...]:
    """Seal the reports that a killed or failed intake left unsealed, from their text; the numbers of those it sealed.

    Attachments that were on their way then are lost and said to be: the reporter hands them in again.
    """
    done = []
    with ws.lock(LOCK):
        with ws.database.read() as connection:
            waiting = connection.execute(_unsealed()).all()
        if waiting:
            vault.sweep(ws)  # a bag whose process was killed is recorded first
        for row in waiting:
            report = from_text(row.body)
            with ws.database.read() as connection:
                known = sealed_before(connection, row.number, row.body_sha256)
            kept, failure = (
                ((known,), "") if known else seal_report(ws, row.number, row.body, (), report=report, by=program())
            )
            if kept and not known and row.files:
                failure = "its attachments could not be sealed when they came: ask the reporter for them again."
            if kept:
                _tie(ws, row.number, report, row.body.encode("ascii"), kept, failure, by=program())
                done.append(str(row.number))
    return tuple(done)


def _refuse_flood(ws: Workspace, connection: Connection, by: Actor, now: datetime) -> None:
    """Nobody of the house stands behind what the form or a mailbox hands in, so that it is counted."""
    if not _unvouched(by):
        return
    settings, column = ws.settings.intake, intake.report.c
    for most, span, words in (
        (settings.unvouched_per_hour, timedelta(hours=1), "an hour"),
        (settings.unvouched_per_day, timedelta(days=1), "a day"),
    ):
        query = select(func.count()).where(column.login == "", column.received_at > now - span)
        if (connection.scalar(query) or 0) >= most:
            msg = f"more than {most} reports came by themselves within {words}. Please telephone the helpdesk."
            raise LimitError(msg)


def _unvouched(by: Actor) -> bool:
    return Role.PROGRAM in by.roles


def _record(
    ws: Workspace, connection: Connection, report: Report, files: int, by: Actor, now: datetime
) -> tuple[str, str]:
    number, ordinal = next_number(connection, now, ws.settings.city.zone)
    text = to_text(number, now, report)
    connection.execute(
        insert(intake.report).values(
            number=number,
            ordinal=ordinal,
            received_at=now,
            kind=report.kind.value,
            relation=report.relation.value,
            body=text,
            body_sha256=hashlib.sha256(text.encode("ascii")).hexdigest(),
            files=files,
            routed_to=json.dumps([role.value for role in report.kind.routed_to]),
            taken_by=by.name,
            login="" if _unvouched(by) else by.login or by.name,
        )
    )
    told = " and ".join(role.words for role in report.kind.routed_to)
    reason = f"{report.kind.value} of {report.relation.value}, by {report.channel.value}; for {told}"
    audit.append(connection, at=now, by=by, entity=number, change="none -> new", reason=reason)
    days = ws.settings.intake.answer_days
    if days and report.contact.strip():
        note_event(connection, number, DUE, "the next answer", by=by, at=now, due_at=now + timedelta(days=days))
    return number, text


def _tie(
    ws: Workspace, number: str, report: Report, body: bytes, kept: Sequence[str], failure: str, *, by: Actor
) -> None:
    now = ws.clock.now()
    with ws.database.write() as connection:
        for evidence in kept:
            note_event(connection, number, SEALED, failure, by=by, at=now, evidence=evidence)
            audit.append(connection, at=now, by=by, entity=number, change=f"sealed in {evidence}", reason=failure)
            message = Message(
                Direction.IN,
                report.channel,
                from_whom(report),
                (ws.settings.city.name or "the city",),
                now,
                subject=f"report {number}",
                body_sha256=hashlib.sha256(body).hexdigest(),
                evidence=evidence,
                report=number,
            )
            keep(connection, message, by=by, at=now)
        if not kept:
            note_event(connection, number, NOT_SEALED, failure, by=by, at=now)
            audit.append(connection, at=now, by=by, entity=number, change="NOT SEALED", reason=failure)


def note_event(
    connection: Connection,
    number: str,
    what: str,
    text: str,
    *,
    by: Actor,
    at: datetime,
    **values: str | datetime | None,
) -> None:
    """Add a row to what was done with a report, within the caller's transaction."""
    row = {"report": number, "what": what, "text": text, "by": by.name, "at": at, "other": "", "body": ""}
    connection.execute(insert(intake.report_event).values({**row, **values}))


def _unsealed() -> Select[Any]:
    event = intake.report_event.c
    sealed = exists().where(event.report == intake.report.c.number, event.what == SEALED)
    return select(intake.report).where(~sealed).order_by(intake.report.c.ordinal)
