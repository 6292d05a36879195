"""Alerts that stand alone: taken note of, closed with a verdict, opened again, or put into an incident by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import ChangedMeanwhileError, UsageError
from breachwatch.incidents import stored
from breachwatch.incidents.casework.changing import begin, changed_since, finish, permitted, said
from breachwatch.incidents.casework.finding import alert_row, root_of
from breachwatch.incidents.casework.seen_before import seen_before
from breachwatch.incidents.entities import kept
from breachwatch.model.casework import AlertState, SeenBefore, Verdict
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert as a row of the list; `after` of the next page is its key."""

    key: str
    state: AlertState
    level: Level
    rule_id: str
    rule_title: str
    entities: tuple[str, ...]
    events: int
    first_time: datetime
    last_time: datetime
    incident: str
    verdict: str
    verdict_reason: str
    handled_by: str
    version: int
    seen: tuple[SeenBefore, ...]


def alerts(
    ws: Workspace,
    *,
    by: Actor,
    states: Sequence[AlertState] = (AlertState.NEW, AlertState.ACKNOWLEDGED),
    minimum: Level = Level.INFORMATIONAL,
    rule: str = "",
    limit: int = 50,
    after: str = "",
) -> list[AlertLine]:
    """Alerts in these states, the latest first; `after` is the key of the last one of the page before."""
    require(by, Permission.READ)
    columns = cases.alert.c
    query = select(cases.alert).order_by(columns.last_time.desc(), columns.key.desc()).limit(limit)
    if AlertState.LINKED not in states:
        query = query.where(columns.incident.is_(None), columns.state.in_([state.value for state in states]))
    elif len(states) == 1:
        query = query.where(columns.incident.is_not(None))
    if rule:
        query = query.where(columns.rule_id == rule)
    if minimum > Level.INFORMATIONAL:
        query = query.where(columns.level >= int(minimum))
    with ws.database.read() as connection:
        if after:
            last = alert_row(connection, after)
            query = query.where(
                (columns.last_time < last.last_time)
                | ((columns.last_time == last.last_time) & (columns.key < last.key))
            )
        rows = connection.execute(query).all()
        seen = seen_before(connection, rows)
    return [_line(row, seen.get(row.key, ())) for row in rows]


def acknowledge(ws: Workspace, key: str, *, by: Actor, expected_version: int | None = None) -> None:
    """Say that somebody has taken note of an alert. Raises UsageError for one that is closed or in an incident."""
    with _changing(ws, key, by=by, expected_version=expected_version) as change:
        change.must_be("acknowledged", AlertState.NEW)
        change.to(AlertState.ACKNOWLEDGED, "somebody looks into it")


def close(
    ws: Workspace, key: str, verdict: Verdict, *, by: Actor, reason: str, expected_version: int | None = None
) -> None:
    """Close an alert that stands alone, with a verdict and its reason.

    A true positive is not closed but put into an incident. Raises UsageError, NotPermittedError, UnknownNameError,
    ChangedMeanwhileError.
    """
    reason = said(reason, "the reason of the verdict")
    with _changing(ws, key, by=by, expected_version=expected_version) as change:
        change.must_be("closed", AlertState.NEW, AlertState.ACKNOWLEDGED)
        if verdict is Verdict.TRUE_POSITIVE:
            msg = f"a true positive belongs into an incident: breachwatch alert link {change.row.key[:8]} INC-..."
            raise UsageError(msg)
        change.to(AlertState.CLOSED, reason, verdict=verdict.value, verdict_reason=reason)


def reopen(ws: Workspace, key: str, *, by: Actor, reason: str, expected_version: int | None = None) -> None:
    """Open a closed alert again."""
    reason = said(reason, "why it is opened again")
    with _changing(ws, key, by=by, expected_version=expected_version) as change:
        change.must_be("opened again", AlertState.CLOSED)
        change.to(AlertState.NEW, reason, verdict="", verdict_reason="")


def link(ws: Workspace, key: str, number: str, *, by: Actor, reason: str, expected_version: int | None = None) -> None:
    """Put an alert that stands alone into an open incident; the next run seals its evidence.

    The incident then covers the alert's time, and remembers the accounts, addresses and hosts that it names.
    """
    reason = said(reason, "why the alert belongs there")
    with _changing(ws, key, by=by, expected_version=expected_version) as change:
        change.must_be("put into an incident", AlertState.NEW, AlertState.ACKNOWLEDGED)
        incident = begin(change.connection, root_of(change.connection, number), by=by, at=change.at)
        row = incident.row
        if IncidentState(row.state).ended:
            msg = f"{row.number} is {row.state}. Open it again first: breachwatch incident reopen {row.number}"
            raise UsageError(msg)
        alert = change.row
        change.to(AlertState.LINKED, reason, incident=row.number)
        incident.values.update(
            first_time=min(row.first_time, alert.first_time),
            last_time=max(row.last_time, alert.last_time),
            level=max(row.level, alert.level),
        )
        _remember(change.connection, row.number, alert)
        incident.note(f"alert {alert.key} joined", reason)
        finish(incident)


def state_of(row: Row[Any]) -> AlertState:
    """The state of an alert; one of an incident is linked."""
    return AlertState.LINKED if row.incident else AlertState(row.state)


@dataclass(slots=True)
class _AlertChange:
    connection: Connection
    row: Row[Any]
    by: Actor
    at: datetime

    def must_be(self, what: str, *states: AlertState) -> None:
        state = state_of(self.row)
        if state in states:
            return
        why = f"in {self.row.incident}" if self.row.incident else f"{state}"
        who = f" ({self.row.handled_by}: {self.row.verdict_reason})" if self.row.verdict_reason else ""
        msg = f"alert {self.row.key[:8]} cannot be {what}: it is {why} already{who}."
        raise UsageError(msg)

    def to(self, state: AlertState, reason: str, **values: Any) -> None:
        before = state_of(self.row)
        stays = AlertState.ACKNOWLEDGED if state is AlertState.LINKED else state
        columns = cases.alert.c
        self.connection.execute(
            cases.alert.update()
            .where(columns.key == self.row.key)
            .values(
                state=stays.value,
                handled_by=self.by.name,
                handled_at=self.at,
                version=columns.version + 1,
                **values,
            )
        )
        audit.append(
            self.connection,
            at=self.at,
            by=self.by,
            entity=self.row.key,
            change=f"{before} -> {state}",
            reason=reason,
            before={name: getattr(self.row, name) for name in values},
            after={**values, "version": self.row.version + 1},
        )


@contextmanager
def _changing(ws: Workspace, key: str, *, by: Actor, expected_version: int | None) -> Iterator[_AlertChange]:
    permitted(by, Permission.TRIAGE)
    with ws.database.write() as connection:
        row = alert_row(connection, key)
        if expected_version is not None and row.version != expected_version:
            told = changed_since(connection, row.key, expected_version)
            msg = f"alert {row.key[:8]} was changed since you read it. {told}. Look at it again."
            raise ChangedMeanwhileError(msg)
        yield _AlertChange(connection, row, by, ws.clock.now())


def _remember(connection: Connection, number: str, alert: Row[Any]) -> None:
    table = cases.incident_entity
    columns = table.c
    known = {
        (row.kind, row.value): row.last_time
        for row in connection.execute(select(table).where(columns.incident == number))
    }
    for entity in kept(stored.entities_from_json(alert.entities)):
        last = known.get((entity.kind, entity.value))
        if last is None:
            row = {"incident": number, "kind": entity.kind, "value": entity.value, "last_time": alert.last_time}
            connection.execute(table.insert().values(**row))
        elif last < alert.last_time:
            same = (columns.incident == number) & (columns.kind == entity.kind) & (columns.value == entity.value)
            connection.execute(table.update().where(same).values(last_time=alert.last_time))


def _line(row: Row[Any], seen: tuple[SeenBefore, ...]) -> AlertLine:
    return AlertLine(
        key=row.key,
        state=state_of(row),
        level=Level(row.level),
        rule_id=row.rule_id,
        rule_title=row.rule_title,
        entities=tuple(entity.value for entity in stored.entities_from_json(row.entities)),
        events=row.event_count,
        first_time=row.first_time,
        last_time=row.last_time,
        incident=row.incident or "",
        verdict=row.verdict,
        verdict_reason=row.verdict_reason,
        handled_by=row.handled_by,
        version=row.version,
        seen=seen,
    )
