"""Answers to reporters, in writing and in their language: the acknowledgement, and follow-ups; copies are evidence."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from breachwatch.documents import Document
from breachwatch.errors import UsageError
from breachwatch.evidence import Given
from breachwatch.incidents.casework.changing import said
from breachwatch.incidents.entities import storable
from breachwatch.model.intake import Channel, Direction, Message, ReportRecord
from breachwatch.model.papers import Form
from breachwatch.model.people import Actor, Permission
from breachwatch.papers import Value, fill
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.respond.intake.communications import communications_of, keep
from breachwatch.respond.intake.reading import ANSWERED, record_in
from breachwatch.respond.intake.receiving import note_event
from breachwatch.respond.intake.sealing import from_whom
from breachwatch.respond.notices.files import read
from breachwatch.respond.notices.handing_out import enter_sent, kept
from breachwatch.workspace import Workspace

ACKNOWLEDGEMENT, FOLLOW_UP = "acknowledgement", "reporter-follow-up"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is on record as sent: its PDF, the evidence that holds it, what was left blank, its paper."""

    document: Document
    pdf: bytes
    communication: int
    evidence: str
    blanks: tuple[str, ...]
    paper: str  # P-2026-000001


def acknowledge(ws: Workspace, number: str, *, by: Actor, channel: Channel, language: str = "") -> Answer:
    """Acknowledge a report in writing, with its number and that of its incident, where there is one.

    Raises NotPermittedError, UnknownNameError, and what `papers.fill` raises for a template of the city's own.
    """
    require(by, Permission.REPORT)
    with ws.database.read() as connection:
        report = record_in(connection, number)
    return _answer(ws, report, ACKNOWLEDGEMENT, {}, by=by, channel=channel, language=language, next_at=report.due_at)


def reply(
    ws: Workspace,
    number: str,
    text: str,
    *,
    by: Actor,
    channel: Channel,
    language: str = "",
    next_at: datetime | None = None,
) -> Answer:
    """Answer a reporter in writing; `next_at` (aware): the next answer is owed then. Raises likewise, UsageError."""
    require(by, Permission.TRIAGE_REPORT)
    text = said(text, "the answer")
    if next_at is not None and (next_at.tzinfo is None or next_at <= ws.clock.now()):
        msg = f"{next_at.isoformat()} is no time for the next answer: it has a zone, and is to come."
        raise UsageError(msg)
    with ws.database.read() as connection:
        report = record_in(connection, number)
    answer: dict[str, Value] = {"answer": text}
    return _answer(ws, report, FOLLOW_UP, answer, by=by, channel=channel, language=language, next_at=next_at)


def values_of(ws: Workspace, report: ReportRecord, next_at: datetime | None) -> dict[str, Value]:
    """The fields of papers that a report fills."""
    city = ws.settings.city
    return {
        "city_name": city.name,
        "city_address": ", ".join(city.address),
        "city_phone": city.phone,
        "city_email": city.email,
        "recipient_name": storable(report.said.name),
        "report_number": report.number,
        "report_received_at": report.received_at,
        "report_evidence": ", ".join(report.evidence),
        "incident_number": report.incident,
        "answer_by": next_at.astimezone(city.zone).date() if next_at else None,
    }


def _answer(
    ws: Workspace,
    report: ReportRecord,
    template: str,
    more: Mapping[str, Value],
    *,
    by: Actor,
    channel: Channel,
    language: str,
    next_at: datetime | None,
) -> Answer:
    now = ws.clock.now()
    values = {**values_of(ws, report, next_at), **more}
    paper = fill(ws, template, values, at=now, language=language or report.said.language, author=ws.settings.city.name)
    letter = kept(ws, paper, values, "the reporter", channel)
    pdf = read(ws, letter.files[Form.PDF])
    message = Message(
        Direction.OUT,
        channel,
        by.name,
        (report.said.contact.strip() or from_whom(report.said),),
        now,
        subject=paper.document.title,
        incident=report.incident,
        report=report.number,
    )
    name = f"{report.number}-{template}.pdf"
    seq, evidence = keep_sent(ws, message, Given(name, io.BytesIO(pdf)), by)
    with ws.database.write() as connection:
        note_event(connection, report.number, ANSWERED, template, by=by, at=now, evidence=evidence, due_at=next_at)
        change = f"answered: {template}, by {channel.value}"
        audit.append(connection, at=now, by=by, entity=report.number, change=change, reason=f"sealed in {evidence}")
        about = {"incident": report.incident, "report": report.number}
        number = enter_sent(ws, connection, letter, evidence, by=by, at=now, reason=f"to {report.number}", **about)
    return Answer(paper.document, pdf, seq, evidence, paper.blanks, number)


def keep_sent(ws: Workspace, message: Message, copy: Given, by: Actor) -> tuple[int, str]:
    """Keep a message that goes out with its copy; its key, and the evidence that holds the copy."""
    seq = keep(ws, message, by=by, copy=copy)
    with ws.database.read() as connection:
        found = communications_of(connection, report=message.report, incident=message.incident)
    return seq, next(item.message.evidence for item in found if item.seq == seq)
