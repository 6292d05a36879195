"""The outbox: messages that are to go out, each once, tried again with growing waits until it went or a day has passed.

A message is entered in the same transaction as the decision to send it, and marked as sent after the service took it: a
crash between the two repeats a message and never loses one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from breachwatch.incidents.chunking import chunks
from breachwatch.model.finding import Level
from breachwatch.model.people import Role
from breachwatch.notify.wording import LONGEST_BODY, LONGEST_TITLE, bounded, without
from breachwatch.records.outbox import notification
from breachwatch.workspace import Workspace

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40, 60, 120, 240))
"""Before the second, third, ... try; the last again and again."""
GIVES_UP = timedelta(days=1)


class Kind(StrEnum):
    """What a message is about."""

    INCIDENT = "incident"
    ESCALATION = "escalation"
    SEVERAL = "several"
    DIGEST = "digest"
    HOLD = "hold"
    CLOCK = "clock"
    REPORT = "report"


class State(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # a day of tries
    DROPPED = "dropped"  # nobody needs it any more
    FOLDED = "folded"  # told within another message


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one channel. `key` names it for ever; times are aware UTC."""

    key: str
    kind: Kind
    subject: str
    severity: Level
    stage: int
    roles: tuple[Role, ...]
    channel: str
    title: str
    body: str
    created_at: datetime
    not_before: datetime
    state: State = State.WAITING
    attempts: int = 0
    sent_at: datetime | None = None
    error: str = ""


def enter(connection: Connection, messages: Iterable[Message], secrets: frozenset[str]) -> list[Message]:
    """Enter messages that are not known yet, in the caller's write transaction; those that were entered.

    Whatever is one of `secrets` is struck out here, at the one door to the outside.
    """
    wanted = {message.key: message for message in messages}
    for known in known_keys(connection, wanted):
        del wanted[known]
    entered = list(wanted.values())
    if entered:
        connection.execute(insert(notification), [_row(message, secrets) for message in entered])
    return entered


def known_keys(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Which of these keys the outbox has already."""
    column = notification.c.key
    return {key for chunk in chunks(keys) for key in connection.scalars(select(column).where(column.in_(chunk)))}


def as_folded(messages: Iterable[Message]) -> list[Message]:
    """Messages that are told within another one; they stay on record."""
    return [replace(message, state=State.FOLDED) for message in messages]


def _row(message: Message, secrets: frozenset[str]) -> dict[str, Any]:
    values = {name: getattr(message, name) for name in Message.__slots__}
    return values | {
        "title": bounded(without(secrets, message.title), LONGEST_TITLE),
        "body": bounded(without(secrets, message.body), LONGEST_BODY),
        "roles": json.dumps([role.value for role in message.roles]),
        "kind": message.kind.value,
        "state": message.state.value,
        "severity": int(message.severity),
    }


def due(ws: Workspace, most: int) -> list[Message]:
    """Messages whose time has come, oldest first."""
    column = notification.c
    query = select(notification).where(column.state == State.WAITING.value, column.not_before <= ws.clock.now())
    with ws.database.read() as connection:
        return [_message(row) for row in connection.execute(query.order_by(column.created_at, column.key).limit(most))]


def messages(ws: Workspace, *, subject: str = "", states: Sequence[State] = (), last: int = 0) -> list[Message]:
    """Messages of the outbox, oldest first: about one subject, in some states, only the `last` ones."""
    column = notification.c
    query = select(notification).order_by(column.created_at.desc(), column.key.desc())
    if subject:
        query = query.where(column.subject == subject)
    if states:
        query = query.where(column.state.in_([state.value for state in states]))
    with ws.database.read() as connection:
        rows = connection.execute(query.limit(last) if last else query).all()
    return [_message(row) for row in reversed(rows)]


def mark_sent(ws: Workspace, message: Message) -> None:
    """Record that the service took it."""
    _change(ws, message, state=State.SENT.value, sent_at=ws.clock.now(), attempts=message.attempts + 1, error="")


def mark_dropped(ws: Workspace, message: Message, why: str) -> None:
    """Record that nobody needs it any more."""
    _change(ws, message, state=State.DROPPED.value, error=why)


def mark_tried(ws: Workspace, message: Message, error: str, secrets: frozenset[str]) -> State:
    """Record that it did not go, and when it is tried again; what it is then."""
    now = ws.clock.now()
    wait = WAITS[min(message.attempts, len(WAITS) - 1)]
    over = now - message.created_at > GIVES_UP and message.attempts >= 3  # a machine that was off tries some more
    state = State.FAILED if over else State.WAITING
    error = without(secrets, error)
    _change(ws, message, state=state.value, attempts=message.attempts + 1, not_before=now + wait, error=error)
    return state


def _change(ws: Workspace, message: Message, **values: Any) -> None:
    column = notification.c
    with ws.database.write() as connection:
        connection.execute(
            update(notification).where(column.key == message.key, column.state == State.WAITING.value).values(**values)
        )


def _message(row: Row[*tuple[Any, ...]]) -> Message:
    values = dict(row._mapping)
    values["kind"], values["state"] = Kind(row.kind), State(row.state)
    values["severity"] = Level(row.severity)
    values["roles"] = tuple(Role(role) for role in json.loads(row.roles))
    return Message(**values)
