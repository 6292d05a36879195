"""Preservation orders (holds): placed, listed, released. What an active hold covers is not disposed of.

A hold covers events of its time (or of any time) that name one of its accounts or hosts, come from one of its sources,
or lie around one of its incidents; without any of these all events of its time. It is never changed: to cover more,
place another; to end it, release it, with a reason. The database refuses everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.model.people import Actor
from breachwatch.records import audit, cases, catalog
from breachwatch.workspace import Workspace

KINDS = ACCOUNT, HOST, SOURCE, INCIDENT = "account", "host", "source", "incident"
LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold; `items` are (kind, value). Times are aware UTC, `since` and `until` those of events, [since, until)."""

    number: str
    reason: str
    placed_at: datetime
    placed_by: str
    since: datetime | None
    until: datetime | None
    released_at: datetime | None
    released_by: str | None
    release_reason: str | None
    authority: str = ""  # the order, statute or letter it rests on
    release_authority: str | None = None
    items: tuple[tuple[str, str], ...] = ()


def enter_hold(
    ws: Workspace,
    connection: Connection,
    items: Iterable[tuple[str, str]],
    *,
    reason: str,
    authority: str,
    by: Actor,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Hold:
    """Enter a hold on `items`, each (kind, value), in the caller's write transaction.

    Without items it covers all events of its time. `evidence.holds.place` calls it: a hold is about events and evidence
    alike.

    Raises UsageError for one without a reason or time, UnknownNameError for a source or incident that does not exist.
    """
    items = tuple(dict.fromkeys((kind, value.strip()) for kind, value in items))
    _check(reason, items, since, until)
    _known(ws, connection, items)
    now = ws.clock.now()
    number = _number(connection, now.astimezone(ws.settings.city.zone).year)
    values = {
        "number": number,
        "reason": reason.strip(),
        "authority": authority.strip(),
        "since": since,
        "until": until,
    }
    connection.execute(insert(cases.hold).values(**values, placed_at=now, placed_by=by.name))
    if items:
        rows = [{"hold": number, "kind": kind, "value": value} for kind, value in items]
        connection.execute(insert(cases.hold_item), rows)
    audit.append(connection, at=now, by=by, entity=number, change="none -> in force", reason=reason)
    return hold_in(connection, number)


def end_hold(ws: Workspace, connection: Connection, number: str, *, reason: str, authority: str, by: Actor) -> Hold:
    """End a hold, in the caller's write transaction. Raises UsageError for one that was released, UnknownNameError."""
    found = hold_in(connection, number)
    if found.released_at is not None:
        msg = f"{number} was released {found.released_at:%Y-%m-%d} by {found.released_by}. Place another hold."
        raise UsageError(msg)
    now = ws.clock.now()
    ended = {"released_at": now, "released_by": by.name, "release_reason": reason.strip()}
    connection.execute(
        update(cases.hold).where(cases.hold.c.number == number).values(**ended, release_authority=authority.strip())
    )
    after = {"authority": authority.strip()}
    audit.append(connection, at=now, by=by, entity=number, change="in force -> released", reason=reason, after=after)
    return hold_in(connection, number)


def holds(ws: Workspace) -> tuple[Hold, ...]:
    """All holds, released ones too, in order of placing."""
    with ws.database.read() as connection:
        query = select(cases.hold.c.number).order_by(cases.hold.c.placed_at, cases.hold.c.number)
        return tuple(hold_in(connection, number) for number in connection.execute(query).scalars().all())


def _check(reason: str, items: tuple[tuple[str, str], ...], since: datetime | None, until: datetime | None) -> None:
    if not reason.strip():
        msg = "say what the hold is for (an order, a request, a case): it stays in the records."
        raise UsageError(msg)
    if any(kind not in KINDS for kind, _ in items):
        msg = f"a hold is on {', '.join(KINDS)} or on all events of its time."
        raise UsageError(msg)
    if any(not value or len(value) > LONGEST_NAME for _, value in items):
        msg = f"a hold names accounts, hosts, sources and incidents in 1 to {LONGEST_NAME} characters."
        raise UsageError(msg)
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            msg = f"{moment} has no time zone; give since and until as aware times."
            raise UsageError(msg)
    if since is not None and until is not None and since >= until:
        msg = f"the hold would begin {since:%Y-%m-%d %H:%M} and end {until:%Y-%m-%d %H:%M}: it covers nothing."
        raise UsageError(msg)


def _known(ws: Workspace, connection: Connection, items: tuple[tuple[str, str], ...]) -> None:
    names = {source.name for source in ws.settings.sources}
    names |= set(connection.execute(select(catalog.segment.c.source).distinct()).scalars())
    cases_known = set(connection.execute(select(cases.incident.c.number)).scalars())
    for kind, value in items:
        known = {SOURCE: names, INCIDENT: cases_known}.get(kind)
        if known is not None and value not in known:
            raise UnknownNameError(kind, value, known)


def _number(connection: Connection, year: int) -> str:
    prefix = f"HOLD-{year}-"
    taken = connection.execute(select(cases.hold.c.number).where(cases.hold.c.number.startswith(prefix))).scalars()
    return f"{prefix}{max((int(number.removeprefix(prefix)) for number in taken), default=0) + 1:04d}"


def hold_in(connection: Connection, number: str) -> Hold:
    """The hold of that number. Raises UnknownNameError."""
    row = connection.execute(select(cases.hold).where(cases.hold.c.number == number)).mappings().first()
    if row is None:
        raise UnknownNameError("hold", number, connection.execute(select(cases.hold.c.number)).scalars())
    item = cases.hold_item.c
    items = connection.execute(select(item.kind, item.value).where(item.hold == number).order_by(item.kind, item.value))
    return Hold(**row, items=tuple((kind, value) for kind, value in items))
