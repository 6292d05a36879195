"""What comes after a report: follow-ups and corrections of the reporter, and when the next answer is owed.

A correction keeps what stood there before: the report as it is now stands in a row of its own.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from breachwatch.errors import UsageError
from breachwatch.evidence import Given, Receipt
from breachwatch.evidence.adding import take_in
from breachwatch.incidents.casework.changing import said
from breachwatch.incidents.entities import storable
from breachwatch.model.intake import Channel, Direction, Message, ReportRecord
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.respond.intake.checking import check_report
from breachwatch.respond.intake.communications import keep
from breachwatch.respond.intake.reading import CORRECTED, FOLLOW_UP, record_in, report_of
from breachwatch.respond.intake.receiving import LOCK, note_event
from breachwatch.respond.intake.sealing import check_files, from_whom
from breachwatch.respond.intake.wording import DUE, to_text
from breachwatch.workspace import Workspace

_LONGEST = 20_000


def follow_up(
    ws: Workspace,
    number: str,
    text: str,
    files: Sequence[Path | Given] = (),
    *,
    by: Actor,
    channel: Channel = Channel.OTHER,
) -> str:
    """Keep what the reporter said later, with its files, as evidence (the incident's, once there is one); its number.

    Raises NotPermittedError, UnknownNameError, UsageError where nothing is said, LimitError for too many files.
    """
    require(by, Permission.REPORT)
    if not text.strip() or len(text) > _LONGEST:
        msg = f"say in 1 to {_LONGEST:,} characters what the reporter said; attach the rest as a file."
        raise UsageError(msg)
    check_files(ws, files)
    with ws.database.read() as connection:
        report = record_in(connection, number)
    words = text.encode("utf-8", "backslashreplace")
    evidence = _seal(ws, report, [Given("follow-up.txt", io.BytesIO(words)), *files], by, "a follow-up to")
    now = ws.clock.now()
    with ws.database.write() as connection:
        note_event(connection, number, FOLLOW_UP, storable(text), by=by, at=now, evidence=evidence)
        message = Message(
            Direction.IN,
            channel,
            from_whom(report.said),
            (ws.settings.city.name,),
            now,
            subject=f"follow-up to {number}",
            body_sha256=hashlib.sha256(words).hexdigest(),
            evidence=evidence,
            incident=report.incident,
            report=number,
        )
        keep(connection, message, by=by, at=now)
    return evidence


def correct(ws: Workspace, number: str, changes: Mapping[str, Any], *, by: Actor, reason: str) -> ReportRecord:
    """Correct what a report says: `changes` by the names of `Report`. What was said first stays, and stays sealed.

    Raises NotPermittedError, UnknownNameError, UsageError for what cannot be, or where nothing differs.
    """
    require(by, Permission.TRIAGE_REPORT)
    reason = said(reason, "why the report is corrected")
    with ws.lock(LOCK):
        now = ws.clock.now()
        with ws.database.read() as connection:
            report = record_in(connection, number)
        now_said = replace(report.said, **changes)
        if now_said == report.said:
            msg = f"{number} says so already."
            raise UsageError(msg)
        check_report(now_said, now)
        text = to_text(number, report.received_at, now_said)
        content = [Given("report-corrected.json", io.BytesIO(text.encode("ascii")))]
        evidence = _seal(ws, report, content, by, "a correction of")
        with ws.database.write() as connection:
            note_event(connection, number, CORRECTED, reason, by=by, at=now, body=text, evidence=evidence)
            before = {name: _plain(getattr(report.said, name)) for name in changes}
            after = {name: _plain(getattr(now_said, name)) for name in changes}
            audit.append(
                connection, at=now, by=by, entity=number, change=CORRECTED, reason=reason, before=before, after=after
            )
    return report_of(ws, number, by=by)


def set_due(ws: Workspace, number: str, due_at: datetime | None, *, by: Actor, reason: str) -> None:
    """Set when the reporter is owed the next answer (aware); None: no more is owed. Raises likewise."""
    require(by, Permission.TRIAGE_REPORT)
    reason = said(reason, "why the answer is owed then")
    if due_at is not None and due_at.tzinfo is None:
        msg = f"the time {due_at.isoformat()} has no zone."
        raise UsageError(msg)
    now = ws.clock.now()
    with ws.database.write() as connection:
        record_in(connection, number)
        note_event(connection, number, DUE, reason, by=by, at=now, due_at=due_at)
        change = f"next answer by {due_at.isoformat()}" if due_at else "no further answer is owed"
        audit.append(connection, at=now, by=by, entity=number, change=change, reason=reason)


def _seal(ws: Workspace, report: ReportRecord, files: Sequence[Path | Given], by: Actor, what: str) -> str:
    receipt = Receipt(from_whom(report.said), f"{what} the report {report.number}", f"{what} {report.number}")
    return take_in(ws, files, by=by, receipt=receipt, incident=report.incident or None).number


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
