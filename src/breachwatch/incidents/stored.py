"""Reading and writing alerts and incidents as rows, in bulk: a night may bring tens of thousands of findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select

from breachwatch.incidents import reasons
from breachwatch.incidents.casework.finding import all_members
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.entities import storable
from breachwatch.incidents.grouping import Alert, Case
from breachwatch.incidents.numbers import order_of
from breachwatch.incidents.orders import join_orders
from breachwatch.model.casework import AlertState
from breachwatch.model.finding import Entity, Finding, Level, RuleOrigin
from breachwatch.model.incident import IncidentState
from breachwatch.records import cases

_CLOSED = AlertState.CLOSED.value
_ENDED = [state.value for state in IncidentState if state.ended]


def entities_to_json(entities: Iterable[Entity]) -> str:
    """`[[kind, value], ...]`, ASCII only: any text a log holds survives any database."""
    return json.dumps([[entity.kind, entity.value] for entity in entities])


def entities_from_json(text: str) -> tuple[Entity, ...]:
    """The opposite of `entities_to_json`."""
    return tuple(Entity(kind, value) for kind, value in json.loads(text))


def origins_to_json(origins: Iterable[RuleOrigin]) -> str:
    """A list of objects with the fields of `RuleOrigin`, ASCII only; what is empty is left out."""
    return json.dumps([{name: value for name, value in asdict(item).items() if value} for item in origins])


def origins_from_json(text: str) -> tuple[RuleOrigin, ...]:
    """The opposite of `origins_to_json`."""
    return tuple(RuleOrigin(**item) for item in json.loads(text))


def alert_values(finding: Finding, *, at: datetime, run_id: str) -> dict[str, Any]:
    """A finding as a row of the table of alerts."""
    return {
        "key": finding.key,
        "rule_id": finding.rule_id,
        "rule_title": storable(finding.rule_title),
        "rule_revision": finding.rule_revision,
        "level": int(finding.level),
        "dataset": finding.dataset,
        "first_time": finding.first_time,
        "last_time": finding.last_time,
        "event_count": finding.event_count,
        "entities": entities_to_json(finding.entities),
        "tags": json.dumps(list(finding.tags)),
        "why": json.dumps(dict(finding.why)),
        "matched": reasons.to_json(finding.matched, finding.parts),
        "detected_at": at,
        "run_id": run_id,
        "incident": None,
        "evidence": None,
    }


def known_alerts(connection: Connection, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """The alerts of these keys that are recorded already, by key."""
    found: dict[str, Row[Any]] = {}
    for chunk in chunks(keys):
        rows = connection.execute(select(cases.alert).where(cases.alert.c.key.in_(chunk)))
        found.update((row.key, row) for row in rows)
    return found


def known_events(connection: Connection, keys: Iterable[str]) -> dict[str, set[str]]:
    """The event ids that are recorded for these alerts."""
    found: dict[str, set[str]] = {}
    columns = cases.alert_event.c
    for chunk in chunks(keys):
        rows = connection.execute(select(columns.alert_key, columns.event_id).where(columns.alert_key.in_(chunk)))
        for row in rows:
            found.setdefault(row.alert_key, set()).add(row.event_id)
    return found


def to_alert(row: Row[Any], order: tuple[str, ...] = ()) -> Alert:
    """What grouping needs of a recorded alert; `order` is its rule's (see `orders`)."""
    entities = entities_from_json(row.entities)
    return Alert(row.key, row.rule_title, Level(row.level), row.first_time, row.last_time, entities, row.rule_id, order)


def loose_alerts(connection: Connection, start: datetime, end: datetime) -> list[Alert]:
    """Alerts without an incident that were active in the span, but for those that people closed."""
    columns = cases.alert.c
    rows = connection.execute(
        select(cases.alert).where(
            columns.incident.is_(None), columns.state != _CLOSED, columns.last_time >= start, columns.first_time <= end
        )
    ).all()
    known = join_orders(connection, (row.rule_revision for row in rows))
    return [to_alert(row, known.get(row.rule_revision, ())) for row in rows]


def load_cases(
    connection: Connection, start: datetime, end: datetime, also: Sequence[str], minimum: Level
) -> list[Case]:
    """Incidents that are not closed and were active in the span, and those named in `also`, with their entities.

    `minimum` is the level from which an alert can open an incident.
    """
    columns = cases.incident.c
    active = columns.state.not_in(_ENDED) & (columns.last_time >= start) & (columns.first_time <= end)
    rows = {row.number: row for row in connection.execute(select(cases.incident).where(active))}
    for chunk in chunks(also):
        named = connection.execute(select(cases.incident).where(or_(columns.number.in_(chunk))))
        rows.update((row.number, row) for row in named)
    loaded = {
        row.number: Case(
            row.number,
            order_of(row.number),
            IncidentState(row.state),
            Level(row.level),
            row.title,
            row.first_time,
            row.last_time,
            version=row.version,
        )
        for row in rows.values()
    }
    for chunk in chunks(loaded):
        query = select(cases.incident_entity).where(cases.incident_entity.c.incident.in_(chunk))
        for row in connection.execute(query):
            loaded[row.incident].entities[Entity(row.kind, row.value)] = row.last_time
    within = all_members(connection, loaded)  # what was merged into one of them ties alerts to that one
    for chunk in chunks(within):
        for row in connection.execute(select(cases.alert).where(cases.alert.c.incident.in_(chunk))):
            loaded[within[row.incident]].take(to_alert(row), minimum)
    return list(loaded.values())


def save_cases(connection: Connection, changed: Iterable[Case], *, at: datetime, run_id: str) -> None:
    """Write incidents that were opened or changed, and their entities."""
    for case in changed:
        values: dict[str, Any] = {
            "state": case.state.value,
            "level": int(case.level),
            "title": case.title,
            "first_time": case.first_time,
            "last_time": case.last_time,
        }
        if not case.state.ended:
            values["closed_at"] = None
        if case.new:
            connection.execute(
                cases.incident.insert().values(
                    number=case.number, opened_at=at, opened_by_run=run_id, failure="", version=1, **values
                )
            )
        else:
            connection.execute(
                cases.incident.update()
                .where(cases.incident.c.number == case.number)
                .values(version=case.version + 1, **values)
            )
            # Only the entities' times move; deleting and inserting is one statement each on any database.
            connection.execute(cases.incident_entity.delete().where(cases.incident_entity.c.incident == case.number))
        _insert(
            connection,
            cases.incident_entity,
            [
                {"incident": case.number, "kind": entity.kind, "value": entity.value, "last_time": last}
                for entity, last in case.entities.items()
            ],
        )


def save_alerts(connection: Connection, new: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]) -> None:
    """Insert new alerts, and events of new or grown ones."""
    _insert(connection, cases.alert, new)
    _insert(connection, cases.alert_event, events)


def update_grown(connection: Connection, grown: Sequence[Mapping[str, Any]]) -> None:
    """Write what changed about alerts that gained events (`b_key` names the alert)."""
    if grown:
        names = ("last_time", "event_count", "why", "matched", "entities", "rule_revision", "state")
        connection.execute(
            cases.alert.update()
            .where(cases.alert.c.key == bindparam("b_key"))
            .values({name: bindparam(f"b_{name}") for name in names}),
            list(grown),
        )


def move_to(connection: Connection, incident_of: Mapping[str, str]) -> None:
    """Set the incident of alerts that waited without one."""
    if incident_of:
        connection.execute(
            cases.alert.update()
            .where(cases.alert.c.key == bindparam("b_key"))
            .values(incident=bindparam("b_incident")),
            [{"b_key": key, "b_incident": number} for key, number in incident_of.items()],
        )


def _insert(connection: Connection, table: Any, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        connection.execute(table.insert(), list(values))
