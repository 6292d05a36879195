"""Incidents that belong together: merged and taken apart again, duplicate, related, recurring.

Merging moves nothing. The merged incident keeps its number, its alerts, evidence, notes and decisions; the other shows
them as well, covers their time and takes new alerts for both. Taking the merge back restores both from what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.errors import UsageError
from breachwatch.incidents import stored
from breachwatch.incidents.casework.changing import Change, begin, changing, finish, said
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.entities import kept
from breachwatch.incidents.weighing import recompute
from breachwatch.model.casework import Link, Relation
from breachwatch.model.finding import Entity
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases, casework
from breachwatch.workspace import Workspace


def merge(
    ws: Workspace,
    number: str,
    into: str,
    *,
    by: Actor,
    reason: str,
    expected_version: int | None = None,
) -> None:
    """Let an incident go on in another one. `expected_version` is that of the incident that is merged.

    Raises UsageError where one of them is closed or still preserving, NotPermittedError, UnknownNameError,
    ChangedMeanwhileError.
    """
    reason = said(reason, "why they belong together")
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        target = begin(change.connection, into, by=by, at=change.at)
        _refuse_merge(change, target)
        before = str(change.row.state)
        _write_link(change, into, Relation.MERGED, reason, before)
        change.set(f"{before} -> merged into {into}", reason, state=IncidentState.MERGED.value, merged_into=into)
        finish(change)
        target.note(f"merged: {number}", reason, after={"merged": number})
        _cover(target)
        finish(target)
        recompute(change.connection, ws, [into], at=change.at, by=by)


def unmerge(
    ws: Workspace, number: str, *, by: Actor, reason: str, expected_version: int | None = None
) -> IncidentState:
    """Take a merge back: the incident stands where it stood before, the other covers only what is its own."""
    reason = said(reason, "why they do not belong together")
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        if change.row.state != IncidentState.MERGED:
            msg = f"{number} is not merged into another incident; it is {change.row.state}."
            raise UsageError(msg)
        into = str(change.row.merged_into)
        link = change.connection.execute(
            select(casework.link)
            .where(
                casework.link.c.incident == number,
                casework.link.c.relation == Relation.MERGED.value,
                casework.link.c.undone_at.is_(None),
            )
            .order_by(casework.link.c.seq.desc())
            .limit(1)
        ).one()
        undone = {"undone_at": change.at, "undone_by": by.name, "undo_reason": reason}
        change.connection.execute(casework.link.update().where(casework.link.c.seq == link.seq).values(**undone))
        change.set(f"merged into {into} -> {link.state_before}", reason, state=link.state_before, merged_into=None)
        finish(change)
        while into:  # the other may itself go on in a third
            target = begin(change.connection, into, by=by, at=change.at)
            target.note(f"no longer merged: {number}", reason)
            _cover(target)
            finish(target)
            recompute(change.connection, ws, [into], at=change.at, by=by)
            into = str(target.row.merged_into or "")
        return IncidentState(link.state_before)


def link(
    ws: Workspace,
    number: str,
    other: str,
    relation: Relation,
    *,
    by: Actor,
    reason: str,
    expected_version: int | None = None,
) -> None:
    """Note that an incident is related to another, or a recurrence of it. Merges and duplicates go other ways."""
    reason = said(reason, "why they belong together")
    if relation not in {Relation.RELATED, Relation.RECURRENCE}:
        msg = f"{relation} is no link by itself: use `incident merge`, or the verdict duplicate."
        raise UsageError(msg)
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        target = begin(change.connection, other, by=by, at=change.at)
        if target.number == number:
            msg = f"{number} cannot be linked to itself."
            raise UsageError(msg)
        known = [item for item in links_of(change.connection, [number]) if item.undone_at is None]
        if any((item.incident, item.other, item.relation) == (number, other, relation) for item in known):
            msg = f"{number} is linked to {other} already ({relation})."
            raise UsageError(msg)
        _write_link(change, other, relation, reason, str(change.row.state))
        if relation is Relation.RECURRENCE:
            change.values["recurrence_of"] = other
        change.note(f"{relation}: {other}", reason)
        target.note(f"{relation}: {number}", reason)
        finish(target)


def unlink(ws: Workspace, number: str, other: str, *, by: Actor, reason: str) -> None:
    """Take a link back; it stays visible as taken back."""
    reason = said(reason, "why they do not belong together")
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=None) as change:
        mine = [
            item
            for item in links_of(change.connection, [number])
            if item.undone_at is None and item.relation is not Relation.MERGED and other in {item.incident, item.other}
        ]
        if not mine:
            msg = f"{number} has no link to {other} that could be taken back."
            raise UsageError(msg)
        for item in mine:
            undone = {"undone_at": change.at, "undone_by": by.name, "undo_reason": reason}
            change.connection.execute(casework.link.update().where(casework.link.c.seq == item.seq).values(**undone))
            if item.relation is Relation.RECURRENCE and item.incident == number:
                change.values["recurrence_of"] = None
        change.note(f"link to {other} taken back", reason)


def links(ws: Workspace, number: str, *, by: Actor) -> tuple[Link, ...]:
    """All links of an incident, in both directions, also those that were taken back."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return links_of(connection, [row_of(connection, number).number])


def links_of(connection: Connection, numbers: Iterable[str]) -> tuple[Link, ...]:
    """All links that begin or end at one of these incidents, oldest first."""
    columns = casework.link.c
    rows: dict[int, Row[Any]] = {}
    for chunk in chunks(numbers):
        for column in (columns.incident, columns.other):
            rows.update((row.seq, row) for row in connection.execute(select(casework.link).where(column.in_(chunk))))
    return tuple(
        Link(
            row.seq,
            row.incident,
            row.other,
            Relation(row.relation),
            row.reason,
            row.by,
            row.at,
            row.undone_by,
            row.undone_at,
            row.undo_reason,
        )
        for _, row in sorted(rows.items())
    )


def _refuse_merge(change: Change, target: Change) -> None:
    number, into = change.number, target.number
    if number == into:
        msg = f"{number} cannot be merged into itself."
        raise UsageError(msg)
    for row in (change.row, target.row):
        state = IncidentState(row.state)
        if state is IncidentState.MERGED:
            msg = f"{row.number} goes on in {row.merged_into} already; merge with that one."
            raise UsageError(msg)
        if not state.waits:
            msg = f"{row.number} is {state}; only open incidents are merged."
            raise UsageError(msg)


def _cover(change: Change) -> None:
    """Give an incident the span, the level and the entities of its own alerts and of those merged into it."""
    connection, number = change.connection, change.number
    numbers = members(connection, number)
    alert = cases.alert.c
    entities: dict[Entity, datetime] = {}
    spans: list[Any] = []
    for chunk in chunks(numbers):
        within = alert.incident.in_(chunk)
        of_all = select(func.min(alert.first_time), func.max(alert.last_time), func.max(alert.level)).where(within)
        spans += [row for row in connection.execute(of_all) if row[0] is not None]
        query = select(alert.entities, func.max(alert.last_time).label("last")).where(within)
        for row in connection.execute(query.group_by(alert.entities)):
            for entity in kept(stored.entities_from_json(row.entities)):
                entities[entity] = max(row.last, entities.get(entity, row.last))
    if spans:
        first, last, level = zip(*spans, strict=True)
        change.values.update(first_time=min(first), last_time=max(last), level=max(level))
    table = cases.incident_entity
    connection.execute(table.delete().where(table.c.incident == number))
    if entities:
        connection.execute(
            table.insert(),
            [
                {"incident": number, "kind": entity.kind, "value": entity.value, "last_time": at}
                for entity, at in entities.items()
            ],
        )


def _write_link(change: Change, other: str, relation: Relation, reason: str, before: str) -> None:
    change.connection.execute(
        casework.link.insert().values(
            incident=change.number,
            other=other,
            relation=relation.value,
            reason=reason,
            by=change.by.name,
            at=change.at,
            state_before=before,
        )
    )
