"""Who is to be told of what now: new incidents by their severity, and the next step where nobody has answered.

Each incident is told once at each severity, step and channel. It is told when it is visible: its evidence is sealed, or
could not be sealed. Many at once become one message, so that a bad night does not flood a telephone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Role
from breachwatch.notify import outbox, texts
from breachwatch.notify.answers import severity_of
from breachwatch.notify.channels import channels_for
from breachwatch.notify.outbox import Kind, Message, State
from breachwatch.notify.texts import Told
from breachwatch.records import cases
from breachwatch.records.outbox import answer, notification
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Known:
    """What the outbox knows of the incidents that wait: the keys, and when each was first told at each severity."""

    keys: frozenset[str]
    asked: Mapping[tuple[str, int], datetime]


def plan(ws: Workspace, secrets: frozenset[str]) -> int:
    """Enter what is to be told about incidents into the outbox; how many messages that are.

    The caller holds the lock `notify`: nobody else enters messages between reading and writing.
    """
    if not ws.settings.notify.channels:
        return 0
    with ws.database.read() as connection:
        known = _known(ws, connection)
        new = [message for row in unanswered(connection) for message in _for_incident(ws, connection, row, known)]
        new = _folded(ws, connection, new)
    if not new:
        return 0
    with ws.database.write() as connection:
        return len(outbox.enter(connection, new, secrets))


def unanswered(connection: Connection) -> list[Row[*tuple[Any, ...]]]:
    """The incidents that nobody has taken on, by number."""
    highest = select(answer.c.incident, func.max(answer.c.severity).label("said")).group_by(answer.c.incident)
    said = {row.incident: row.said for row in connection.execute(highest)}
    column = cases.incident.c
    query = select(cases.incident).where(column.state == IncidentState.NEW.value).order_by(column.number)
    return [row for row in connection.execute(query) if said.get(row.number, 0) < int(severity_of(row))]


def _known(ws: Workspace, connection: Connection) -> _Known:
    column = notification.c
    waits = select(cases.incident.c.number).where(cases.incident.c.state == IncidentState.NEW.value)
    query = select(column.key, column.subject, column.severity, column.stage, column.created_at, column.roles)
    keys, asked = set(), dict[tuple[str, int], datetime]()
    for row in connection.execute(query.where(column.subject.in_(waits))):
        keys.add(row.key)
        if row.stage == 0:
            # Nobody is late with an answer to what waits for the end of the quiet hours.
            roles = [Role(role) for role in json.loads(row.roles)]
            at = after_quiet(ws, row.created_at, Level(row.severity), roles)
            about = (row.subject, row.severity)
            asked[about] = min(at, asked.get(about, at))
    return _Known(frozenset(keys), asked)


def _for_incident(ws: Workspace, connection: Connection, row: Row[*tuple[Any, ...]], known: _Known) -> list[Message]:
    """The steps whose time has come and that were not told yet."""
    severity, now = severity_of(row), ws.clock.now()
    telling = ws.settings.notify.telling(severity)
    steps: list[tuple[int, tuple[Role, ...], datetime | None]] = [(0, telling.roles, None)]
    asked = known.asked.get((row.number, int(severity)))
    if asked is None and not channels_for(ws, telling.roles):
        asked = row.opened_at  # there was nobody to ask first
    if telling.acknowledge_minutes and asked is not None:
        wait = timedelta(minutes=telling.acknowledge_minutes)
        steps += [(n, roles, asked) for n, roles in enumerate(telling.escalate, 1) if now >= asked + n * wait]
    told = None
    found = []
    for stage, roles, since in steps:
        for channel, reached in channels_for(ws, roles).items():
            if _key(row.number, severity, stage, channel) not in known.keys:
                told = told or _told(ws, connection, row, severity)
                found.append(_message(ws, told, stage, channel, reached, since))
    return found


def _key(number: str, severity: Level, stage: int, channel: str) -> str:
    return f"{number}/{severity}/{stage}/{channel}"


def _told(
    ws: Workspace, connection: Connection, row: Row[*tuple[Any, ...]], severity: Level, *, named: bool = True
) -> Told:
    names: list[str] = []
    if named and ws.settings.notify.name_entities:
        entity = cases.incident_entity.c
        query = select(entity.value).where(entity.incident == row.number).order_by(entity.kind.desc(), entity.value)
        names = list(connection.scalars(query))
    return Told(
        row.number, severity, row.title, row.failure, row.first_time, row.last_time, row.opened_at, tuple(names)
    )


def _message(
    ws: Workspace, told: Told, stage: int, channel: str, roles: tuple[Role, ...], asked: datetime | None
) -> Message:
    city, now = ws.settings.city, ws.clock.now()
    minutes = ws.settings.notify.telling(told.severity).acknowledge_minutes
    return Message(
        key=_key(told.number, told.severity, stage, channel),
        kind=Kind.ESCALATION if stage else Kind.INCIDENT,
        subject=told.number,
        severity=told.severity,
        stage=stage,
        roles=roles,
        channel=channel,
        title=texts.incident_title(told, stage),
        body=texts.incident_body(told, city.name, city.zone, stage=stage, minutes=minutes, asked=asked),
        created_at=now,
        not_before=after_quiet(ws, now, told.severity, roles),
    )


def after_quiet(ws: Workspace, now: datetime, severity: Level, roles: Iterable[Role]) -> datetime:
    """When these roles may be disturbed by something of that severity: now, or when the first one's quiet ends."""
    notify, zone = ws.settings.notify, ws.settings.city.zone
    if severity >= Level[notify.quiet_below.upper()]:
        return now
    return min((_quiet_ends(now, notify.quiet.get(role), zone) for role in roles), default=now)


def _quiet_ends(now: datetime, hours: tuple[int, int] | None, zone: Any) -> datetime:
    if hours is None:
        return now
    local = now.astimezone(zone)
    begin, end = hours
    quiet = begin <= local.hour < end if begin < end else local.hour >= begin or local.hour < end
    if not quiet:
        return now
    day = local.date() if local.hour < end else local.date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, end, tzinfo=zone).astimezone(now.tzinfo)


def _folded(ws: Workspace, connection: Connection, new: list[Message]) -> list[Message]:
    """The messages, those of a channel made one where they are too many; the single ones stay on record."""
    by_channel: dict[str, list[Message]] = defaultdict(list)
    for message in new:
        by_channel[message.channel].append(message)
    made: list[Message] = []
    for channel, many in by_channel.items():
        if len(many) <= ws.settings.notify.most_at_once:
            made += many
            continue
        numbers = {message.subject for message in many}
        rows = [row for row in unanswered(connection) if row.number in numbers]
        told = [_told(ws, connection, row, severity_of(row), named=False) for row in rows]
        highest = max(message.severity for message in many)
        roles = tuple(dict.fromkeys(role for message in many for role in message.roles))
        now = ws.clock.now()
        made += [replace(message, state=State.FOLDED) for message in many]
        made.append(
            Message(
                key=f"several/{now.isoformat()}/{channel}",
                kind=Kind.SEVERAL,
                subject=f"{len(numbers)} incidents",
                severity=highest,
                stage=0,
                roles=roles,
                channel=channel,
                title=texts.several_title(told),
                body=texts.several_body(told, ws.settings.city.name),
                created_at=now,
                not_before=after_quiet(ws, now, highest, roles),
            )
        )
    return made
