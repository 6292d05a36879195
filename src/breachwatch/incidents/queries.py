"""Reading one incident with all that belongs to it."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.incidents import joins, reasons, stored
from breachwatch.incidents.advice import advice
from breachwatch.incidents.authors import authors, licences, origins
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.listing import entities_of
from breachwatch.incidents.sharing import sharing
from breachwatch.incidents.weighing import severity_of
from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.finding import Level, RuleOrigin
from breachwatch.model.incident import AlertRecord, Incident, IncidentState, Joined, RelatedIncident
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.workspace import Workspace


def incident(ws: Workspace, number: str, *, by: Actor) -> Incident:
    """One incident with its alerts, entities, evidence and audit trail. Raises UnknownNameError, NotPermittedError.

    The alerts and the evidence of what was merged into it are among them.
    """
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        numbers = members(connection, number)
        alerts = _alerts(connection, numbers)
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
            entities=tuple(entities_of(connection, [number])[number]),
            alerts=alerts,
            advice=advice(connection, alerts),
            evidence=_evidence(ws, connection, numbers),
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
            merged=tuple(numbers[1:]),
            related=_related(ws, connection, row, numbers),
            severity=severity_of(connection, number),
        )


def _alerts(connection: Connection, numbers: list[str]) -> tuple[AlertRecord, ...]:
    columns = cases.alert.c
    rows: list[Row[Any]] = []
    for chunk in chunks(numbers):
        rows += connection.execute(select(cases.alert).where(columns.incident.in_(chunk))).all()
    rows.sort(key=lambda row: (row.first_time, row.key))
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


def _related(ws: Workspace, connection: Connection, row: Row[Any], numbers: list[str]) -> tuple[RelatedIncident, ...]:
    """Incidents that share an account, address or host with this one and were active within the gap of it.

    Grouping ties by accounts and addresses; a host that several incidents share is worth a look, and no more.
    """
    gap = timedelta(hours=ws.settings.incidents.gap_hours)
    around = gap + timedelta(days=ws.settings.incidents.max_span_days)  # an entity's last time lies in its incident
    mine = entities_of(connection, [row.number])[row.number]
    since, until = row.first_time - around, row.last_time + around
    shared = sharing(connection, mine, since=since, until=until)
    other = cases.incident.c
    found: list[Any] = []
    for chunk in chunks(number for number in shared if number not in numbers):
        query = select(other.number, other.state, other.level, other.title, other.first_time).where(
            other.number.in_(chunk), other.last_time >= row.first_time - gap, other.first_time <= row.last_time + gap
        )
        found += connection.execute(query).all()
    found.sort(key=lambda line: (-line.level, line.first_time, line.number))
    return tuple(
        RelatedIncident(
            line.number,
            IncidentState(line.state),
            Level(line.level),
            line.title,
            tuple(sorted(item.value for item in shared[line.number])),
        )
        for line in found
    )


def _evidence(ws: Workspace, connection: Connection, numbers: list[str]) -> tuple[EvidenceLine, ...]:
    columns = cases.evidence.c
    rows: list[Row[Any]] = []
    for chunk in chunks(numbers):
        rows += connection.execute(select(cases.evidence).where(columns.incident.in_(chunk))).all()
    rows.sort(key=lambda row: (row.sealed_at, row.number))
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
