"""The eight moments that legal clocks begin from, each with who set it, when and why.

Three of them follow from the records until somebody sets them: when it occurred (the first event of its alerts), was
detected and was discovered (when the run opened it: the careful reading, which counsel may move). A time that is set
anew supersedes the one before, which stays. Of merged incidents the earliest of each of the first four counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.changing import Change, changing, said
from breachwatch.incidents.casework.finding import all_members, members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Anchor, AnchorTime
from breachwatch.model.moment import told
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases, casework
from breachwatch.workspace import Workspace

_EARLIEST = frozenset({Anchor.OCCURRED, Anchor.DETECTED, Anchor.DISCOVERED, Anchor.DETERMINED})

_NOT_AFTER: tuple[tuple[Anchor, Anchor], ...] = (
    *((Anchor.OCCURRED, later) for later in Anchor if later is not Anchor.OCCURRED),
    (Anchor.DISCOVERED, Anchor.DETERMINED),
    (Anchor.CONTAINED, Anchor.CLOSED),
    (Anchor.ERADICATED, Anchor.CLOSED),
    (Anchor.RECOVERED, Anchor.CLOSED),
    (Anchor.DETERMINED, Anchor.CLOSED),
)
"""The first cannot come after the second. What is detected may have been discovered before, by a person."""


def set_anchor(
    ws: Workspace,
    number: str,
    anchor: Anchor,
    at: datetime,
    *,
    by: Actor,
    reason: str,
    expected_version: int | None = None,
) -> AnchorTime:
    """Set one of the moments; `at` is aware and its zone is kept.

    That a breach was determined, and that it was discovered later than detected, only counsel says: both make deadlines
    longer. Raises NotPermittedError, UnknownNameError, ChangedMeanwhileError, and UsageError for an impossible time.
    """
    reason = said(reason, f"why it is held to have been {anchor} then")
    if at.tzinfo is None:
        msg = f"the time {at.isoformat()} has no zone. Give one: 2026-11-22T02:14-06:00, or 2026-11-22T08:14Z."
        raise UsageError(msg)
    with changing(
        ws, number, by=by, may=(Permission.TRIAGE, Permission.DECIDE), expected_version=expected_version
    ) as change:
        now = anchors_of(change.connection, change.row)
        if anchor is Anchor.DETERMINED or (anchor is Anchor.DISCOVERED and at > now[Anchor.DETECTED].at):
            require(by, Permission.DECIDE)
        _refuse_impossible(number, anchor, at, now, change.at)
        return write_anchor(change, anchor, at, reason, before=now.get(anchor))


def write_anchor(change: Change, anchor: Anchor, at: datetime, reason: str, before: AnchorTime | None) -> AnchorTime:
    """Add the row, within a change that is under way."""
    zone = getattr(at.tzinfo, "key", None) or at.strftime("%z")
    values = {
        "incident": change.number,
        "anchor": anchor.value,
        "at": at,
        "zone": zone,
        "set_by": change.by.name,
        "set_at": change.at,
        "reason": reason,
    }
    key = change.connection.execute(casework.anchor.insert().values(**values)).inserted_primary_key
    old = {"at": before.at.isoformat(), "set_by": before.set_by} if before else {}
    change.note(f"{anchor} at {at.isoformat()}", reason, old, {"at": at.isoformat(), "zone": zone})
    return AnchorTime(anchor, at, zone, change.by.name, change.at, reason, int(key[0]) if key else None)


def anchors(ws: Workspace, number: str, *, by: Actor) -> dict[Anchor, AnchorTime]:
    """The moments that are known of an incident, with those of what was merged into it."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return anchors_of(connection, row_of(connection, number))


def history(ws: Workspace, number: str, *, by: Actor) -> tuple[AnchorTime, ...]:
    """All that was ever set, oldest first: what was superseded stays."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return _set(connection, members(connection, row_of(connection, number).number))


def anchors_of(connection: Connection, row: Row[Any]) -> dict[Anchor, AnchorTime]:
    """The moments that count: of the incident itself the latest that was set; of merged ones where they are earlier."""
    return anchors_of_many(connection, [row])[row.number]


def anchors_of_many(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, dict[Anchor, AnchorTime]]:
    """The same for many incidents in few queries, by their numbers; none of them is merged into another of them."""
    known = {row.number: row for row in rows}
    asked = list(known)
    belongs = all_members(connection, asked)
    for chunk in chunks(number for number in belongs if number not in known):
        query = select(cases.incident).where(cases.incident.c.number.in_(chunk))
        known.update((other.number, other) for other in connection.execute(query))
    by_incident: dict[str, dict[Anchor, AnchorTime]] = {number: _derived(known[number]) for number in belongs}
    for item in _set(connection, belongs):
        by_incident[item.incident][item.anchor] = item
    for number in asked:
        if known[number].closed_at is None:  # it was opened again
            by_incident[number].pop(Anchor.CLOSED, None)
    for number, root in belongs.items():
        found = by_incident[root]
        for anchor, item in by_incident[number].items():
            if anchor in _EARLIEST and (anchor not in found or item.at < found[anchor].at):
                found[anchor] = item
    return {
        number: {anchor: by_incident[number][anchor] for anchor in Anchor if anchor in by_incident[number]}
        for number in asked
    }


def _derived(row: Row[Any]) -> dict[Anchor, AnchorTime]:
    opened, run = row.opened_at, f"breachwatch {row.opened_by_run}"
    number = row.number

    def said_by_records(anchor: Anchor, at: datetime, reason: str) -> AnchorTime:
        return AnchorTime(anchor, at, "UTC", run, opened, reason, incident=number)

    return {
        Anchor.OCCURRED: said_by_records(Anchor.OCCURRED, min(row.first_time, opened), "the first event of its alerts"),
        Anchor.DETECTED: said_by_records(Anchor.DETECTED, opened, "the run that opened the incident"),
        Anchor.DISCOVERED: said_by_records(
            Anchor.DISCOVERED, opened, "taken to be when it was detected, until somebody says otherwise"
        ),
    }


def _set(connection: Connection, numbers: Iterable[str]) -> tuple[AnchorTime, ...]:
    columns = casework.anchor.c
    rows: list[Row[Any]] = []
    for chunk in chunks(numbers):
        rows += connection.execute(select(casework.anchor).where(columns.incident.in_(chunk))).all()
    return tuple(
        AnchorTime(Anchor(row.anchor), row.at, row.zone, row.set_by, row.set_at, row.reason, row.seq, row.incident)
        for row in sorted(rows, key=lambda row: row.seq)
    )


def _refuse_impossible(
    number: str, anchor: Anchor, at: datetime, now: Mapping[Anchor, AnchorTime], clock: datetime
) -> None:
    if at > clock:
        clock_says = told(clock, at.tzinfo)
        msg = f"the moment {anchor!s} of {number} cannot be {told(at)}: it is {clock_says} now. Correct the time."
        raise UsageError(msg)
    for first, second in _NOT_AFTER:
        other = second if anchor is first else first if anchor is second else None
        if other is None or other not in now:
            continue
        wrong = at > now[other].at if anchor is first else at < now[other].at
        if wrong:
            set_ = now[other]
            msg = (
                f"{number}: {anchor} at {told(at)} is impossible: {first} cannot be after {second}, and it was "
                f"{other} at {told(set_.at, at.tzinfo)} ({set_.set_by}: {set_.reason}). Correct the time, or first set "
                f"{other} anew: breachwatch incident anchor {number} {other} TIME --reason WHY"
            )
            raise UsageError(msg)
