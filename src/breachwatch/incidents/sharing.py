"""Which incidents share accounts, addresses or hosts.

Asked entity by entity, the latest first: one that every incident has (a VPN gateway) costs no more than another.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch.model.finding import Entity
from breachwatch.records import cases

_ENTITIES = 40
"""So many entities of an incident are asked about."""
_EACH = 100
"""So many incidents that were active last, for each entity."""


def sharing(
    connection: Connection,
    entities: Iterable[Entity],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, tuple[Entity, ...]]:
    """By number: the incidents in which one of the entities was active last within the time, with what they share."""
    found: dict[str, dict[Entity, None]] = {}
    columns = cases.incident_entity.c
    for entity in list(dict.fromkeys(entities))[:_ENTITIES]:
        query = select(columns.incident).where(columns.kind == entity.kind, columns.value == entity.value)
        if since is not None:
            query = query.where(columns.last_time >= since)
        if until is not None:
            query = query.where(columns.last_time <= until)
        for number in connection.scalars(query.order_by(columns.last_time.desc()).limit(_EACH)):
            found.setdefault(number, {})[entity] = None
    return {number: tuple(shared) for number, shared in found.items()}
