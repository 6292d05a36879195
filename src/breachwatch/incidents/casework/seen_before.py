"""What people said about earlier alerts of the same rule on the same account, address or host.

It is asked when an alert is shown: what is closed after the alert came counts, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select, text

from breachwatch.incidents import stored
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.entities import named
from breachwatch.incidents.sharing import sharing
from breachwatch.model.casework import AlertState, SeenBefore, Verdict
from breachwatch.model.finding import Entity
from breachwatch.records import cases

_LOOKED_AT = 200  # of a rule's latest alerts with a verdict of their own
_SHOWN = 3


def seen_before(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, tuple[SeenBefore, ...]]:
    """By the key of each of these alerts: the latest verdicts on those of its rule that share an entity with it.

    Its own verdict is among them where events came after it was closed.
    """
    mine = {row.key: frozenset(named(stored.entities_from_json(row.entities))) for row in rows}
    alone = {rule: _alerts(connection, rule) for rule in sorted({row.rule_id for row in rows})}
    ended = _incidents(connection, dict.fromkeys(item for entities in mine.values() for item in entities))
    fired = _rules(connection, ended, {row.rule_id for row in rows})
    latest = sorted(ended.items(), key=lambda item: item[1][0].handled_at, reverse=True)
    found: dict[str, tuple[SeenBefore, ...]] = {}
    for row in rows:
        alerts = (
            _said(other, mine[row.key] & theirs, other.key, "")
            for other, theirs in alone[row.rule_id]
            if mine[row.key] & theirs and (other.key != row.key or row.state != AlertState.CLOSED)
        )
        incidents = (
            _said(incident, shared, "", number)
            for number, (incident, theirs) in latest
            if number != row.incident and row.rule_id in fired[number] and (shared := mine[row.key] & theirs)
        )
        said = [*islice(alerts, _SHOWN), *islice(incidents, _SHOWN)]
        if said:
            found[row.key] = tuple(sorted(said, key=lambda item: item.at, reverse=True)[:_SHOWN])
    return found


def _alerts(connection: Connection, rule: str) -> list[tuple[Row[Any], frozenset[Entity]]]:
    """The latest alerts of a rule that were closed by themselves."""
    alert = cases.alert.c
    query = (
        select(alert.key, alert.entities, alert.verdict, alert.verdict_reason, alert.handled_by, alert.handled_at)
        .where(alert.rule_id == rule, text(cases.JUDGED))
        .order_by(alert.last_time.desc(), alert.key)
        .limit(_LOOKED_AT)
    )
    rows: list[Any] = list(connection.execute(query))
    rows.sort(key=lambda row: row.handled_at, reverse=True)
    return [(row, frozenset(named(stored.entities_from_json(row.entities)))) for row in rows]


def _incidents(connection: Connection, entities: Iterable[Entity]) -> dict[str, tuple[Row[Any], frozenset[Entity]]]:
    """Incidents with one of the entities that were closed with a verdict."""
    shared = sharing(connection, entities)
    column = cases.incident.c
    found: dict[str, tuple[Any, frozenset[Entity]]] = {}
    for chunk in chunks(shared):
        query = select(
            column.number,
            column.verdict,
            column.verdict_reason,
            column.closed_by.label("handled_by"),
            column.closed_at.label("handled_at"),
        ).where(column.number.in_(chunk), column.verdict != "", column.closed_at.is_not(None))
        for row in connection.execute(query):
            found[row.number] = (row, frozenset(shared[row.number]))
    return found


def _rules(connection: Connection, numbers: Iterable[str], rules: Iterable[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    alert = cases.alert.c
    wanted = set(rules)
    for chunk in chunks(numbers):
        query = select(alert.incident, alert.rule_id).where(alert.incident.in_(chunk)).distinct()
        for row in connection.execute(query):
            if row.rule_id in wanted:
                found[row.incident].add(row.rule_id)
    return found


def _said(row: Row[Any], shared: frozenset[Entity], alert: str, incident: str) -> SeenBefore:
    return SeenBefore(
        alert=alert,
        incident=incident,
        verdict=Verdict(row.verdict),
        reason=row.verdict_reason,
        by=row.handled_by,
        at=row.handled_at,
        shared=tuple(sorted(entity.value for entity in shared)),
    )
