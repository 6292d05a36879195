"""Reading incidents: the queue, and one incident with all that belongs to it."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.errors import UnknownNameError
from breachwatch.incidents import joins, reasons, stored
from breachwatch.incidents.advice import advice
from breachwatch.incidents.authors import authors, licences, origins
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.numbers import order_of
from breachwatch.incidents.weighing import severity_of
from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.finding import OUR_AUTHOR, Entity, Level, RuleOrigin
from breachwatch.model.incident import AlertRecord, Incident, IncidentLine, IncidentState, Joined, RelatedIncident
from breachwatch.model.systems import DataCategory
from breachwatch.records import audit, cases
from breachwatch.workspace import Workspace

_VISIBLE = tuple(state for state in IncidentState if state.waits)
_ENDED = tuple(state for state in IncidentState if state.ended)
_KIND_ORDER = {"user": 0, "source_ip": 1, "host": 2}


def queue(ws: Workspace, *, closed: bool = False) -> list[IncidentLine]:
    """The incidents that wait for an analyst: highest level first, then the oldest. With `closed`, those last.

    An incident whose evidence is not sealed yet is left out (see `count_waiting`), unless sealing it failed.
    """
    states = [*_VISIBLE, *_ENDED] if closed else list(_VISIBLE)
    with ws.database.read() as connection:
        rows = connection.execute(
            select(cases.incident).where(cases.incident.c.state.in_(state.value for state in states))
        )
        found = rows.all()
        numbers = [row.number for row in found]
        entities = _entities(connection, numbers)
        evidence = _evidence_numbers(connection, numbers)
        alerts = _alert_counts(connection, numbers)
        named = _authors(connection, numbers)
    lines = [
        IncidentLine(
            number=row.number,
            state=IncidentState(row.state),
            level=Level(row.level),
            title=row.title,
            entities=tuple(entity.value for entity in entities[row.number]),
            alerts=alerts.get(row.number, 0),
            first_time=row.first_time,
            last_time=row.last_time,
            opened_at=row.opened_at,
            evidence=tuple(evidence[row.number]),
            authors=tuple(named[row.number]),
            failure=row.failure,
            verdict=row.verdict,
            lead=row.lead,
            version=row.version,
            severity=Level(max(row.severity, 0)) if row.severity >= 0 else None,
            data=tuple(DataCategory(item) for item in json.loads(row.data_touched)),
        )
        for row in found
    ]
    return sorted(lines, key=lambda line: (line.state.ended, -_weight(line), line.opened_at, order_of(line.number)))


def count_waiting(ws: Workspace) -> int:
    """How many incidents are not shown because their evidence is not sealed yet; the next run seals it."""
    query = select(func.count()).where(cases.incident.c.state == IncidentState.PRESERVING.value)
    with ws.database.read() as connection:
        return int(connection.scalar(query) or 0)


def incident(ws: Workspace, number: str) -> Incident:
    """One incident with its alerts, entities, evidence and audit trail. Raises UnknownNameError."""
    with ws.database.read() as connection:
        row = connection.execute(select(cases.incident).where(cases.incident.c.number == number)).one_or_none()
        if row is None:
            raise UnknownNameError("incident", number, connection.scalars(select(cases.incident.c.number)))
        alerts = _alerts(connection, number)
        return Incident(
            number=row.number,
            state=IncidentState(row.state),
            level=Level(row.level),
            title=row.title,
            failure=row.failure,
            first_time=row.first_time,
            last_time=row.last_time,
            opened_at=row.opened_at,
            opened_by_run=row.opened_by_run,
            entities=tuple(_entities(connection, [number])[number]),
            alerts=alerts,
            advice=advice(connection, alerts),
            evidence=_evidence(ws, connection, number),
            audit=audit.trail(connection, number),
            verdict=row.verdict,
            verdict_reason=row.verdict_reason,
            closed_at=row.closed_at,
            closed_by=row.closed_by,
            lead=row.lead,
            merged_into=row.merged_into or "",
            recurrence_of=row.recurrence_of or "",
            referred=bool(row.referred),
            version=row.version,
            related=_related(connection, row, timedelta(hours=ws.settings.incidents.gap_hours)),
            severity=severity_of(connection, number),
        )


def _weight(line: IncidentLine) -> Level:
    return line.level if line.severity is None else line.severity


def _entities(connection: Connection, numbers: list[str]) -> dict[str, list[Entity]]:
    """Accounts, then addresses, then hosts; of each kind the most recently active first."""
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for chunk in chunks(numbers):
        query = select(cases.incident_entity).where(cases.incident_entity.c.incident.in_(chunk))
        for row in connection.execute(query):
            found[row.incident].append(row)
    ordered: dict[str, list[Entity]] = defaultdict(list)
    for number, rows in found.items():
        rows.sort(key=lambda row: (_KIND_ORDER.get(row.kind, 9), -row.last_time.timestamp(), row.value))
        ordered[number] = [Entity(row.kind, row.value) for row in rows]
    return ordered


def _evidence_numbers(connection: Connection, numbers: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    columns = cases.evidence.c
    for chunk in chunks(numbers):
        query = select(columns.incident, columns.number).where(columns.incident.in_(chunk))
        for row in connection.execute(query.order_by(columns.sealed_at, columns.number)):
            found[row.incident].append(row.number)
    return found


def _alert_counts(connection: Connection, numbers: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    column = cases.alert.c.incident
    for chunk in chunks(numbers):
        rows = connection.execute(select(column, func.count()).where(column.in_(chunk)).group_by(column))
        found.update((number, count) for number, count in rows)
    return found


def _authors(connection: Connection, numbers: list[str]) -> dict[str, dict[str, None]]:
    """By incident: who wrote the rules that fired and, but for ours, under which licence; each once."""
    pairs: list[tuple[str, str]] = []
    columns = cases.alert.c
    for chunk in chunks(numbers):
        query = select(columns.incident, columns.rule_revision).where(columns.incident.in_(chunk)).distinct()
        pairs += [
            (row.incident, row.rule_revision) for row in connection.execute(query.order_by(*query.selected_columns))
        ]
    known = origins(connection, (revision for _, revision in pairs))
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for number, revision in pairs:
        told = known.get(revision, ())
        named, licence = authors(told), licences(told)
        if named:
            found[number][f"{named} ({licence})" if licence and named != OUR_AUTHOR else named] = None
    return found


def _alerts(connection: Connection, number: str) -> tuple[AlertRecord, ...]:
    columns = cases.alert.c
    rows = connection.execute(
        select(cases.alert).where(columns.incident == number).order_by(columns.first_time, columns.key)
    ).all()
    events: dict[str, list[Row[Any]]] = defaultdict(list)
    for chunk in chunks(row.key for row in rows):
        query = select(cases.alert_event).where(cases.alert_event.c.alert_key.in_(chunk))
        for row in connection.execute(query.order_by(cases.alert_event.c.event_id)):
            events[row.alert_key].append(row)
    known = origins(connection, (row.rule_revision for row in rows))
    why = joins.joined(connection, (row.key for row in rows))
    return tuple(_alert(row, events[row.key], known.get(row.rule_revision, ()), why.get(row.key)) for row in rows)


def _alert(row: Row[Any], events: list[Row[Any]], told: tuple[RuleOrigin, ...], joined: Joined | None) -> AlertRecord:
    matched, parts = reasons.from_json(row.matched)
    return AlertRecord(
        key=row.key,
        rule_id=row.rule_id,
        rule_title=row.rule_title,
        rule_revision=row.rule_revision,
        level=Level(row.level),
        dataset=row.dataset,
        first_time=row.first_time,
        last_time=row.last_time,
        event_count=row.event_count,
        entities=stored.entities_from_json(row.entities),
        tags=tuple(json.loads(row.tags)),
        why=json.loads(row.why),
        detected_at=row.detected_at,
        run_id=row.run_id,
        event_ids=tuple(event.event_id for event in events),
        unsealed=sum(event.sealed_in is None for event in events),
        evidence=tuple(sorted({event.sealed_in for event in events if event.sealed_in})),
        matched=matched,
        parts=parts,
        author=authors(told),
        licence=licences(told),
        origins=told,
        joined=joined,
    )


def _related(connection: Connection, row: Row[Any], gap: timedelta) -> tuple[RelatedIncident, ...]:
    """Incidents that share an account, address or host with this one and were active within `gap` of it.

    Grouping ties by accounts and addresses; a host that several incidents share is worth a look, and no more.
    """
    mine, theirs = cases.incident_entity.alias("mine"), cases.incident_entity.alias("theirs")
    other = cases.incident.c
    query = (
        select(other.number, other.state, other.level, other.title, theirs.c.value)
        .join(theirs, theirs.c.incident == other.number)
        .join(mine, (mine.c.kind == theirs.c.kind) & (mine.c.value == theirs.c.value))
        .where(
            mine.c.incident == row.number,
            other.number != row.number,
            other.last_time >= row.first_time - gap,
            other.first_time <= row.last_time + gap,
        )
        .order_by(other.level.desc(), other.first_time, other.number, theirs.c.value)
    )
    found: dict[str, RelatedIncident] = {}
    for line in connection.execute(query):
        known = found.get(line.number)
        shared = (*(known.shared if known else ()), line.value)
        found[line.number] = RelatedIncident(
            line.number, IncidentState(line.state), Level(line.level), line.title, shared
        )
    return tuple(found.values())


def _evidence(ws: Workspace, connection: Connection, number: str) -> tuple[EvidenceLine, ...]:
    columns = cases.evidence.c
    rows = connection.execute(
        select(cases.evidence).where(columns.incident == number).order_by(columns.sealed_at, columns.number)
    )
    return tuple(evidence_line(ws, row) for row in rows)


def evidence_line(ws: Workspace, row: Row[Any]) -> EvidenceLine:
    """A row of the table `evidence` as it is listed."""
    return EvidenceLine(
        number=row.number,
        incident=row.incident or "",
        sealed_at=row.sealed_at,
        events=row.events,
        bytes=row.bytes,
        supplements=row.supplements,
        path=str(ws.vault / row.path),
        tagmanifest_sha256=row.tagmanifest_sha256,
        verified_at=row.verified_at,
        verified_ok=None if row.verified_ok is None else bool(row.verified_ok),
        kind=row.kind,
        title=row.title,
    )
