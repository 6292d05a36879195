"""Custodians: the people who must keep what a hold covers, what they were told, and that they acknowledged it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.lake.care import hold_in
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records.custodians import hold_answer, hold_custodian, hold_notice
from breachwatch.workspace import Workspace

LONGEST = 300
NOTICE, REMINDER, RELEASE = "notice", "reminder", "release"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice or reminder that went to a custodian. `at` is aware UTC."""

    at: datetime
    kind: str
    how: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Custodian:
    """Somebody who must keep what a hold covers. `person` is a login of the settings, or a free name."""

    person: str
    name: str
    title: str = ""
    contact: str = ""
    told: tuple[Told, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_how: str = ""
    recorded_by: str = ""


def named(ws: Workspace, people: Iterable[str]) -> tuple[Custodian, ...]:
    """Custodians from what was typed: a login of the settings, or `Name <contact>` of anybody else.

    Raises UsageError for one without a name or too long, and for somebody named twice.
    """
    known = {person.login: person for person in ws.settings.people}
    found: dict[str, Custodian] = {}
    for typed in people:
        said = " ".join(typed.split())
        person = known.get(said)
        if person is not None:
            custodian = Custodian(person.login, person.name, person.title, person.contact)
        else:
            name, _, contact = said.partition("<")
            custodian = Custodian(name.strip(), name.strip(), contact=contact.removesuffix(">").strip())
        if not custodian.name or len(said) > LONGEST:
            msg = f"a custodian is a login of [[people]] or 'Name <contact>', in at most {LONGEST} characters."
            raise UsageError(msg)
        if custodian.person in found:
            msg = f"{custodian.person!r} is named twice."
            raise UsageError(msg)
        found[custodian.person] = custodian
    return tuple(found.values())


def add_custodians(ws: Workspace, number: str, people: Iterable[str], *, by: Actor) -> tuple[Custodian, ...]:
    """Name further custodians of a hold in force. Raises NotPermittedError, UnknownNameError, UsageError."""
    require(by, Permission.PLACE_HOLD)
    wanted = named(ws, people)
    with ws.database.write() as connection:
        hold = hold_in(connection, number)
        if hold.released_at is not None:
            msg = f"{number} was released {hold.released_at:%Y-%m-%d}; nobody needs to keep anything for it."
            raise UsageError(msg)
        there = {custodian.person for custodian in custodians_in(connection, number)}
        twice = [custodian.person for custodian in wanted if custodian.person in there]
        if twice:
            msg = f"{twice[0]!r} is a custodian of {number} already."
            raise UsageError(msg)
        enter_custodians(connection, number, wanted, by=by, at=ws.clock.now())
        return custodians_in(connection, number)


def enter_custodians(
    connection: Connection, number: str, people: Iterable[Custodian], *, by: Actor, at: datetime
) -> None:
    """Enter custodians in the caller's write transaction."""
    for person in people:
        values = {"person": person.person, "name": person.name, "title": person.title, "contact": person.contact}
        connection.execute(insert(hold_custodian).values(hold=number, **values, named_at=at, named_by=by.name))
        change = f"custodian named: {person.name}"
        audit.append(connection, at=at, by=by, entity=number, change=change, reason="must keep what the hold covers")


def custodians_in(connection: Connection, number: str) -> tuple[Custodian, ...]:
    """The custodians of a hold, in order of naming, with what they were told and answered."""
    answers: dict[str, Row[Any]] = {}
    column = hold_answer.c
    for row in connection.execute(select(hold_answer).where(column.hold == number).order_by(column.seq)):
        answers.setdefault(row.person, row)  # the first acknowledgement counts
    told: dict[str, list[Told]] = {}
    notice = hold_notice.c
    for row in connection.execute(select(hold_notice).where(notice.hold == number).order_by(notice.seq)):
        told.setdefault(row.person, []).append(Told(row.at, row.kind, row.how, row.sha256))
    query = select(hold_custodian).where(hold_custodian.c.hold == number)
    rows = connection.execute(query.order_by(hold_custodian.c.named_at, hold_custodian.c.name))
    return tuple(
        Custodian(
            row.person,
            row.name,
            row.title,
            row.contact,
            tuple(told.get(row.person, ())),
            answers[row.person].at if row.person in answers else None,
            answers[row.person].how if row.person in answers else "",
            answers[row.person].recorded_by if row.person in answers else "",
        )
        for row in rows
    )


def acknowledge(
    ws: Workspace, number: str, *, by: Actor, person: str = "", how: str = "", at: datetime | None = None
) -> Custodian:
    """Record that a custodian acknowledged a hold: oneself, or another person, with how they said it.

    Whoever may place holds may record it for others; everybody for themselves. `at` is aware, now if left out.
    Raises NotPermittedError, UnknownNameError, and UsageError for a second acknowledgement or a time to come.
    """
    own = person in {"", by.login}
    if not own:
        require(by, Permission.PLACE_HOLD)
    how = how.strip() or ("" if not own else f"by command ({by.via.value})")
    if not how or len(how) > LONGEST:
        msg = "say how they acknowledged it (a signed letter, a mail of that day): it stays in the records."
        raise UsageError(msg)
    now = ws.clock.now()
    if at is not None and (at.tzinfo is None or at > now):
        msg = f"{at} is no time that has passed."
        raise UsageError(msg)
    with ws.database.write() as connection:
        hold_in(connection, number)
        people = {custodian.person: custodian for custodian in custodians_in(connection, number)}
        wanted = people.get(person or by.login)
        if wanted is None:
            raise UnknownNameError(f"custodian of {number}", person or by.login, people)
        if wanted.acknowledged_at is not None:
            msg = f"{wanted.name} acknowledged {number} on {wanted.acknowledged_at:%Y-%m-%d} already."
            raise UsageError(msg)
        values = {"hold": number, "person": wanted.person, "how": how, "recorded_by": by.name}
        connection.execute(insert(hold_answer).values(**values, at=at or now, recorded_at=now))
        change = f"acknowledged by {wanted.name}"
        audit.append(connection, at=now, by=by, entity=number, change=change, reason=how)
        return next(item for item in custodians_in(connection, number) if item.person == wanted.person)


def note_told(ws: Workspace, number: str, person: str, *, kind: str, how: str, text: str, by: Actor) -> None:
    """Record that a custodian was sent or handed a notice, with the hash of its text."""
    require(by, Permission.PLACE_HOLD)
    with ws.database.write() as connection:
        enter_told(connection, number, person, kind=kind, how=how, text=text, by=by, at=ws.clock.now())


def enter_told(
    connection: Connection, number: str, person: str, *, kind: str, how: str, text: str, by: Actor, at: datetime
) -> None:
    """Record it in the caller's write transaction."""
    digest = sha256(text.encode()).hexdigest()
    values = {
        "hold": number,
        "person": person,
        "at": at,
        "kind": kind,
        "how": how,
        "sha256": digest,
        "told_by": by.name,
    }
    connection.execute(insert(hold_notice).values(**values))
    audit.append(connection, at=at, by=by, entity=number, change=f"{kind} to {person}", reason=how)
