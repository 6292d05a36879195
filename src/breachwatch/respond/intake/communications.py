"""What was written to and fro: kept with direction, parties, time and the hash of the file, and the file as evidence.

Oxnard's guide: "Follow up in writing and keep copies of all communications and responses for appeals or further legal
action". Rows are only ever added; who corrects a row adds another that replies to it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.evidence import Given, Receipt
from breachwatch.evidence.adding import take_in
from breachwatch.incidents.entities import storable
from breachwatch.model.intake import Channel, Communication, Direction, Message
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases, intake, received
from breachwatch.workspace import Workspace

_LONGEST = 2_000


def keep(
    where: Workspace | Connection,
    message: Message,
    *,
    by: Actor,
    copy: Path | Given | None = None,
    at: datetime | None = None,
) -> int:
    """Keep a message; returns its key. With a workspace, `copy` is sealed as evidence first, and its hash is kept.

    With a connection the row is written in the caller's transaction, which has asked for the permission; `at` (aware)
    is when it is recorded, and a copy is sealed already (`message.evidence`). Raises NotPermittedError, UsageError for
    a message that cannot be (nobody, no zone, a time to come), UnknownNameError for what it refers to.
    """
    if isinstance(where, Connection):
        if copy is not None or at is None:
            msg = "within a transaction a copy is sealed before, and the time of recording is given."
            raise ValueError(msg)
        return _write(where, message, by=by, at=at)
    require(by, Permission.REPORT)
    now = where.clock.now()
    _check(message, now)
    if copy is not None:
        message = _sealed(where, message, copy, by)
    with where.database.write() as connection:
        return _write(connection, message, by=by, at=now)


def communications(
    ws: Workspace, *, by: Actor, incident: str = "", report: str = "", request: str = ""
) -> tuple[Communication, ...]:
    """The messages about one thing, or all, in the order in which they were sent or received."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return communications_of(connection, incident=incident, report=report, request=request)


def communications_of(
    connection: Connection, *, incident: str = "", report: str = "", request: str = ""
) -> tuple[Communication, ...]:
    """The same on a connection of the caller's."""
    table = intake.communication
    query = select(table).order_by(table.c.at, table.c.seq)
    for column, value in ((table.c.incident, incident), (table.c.report, report), (table.c.request, request)):
        if value:
            query = query.where(column == value)
    return tuple(_value(row) for row in connection.execute(query))


def _sealed(ws: Workspace, message: Message, copy: Path | Given, by: Actor) -> Message:
    about = message.incident or message.report or message.request
    outgoing = message.direction is not Direction.IN
    receipt = Receipt(
        received_from=message.sender or "not named",
        purpose=f"a copy of what was {'sent' if outgoing else 'received'}{f' about {about}' if about else ''}",
        source=message.channel.value,
    )
    snapshot = take_in(ws, [copy], by=by, receipt=receipt, incident=message.incident or None)
    with ws.database.read() as connection:
        column = received.received.c
        files = json.loads(
            connection.execute(select(column.files).where(column.evidence == snapshot.number)).scalar_one()
        )
    return replace(message, evidence=snapshot.number, body_sha256=str(files[0]["sha256"]))


def _write(connection: Connection, message: Message, *, by: Actor, at: datetime) -> int:
    _check(message, at)
    _check_known(connection, message)
    values = {
        "direction": message.direction.value,
        "channel": message.channel.value,
        "sender": storable(message.sender.strip()),
        "recipients": json.dumps([storable(name) for name in message.recipients]),
        "at": message.at,
        "subject": storable(message.subject.strip()),
        "body_sha256": message.body_sha256,
        "evidence": message.evidence or None,
        "in_reply_to": message.in_reply_to,
        "incident": message.incident or None,
        "report": message.report or None,
        "request": message.request,
        "recorded_by": by.name,
        "recorded_at": at,
    }
    key = connection.execute(intake.communication.insert().values(**values)).inserted_primary_key
    seq = int(key[0]) if key else 0
    about = message.incident or message.report or message.request
    if about:
        change = f"communication {seq} {message.direction.value}, by {message.channel.value}"
        audit.append(connection, at=at, by=by, entity=about, change=change, reason=storable(message.subject))
    return seq


def _check(message: Message, now: datetime) -> None:
    if message.at.tzinfo is None or message.at > now:
        msg = f"{message.at.isoformat()} is no time at which this can have been sent: it needs a zone, and is past."
        raise UsageError(msg)
    if not message.sender.strip() or not any(name.strip() for name in message.recipients):
        msg = "say who wrote and to whom; somebody without a name is 'anonymous' or 'not named'."
        raise UsageError(msg)
    if (
        max(map(len, (message.sender, message.subject, *message.recipients))) > _LONGEST
        or len(message.recipients) > 500
    ):
        msg = f"names and subject have at most {_LONGEST} characters, and there are at most 500 recipients."
        raise UsageError(msg)


def _check_known(connection: Connection, message: Message) -> None:
    for kind, value, column in (
        ("incident", message.incident, cases.incident.c.number),
        ("report", message.report, intake.report.c.number),
        ("piece of evidence", message.evidence, cases.evidence.c.number),
        ("communication", message.in_reply_to, intake.communication.c.seq),
    ):
        if value and connection.scalar(select(column).where(column == value)) is None:
            raise UnknownNameError(kind, str(value), map(str, connection.scalars(select(column).limit(200))))


def _value(row: Row[Any]) -> Communication:
    message = Message(
        Direction(row.direction),
        Channel(row.channel),
        row.sender,
        tuple(json.loads(row.recipients)),
        row.at,
        row.subject,
        row.body_sha256,
        row.evidence or "",
        row.in_reply_to,
        row.incident or "",
        row.report or "",
        row.request,
    )
    return Communication(row.seq, message, row.recorded_by, row.recorded_at)
