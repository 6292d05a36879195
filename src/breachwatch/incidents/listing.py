"""The queue: the incidents that wait for somebody, a page at a time.

A page asks only for its own rows, in the order of an index over what waits: the queue of a hundred thousand incidents
costs what its page costs (`benchmarks/queue.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, select, text

from breachwatch.incidents.authors import authors, licences, origins
from breachwatch.incidents.casework.finding import all_members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.model.finding import OUR_AUTHOR, Entity, Level
from breachwatch.model.incident import IncidentLine, IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.model.systems import DataCategory
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.workspace import Workspace

_KIND_ORDER = {"user": 0, "source_ip": 1, "host": 2}
_LEVELS = sorted(Level, reverse=True)
_FEW = 400  # values in one IN (...)


@dataclass(frozen=True, slots=True)
class Only:
    """Which incidents of the queue; what is empty leaves nothing out."""

    states: tuple[IncidentState, ...] = ()
    minimum: Level = Level.INFORMATIONAL
    lead: str = ""
    entity: str = ""  # an account, address or host


def queue(
    ws: Workspace,
    *,
    by: Actor,
    closed: bool = False,
    only: Only | None = None,
    limit: int | None = None,
    after: str = "",
) -> list[IncidentLine]:
    """The incidents that wait for an analyst: highest level first, then the oldest. With `closed`, those last.

    An incident whose evidence is not sealed yet is left out (see `count_waiting`), unless sealing it failed. `after` is
    the number of the last one of the page before. Raises UnknownNameError for an unknown one,
    NotPermittedError.
    """
    require(by, Permission.READ)
    with ws.database.read() as connection:
        chosen = _filtered(connection, only or Only())
        found = list(_rows(connection, chosen, only or Only(), closed, limit, after))
        return _lines(connection, found)


def count_waiting(ws: Workspace) -> int:
    """How many incidents are not shown because their evidence is not sealed yet; the next run seals it."""
    query = select(func.count()).where(cases.incident.c.state == IncidentState.PRESERVING.value)
    with ws.database.read() as connection:
        return int(connection.scalar(query) or 0)


def count_open(ws: Workspace) -> int:
    """How many incidents stand in the queue."""
    with ws.database.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(cases.incident).where(text(cases.IN_QUEUE))) or 0)


def _rows(
    connection: Connection, chosen: Select[Any], only: Only, closed: bool, limit: int | None, after: str
) -> Iterator[Row[Any]]:
    """Weight by weight, so that each is one walk along an index; those that ended come after those that wait."""
    last = row_of(connection, after) if after else None
    ended_after = last is not None and IncidentState(last.state).ended
    left = limit
    for of_these in (cases.IN_QUEUE, cases.HAS_ENDED) if closed else (cases.IN_QUEUE,):
        if ended_after and of_these == cases.IN_QUEUE:
            continue
        begun = last if last is not None and ended_after == (of_these == cases.HAS_ENDED) else None
        for weight in _LEVELS:
            if weight < only.minimum or (begun is not None and weight > _weight(begun)):
                continue
            since = begun.ordinal if begun is not None and weight == _weight(begun) else -1
            for row in _of_weight(connection, chosen.where(text(of_these)), weight, since, left):
                yield row
                left = None if left is None else left - 1
            if left == 0:
                return


def _of_weight(
    connection: Connection, query: Select[Any], weight: Level, since: int, limit: int | None
) -> list[Row[Any]]:
    """The oldest incidents of a severity, and those of this level whose severity was never judged."""
    columns = cases.incident.c
    query = query.where(columns.ordinal > since).order_by(columns.ordinal).limit(limit)
    judged = connection.execute(query.where(columns.severity == int(weight)))
    unjudged = connection.execute(query.where(text(cases.UNJUDGED), columns.level == int(weight)))
    found = sorted([*judged, *unjudged], key=lambda row: row.ordinal)
    return found if limit is None else found[:limit]


def _weight(row: Row[Any]) -> int:
    return int(row.severity if row.severity >= 0 else row.level)


def _filtered(connection: Connection, only: Only) -> Select[Any]:
    columns = cases.incident.c
    query = select(cases.incident)
    if only.states:
        query = query.where(columns.state.in_([state.value for state in only.states]))
    if only.lead:
        query = query.where(func.lower(columns.lead) == only.lead.lower())
    if only.entity:
        entity = cases.incident_entity.c
        named = entity.kind.in_(list(_KIND_ORDER)) & (entity.value == only.entity.casefold())
        few = connection.scalars(select(entity.incident).where(named).limit(_FEW + 1)).all()
        # What few incidents have is looked up; what many have is found soon on the way along the queue.
        if len(few) <= _FEW:
            query = query.where(columns.number.in_(set(few)))
        else:
            query = query.where(exists().where(entity.incident == columns.number, named))
    return query


def _lines(connection: Connection, found: Sequence[Row[Any]]) -> list[IncidentLine]:
    numbers = [row.number for row in found]
    of = all_members(connection, numbers)  # what was merged into an incident counts with it
    entities = entities_of(connection, numbers)
    evidence = _evidence_numbers(connection, of)
    alerts = _alert_counts(connection, of)
    named = _authors(connection, of)
    return [
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
            severity=Level(row.severity) if row.severity >= 0 else None,
            data=tuple(DataCategory(item) for item in json.loads(row.data_touched)),
        )
        for row in found
    ]


def entities_of(connection: Connection, numbers: list[str]) -> dict[str, list[Entity]]:
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


def _evidence_numbers(connection: Connection, of: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    columns = cases.evidence.c
    for chunk in chunks(of):
        query = select(columns.incident, columns.number).where(columns.incident.in_(chunk))
        for row in connection.execute(query.order_by(columns.sealed_at, columns.number)):
            found[of[row.incident]].append(row.number)
    return found


def _alert_counts(connection: Connection, of: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    column = cases.alert.c.incident
    for chunk in chunks(of):
        rows = connection.execute(select(column, func.count()).where(column.in_(chunk)).group_by(column))
        for number, count in rows:
            found[of[number]] += count
    return found


def _authors(connection: Connection, of: dict[str, str]) -> dict[str, dict[str, None]]:
    """By incident: who wrote the rules that fired and, but for ours, under which licence; each once."""
    pairs: list[tuple[str, str]] = []
    columns = cases.alert.c
    for chunk in chunks(of):
        query = select(columns.incident, columns.rule_revision).where(columns.incident.in_(chunk)).distinct()
        pairs += [
            (of[row.incident], row.rule_revision) for row in connection.execute(query.order_by(*query.selected_columns))
        ]
    known = origins(connection, (revision for _, revision in pairs))
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for number, revision in pairs:
        told = known.get(revision, ())
        named, licence = authors(told), licences(told)
        if named:
            found[number][f"{named} ({licence})" if licence and named != OUR_AUTHOR else named] = None
    return found
