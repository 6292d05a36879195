"""Handing evidence to somebody outside: the transfer, the receipt that comes back later, and the return.

Rows are only ever added: a transfer, and what was answered to it. Each is a link of the chain of custody, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Row, select

from breachwatch.errors import EvidenceError, UnknownNameError, UsageError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.bag import hash_file
from breachwatch.evidence.custody import Deed
from breachwatch.evidence.disposed import disposal_of
from breachwatch.evidence.handover.forms import evidence_row
from breachwatch.model.evidence import Transfer, TransferAnswer
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.records.received import transfer as transfers
from breachwatch.records.received import transfer_answer
from breachwatch.workspace import Workspace

ACKNOWLEDGED, RETURNED = "acknowledged", "returned"
_NUMBER = re.compile(r"TR-(\d{4})-(\d{6,})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives evidence, and on what authority."""

    person: str
    organization: str = ""
    contact: str = ""
    method: str = ""  # in person, courier, upload
    authority: str = ""  # subpoena, warrant, agreement


def transfer(
    ws: Workspace, number: str, *, by: Actor, to: Recipient, purpose: str, archive: Path | None = None
) -> Transfer:
    """Record that a piece of evidence is handed over; with `archive`, the file that is.

    Raises NotPermittedError, UnknownNameError, UsageError (nobody or nothing said), EvidenceError where it was disposed
    of or the archive is not one that the chain of custody knows.
    """
    require(by, Permission.HANDLE_EVIDENCE)
    if not to.person.strip() or not purpose.strip():
        msg = "say to whom the evidence is handed over, and what for."
        raise UsageError(msg)
    sha256 = hash_file(archive).sha256 if archive is not None else ""
    at = ws.clock.now()
    with ws.lock("evidence"), ws.database.write() as connection:
        evidence_row(connection, number)
        if disposal_of(connection, number) is not None:
            msg = f"{number} was disposed of; there is nothing to hand over."
            raise EvidenceError(msg)
        if sha256 and not _exported(connection, number, sha256):
            msg = f"{archive} is no export of {number} that the chain of custody tells of. Export it anew."
            raise EvidenceError(msg)
        name = _next_number(connection, at)
        told = {
            "number": name,
            "evidence": number,
            "at": at,
            "handed_over_by": by.name,
            "recipient": to.person.strip(),
            "organization": to.organization.strip(),
            "contact": to.contact.strip(),
            "method": to.method.strip(),
            "purpose": purpose.strip(),
            "authority": to.authority.strip(),
            "archive_sha256": sha256,
        }
        connection.execute(transfers.insert().values(told))
        details = {"transfer": name, "recipient": to.person.strip(), "organization": to.organization.strip()}
        custody.append(
            connection,
            evidence=number,
            deed=Deed.TRANSFERRED,
            by=custody.by(by),
            at=at,
            purpose=purpose.strip(),
            details={**details, "authority": to.authority.strip(), "archive_sha256": sha256},
        )
        audit.append(connection, at=at, by=by, entity=number, change=f"none -> transferred ({name})", reason=purpose)
        row = _row(connection, name)
    mirror.update(ws)
    return _value(row, ())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: who signed the receipt or brought the evidence back, when (aware; None: now), and a scan."""

    person: str
    at: datetime | None = None
    note: str = ""
    receipt: Path | None = None


def acknowledge(ws: Workspace, name: str, answer: Answer, *, by: Actor) -> Transfer:
    """Record the receipt that came back for a transfer, with the hash of its scan.

    Raises NotPermittedError, UnknownNameError, UsageError where it is acknowledged already or nobody is named.
    """
    return _answer(ws, name, answer, by, ACKNOWLEDGED)


def give_back(ws: Workspace, name: str, answer: Answer, *, by: Actor) -> Transfer:
    """Record that what was handed over came back, or was destroyed as agreed (say so in the note). Raises likewise."""
    return _answer(ws, name, answer, by, RETURNED)


def transfers_of(ws: Workspace, number: str | None = None, *, by: Actor) -> list[Transfer]:
    """All transfers, or those of one piece of evidence, oldest first, with what was answered.

    Raises NotPermittedError.
    """
    require(by, Permission.READ_EVIDENCE)
    query = select(transfers).order_by(transfers.c.at, transfers.c.number)
    if number is not None:
        query = query.where(transfers.c.evidence == number)
    with ws.database.read() as connection:
        rows = connection.execute(query).all()
        return [_value(row, _answers(connection, row.number)) for row in rows]


def _answer(ws: Workspace, name: str, answer: Answer, by: Actor, kind: str) -> Transfer:
    require(by, Permission.HANDLE_EVIDENCE)
    person, note = answer.person.strip(), answer.note.strip()
    if not person:
        msg = "say who signed the receipt, or who brought it back."
        raise UsageError(msg)
    sha256 = hash_file(answer.receipt).sha256 if answer.receipt is not None else ""
    now = ws.clock.now()
    when = (answer.at or now).astimezone(UTC)
    with ws.database.write() as connection:
        row = _row(connection, name)
        if any(answer.kind == kind for answer in _answers(connection, name)):
            msg = f"{name} is recorded as {kind} already; a correction goes into the note of a new transfer."
            raise UsageError(msg)
        connection.execute(
            transfer_answer.insert().values(
                transfer=name,
                kind=kind,
                at=when,
                person=person,
                note=note,
                receipt_sha256=sha256,
                recorded_at=now,
                recorded_by=by.name,
            )
        )
        custody.append(
            connection,
            evidence=row.evidence,
            deed=Deed.RETURNED if kind == RETURNED else Deed.TRANSFERRED,
            by=custody.by(by),
            at=now,
            purpose=f"{name} {kind} by {person}",
            details={"transfer": name, "step": kind, "answered_at": when.isoformat(), "receipt_sha256": sha256},
        )
        audit.append(connection, at=now, by=by, entity=row.evidence, change=f"{name} -> {kind}", reason=note)
        value = _value(row, _answers(connection, name))
    mirror.update(ws)
    return value


def _row(connection: Connection, name: str) -> Row[tuple[object, ...]]:
    row = connection.execute(select(transfers).where(transfers.c.number == name)).first()
    if row is None:
        raise UnknownNameError("transfer", name, connection.scalars(select(transfers.c.number)))
    return row


def _answers(connection: Connection, name: str) -> tuple[TransferAnswer, ...]:
    query = select(transfer_answer).where(transfer_answer.c.transfer == name).order_by(transfer_answer.c.seq)
    return tuple(
        TransferAnswer(row.kind, row.at, row.person, row.note, row.receipt_sha256, row.recorded_at, row.recorded_by)
        for row in connection.execute(query)
    )


def _value(row: Row[tuple[object, ...]], answers: tuple[TransferAnswer, ...]) -> Transfer:
    return Transfer(**row._mapping, answers=answers)


def _exported(connection: Connection, number: str, sha256: str) -> bool:
    """Whether an export of this evidence with this hash is in the chain."""
    columns = cases.custody.c
    query = select(columns.body).where(columns.evidence == number, columns.event == Deed.EXPORTED.value)
    return any(f'"archive_sha256": "{sha256}"' in body for body in connection.scalars(query))


def _next_number(connection: Connection, at: datetime) -> str:
    found = [_NUMBER.fullmatch(name) for name in connection.scalars(select(transfers.c.number))]
    counts = [int(match[2]) for match in found if match and int(match[1]) == at.year]
    return f"TR-{at.year:04d}-{max(counts, default=0) + 1:06d}"
