"""What holds on after an incident was opened again, and what must be said anew for its next closing.

That somebody was told, that a case was referred and what counsel decided about a notice stays so. What was said for the
earlier closing does not count for the next: guards that were set aside, that all were told, holds that were considered,
what was learnt, the closing statement. It stays on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from breachwatch.incidents.casework.states import STEPS
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Decision, DecisionKind
from breachwatch.records import cases

FOR_ONE_CLOSING = frozenset(
    {
        DecisionKind.WAIVER,
        DecisionKind.OBLIGATIONS,
        DecisionKind.HOLDS,
        DecisionKind.LESSONS,
        DecisionKind.STATEMENT,
    }
)
"""Kinds of decisions that are made for one closing."""

_REOPENINGS = tuple(f"{step.source} -> {step.to}" for step in STEPS if step.source.ended)


def reopened_at(connection: Connection, numbers: Iterable[str]) -> dict[str, datetime]:
    """By incident when it was opened again for the last time (aware UTC); those that never were are left out."""
    columns = cases.audit.c
    found: dict[str, datetime] = {}
    for chunk in chunks(numbers):
        query = select(columns.entity, func.max(columns.at).label("at"))
        query = query.where(columns.entity.in_(chunk), columns.change.in_(_REOPENINGS)).group_by(columns.entity)
        found.update((row.entity, row.at) for row in connection.execute(query))
    return found


def since_reopening(connection: Connection, numbers: list[str], decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The decisions without those that were made for an earlier closing of the incident, the first of `numbers`.

    What was merged into it counts from its own reopening on, or from the incident's where that was later.
    """
    again = reopened_at(connection, numbers)
    own = again.get(numbers[0])

    def stale(item: Decision) -> bool:
        times = [at for at in (own, again.get(item.incident)) if at is not None]
        return item.kind in FOR_ONE_CLOSING and bool(times) and item.at < max(times)

    return tuple(item for item in decisions if not stale(item))
