"""What the records know about one job: the incident, its alerts, the rules that fired, and the events to seal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.errors import EvidenceError
from breachwatch.model.incident import Snapshot, ToPreserve
from breachwatch.records import cases, catalog
from breachwatch.records.received import SNAPSHOT
from breachwatch.workspace import Workspace

_BOUND = 500  # values in one IN (...): well below what SQLite and PostgreSQL take


@dataclass(frozen=True)
class Case:
    """A job with everything about it that the records hold."""

    incident: Row[Any]
    entities: tuple[tuple[str, str], ...]  # kind and value
    alerts: tuple[Row[Any], ...]  # by first time and key
    rules: dict[str, Row[Any]]  # by revision
    event_ids: dict[str, tuple[str, ...]]  # by alert key, sorted
    run: Row[Any] | None
    supplements: str | None  # the incident's first snapshot, where it has one

    @property
    def alert_keys(self) -> tuple[str, ...]:
        return tuple(sorted(alert.key for alert in self.alerts))

    @property
    def all_event_ids(self) -> list[str]:
        """Every event of every alert, once, sorted."""
        return sorted({event for events in self.event_ids.values() for event in events})

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From the first to the last event time, aware UTC, both included."""
        return min(alert.first_time for alert in self.alerts), max(alert.last_time for alert in self.alerts)


def load_case(connection: Connection, job: ToPreserve, run_id: str) -> Case:
    """Read a job from the records. Raises EvidenceError where they lack a part of it."""
    incident = connection.execute(select(cases.incident).where(cases.incident.c.number == job.incident)).first()
    if incident is None:
        msg = f"the records know no incident {job.incident}"
        raise EvidenceError(msg)
    alerts = [row for keys in _chunks(job.alert_keys) for row in _alerts(connection, job.incident, keys)]
    missing = sorted(set(job.alert_keys) - {alert.key for alert in alerts})
    if missing or not alerts:
        msg = f"{job.incident}: the records know no alert {missing[0] if missing else ''} of this incident".rstrip()
        raise EvidenceError(msg)
    entity = cases.incident_entity.c
    entities = connection.execute(
        select(entity.kind, entity.value).where(entity.incident == job.incident).order_by(entity.kind, entity.value)
    )
    case = Case(
        incident=incident,
        entities=tuple((row.kind, row.value) for row in entities),
        alerts=tuple(sorted(alerts, key=lambda alert: (alert.first_time, alert.key))),
        rules=_rules(connection, sorted({alert.rule_revision for alert in alerts})),
        event_ids=_events(connection, job.alert_keys),
        run=connection.execute(select(catalog.run).where(catalog.run.c.run_id == run_id)).first(),
        supplements=_first_snapshot(connection, job.incident),
    )
    for alert in case.alerts:
        if alert.rule_revision not in case.rules:
            msg = f"the records lack the text of rule {alert.rule_id}, revision {alert.rule_revision}"
            raise EvidenceError(msg)
        if not case.event_ids.get(alert.key):
            msg = f"the records name no event of alert {alert.key}"
            raise EvidenceError(msg)
    return case


def sealed_already(ws: Workspace, job: ToPreserve) -> Snapshot | None:
    """The newest snapshot of the job's incident, where nothing of the job waits for one any more."""
    alert, event = cases.alert.c, cases.alert_event.c
    with ws.database.read() as connection:
        for keys in _chunks(job.alert_keys):
            waiting = select(func.count()).where(event.alert_key.in_(keys), event.sealed_in.is_(None))
            sealed = select(func.count()).where(alert.key.in_(keys), alert.evidence.is_not(None))
            if connection.scalar(waiting) or connection.scalar(sealed) != len(keys):
                return None
        columns = cases.evidence.c
        row = connection.execute(
            select(cases.evidence)
            .where(columns.incident == job.incident, columns.kind == SNAPSHOT)
            .order_by(columns.sealed_at.desc(), columns.number.desc())
        ).first()
    return to_snapshot(ws, row) if row is not None else None


def to_snapshot(ws: Workspace, row: Row[Any]) -> Snapshot:
    """A row of the table of evidence as a value."""
    return Snapshot(
        number=row.number,
        incident=row.incident,
        path=str(ws.vault / row.path),
        sealed_at=row.sealed_at,
        tagmanifest_sha256=row.tagmanifest_sha256,
        events=row.events,
        bytes=row.bytes,
    )


def _alerts(connection: Connection, incident: str, keys: Sequence[str]) -> Sequence[Row[Any]]:
    columns = cases.alert.c
    return connection.execute(select(cases.alert).where(columns.incident == incident, columns.key.in_(keys))).all()


def _rules(connection: Connection, revisions: Sequence[str]) -> dict[str, Row[Any]]:
    columns = cases.detection.c
    found = {}
    for chunk in _chunks(revisions):
        for row in connection.execute(select(cases.detection).where(columns.rule_revision.in_(chunk))):
            found[row.rule_revision] = row
    return found


def _events(connection: Connection, alert_keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    columns = cases.alert_event.c
    found: dict[str, list[str]] = {}
    for keys in _chunks(alert_keys):
        rows = connection.execute(
            select(columns.alert_key, columns.event_id)
            .where(columns.alert_key.in_(keys))
            .order_by(columns.alert_key, columns.event_id)
        )
        for alert_key, event_id in rows:
            found.setdefault(alert_key, []).append(event_id)
    return {key: tuple(events) for key, events in found.items()}


def _first_snapshot(connection: Connection, incident: str) -> str | None:
    columns = cases.evidence.c
    return connection.scalar(
        select(columns.number)
        .where(columns.incident == incident, columns.supplements.is_(None), columns.kind == SNAPSHOT)
        .order_by(columns.sealed_at, columns.number)
        .limit(1)
    )


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(dict.fromkeys(values))
    while chunk := list(islice(rest, _BOUND)):
        yield chunk
