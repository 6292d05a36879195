"""Reports as they stand: what was said with later corrections, and what was done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.incidents.chunking import chunks
from breachwatch.model.intake import Relation, ReportEvent, ReportKind, ReportRecord, ReportState
from breachwatch.model.people import Actor, Permission, Role
from breachwatch.people import require
from breachwatch.records import intake
from breachwatch.records.disposing_parts import NOTHING
from breachwatch.respond.intake.numbers import row_of
from breachwatch.respond.intake.wording import DUE, NOT_SEALED, SEALED, from_text
from breachwatch.workspace import Workspace

CORRECTED, FOLLOW_UP, ANSWERED, REOPENED = "corrected", "follow-up", "answered", "reopened"
_TRIAGE = {state.value: state for state in ReportState} | {REOPENED: ReportState.NEW}


def report_of(ws: Workspace, number: str, *, by: Actor) -> ReportRecord:
    """One report with all that was done. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return record_in(connection, number)


def record_in(connection: Connection, number: str) -> ReportRecord:
    """The same on a connection of the caller's."""
    [found] = _records(connection, [row_of(connection, number)])
    return found


def reports(
    ws: Workspace,
    *,
    by: Actor,
    waiting: bool = False,
    role: Role | None = None,
    incident: str = "",
    limit: int | None = None,
) -> tuple[ReportRecord, ...]:
    """Reports in the order of receipt: all, those that wait for triage, those for one role, those of one incident."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        if incident:
            return of_incident(connection, incident)[:limit]
        return tuple(_chosen(connection, waiting, role, limit))


def waiting(connection: Connection) -> tuple[ReportRecord, ...]:
    """The reports that wait for triage, on a connection of the caller's."""
    return tuple(_chosen(connection, True, None, None))


def owed(connection: Connection) -> tuple[ReportRecord, ...]:
    """The reports whose reporter is owed an answer by some day, in the order of receipt."""
    event = intake.report_event.c
    named = select(event.report).where(event.due_at.is_not(None))
    query = select(intake.report).where(intake.report.c.number.in_(named)).order_by(intake.report.c.ordinal)
    found = _records(connection, connection.execute(query).all())
    return tuple(item for item in found if item.due_at is not None)


def of_incident(connection: Connection, incident: str) -> tuple[ReportRecord, ...]:
    """The reports that were attached to an incident, or opened it."""
    event = intake.report_event.c
    named = select(event.report).where(event.incident == incident)
    query = select(intake.report).where(intake.report.c.number.in_(named)).order_by(intake.report.c.ordinal)
    rows = connection.execute(query).all()
    return tuple(item for item in _records(connection, rows) if item.incident == incident)


def _chosen(connection: Connection, waits: bool, role: Role | None, limit: int | None) -> list[ReportRecord]:
    columns, event = intake.report.c, intake.report_event.c
    query = select(intake.report).order_by(columns.ordinal)
    if waits:
        # What was triaged and not taken up again; the events of the few others are looked at one by one.
        ended = [state.value for state in ReportState if not state.waits]
        last = select(event.report).where(event.what.in_(ended))
        again = select(event.report).where(event.what == REOPENED)
        query = query.where(columns.number.not_in(last) | columns.number.in_(again))
    found = _records(connection, connection.execute(query).all())
    kept = [
        item for item in found if (not waits or item.state.waits) and (role is None or role in item.said.kind.routed_to)
    ]
    return kept if limit is None else kept[:limit]


def _records(connection: Connection, rows: Sequence[Row[Any]]) -> list[ReportRecord]:
    events = _events(connection, (row.number for row in rows))
    return [_record(row, events[row.number]) for row in rows]


def _events(connection: Connection, numbers: Iterable[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    columns = intake.report_event.c
    for chunk in chunks(numbers):
        query = select(intake.report_event).where(columns.report.in_(chunk)).order_by(columns.seq)
        for row in connection.execute(query):
            found[row.report].append(row)
    return found


def _record(row: Row[Any], events: Sequence[Row[Any]]) -> ReportRecord:
    said = first = from_text(row.body)
    state, incident, other, failure, due = ReportState.NEW, "", "", "not sealed yet", None
    evidence: list[str] = []
    for event in events:
        if event.what in _TRIAGE:
            state, incident, other = _TRIAGE[event.what], event.incident or "", event.other
        elif event.what == CORRECTED:
            said = from_text(event.body)
        elif event.what in {SEALED, NOT_SEALED}:
            failure = event.text
        if event.what in {DUE, ANSWERED}:
            due = event.due_at
        if event.evidence and event.what in {SEALED, FOLLOW_UP, CORRECTED}:
            evidence.append(event.evidence)
    if row.body == NOTHING:  # what it is about was counted, and stays
        said = first = replace(first, kind=ReportKind(row.kind), relation=Relation(row.relation))
    return ReportRecord(
        number=row.number,
        received_at=row.received_at,
        taken_by=row.taken_by,
        said=said,
        first_said=first,
        state=state,
        incident=incident,
        duplicate_of=other,
        evidence=tuple(evidence),
        failure=failure,
        due_at=due,
        events=tuple(_event(event) for event in events),
    )


def _event(row: Row[Any]) -> ReportEvent:
    return ReportEvent(
        row.seq,
        row.report,
        row.what,
        row.incident or "",
        row.evidence or "",
        row.due_at,
        row.text,
        row.by,
        row.at,
    )
