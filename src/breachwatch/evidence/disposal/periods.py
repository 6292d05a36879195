"""How long evidence is kept: so many days after its incident was closed, and as long as anything else keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, text

from breachwatch.evidence.disposed import disposed_at
from breachwatch.evidence.holds import keepers
from breachwatch.evidence.names import year_and_count
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.records.keeping_evidence import incidents_of
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Due:
    """A piece of evidence past its period. `kept_by` are holds and open incidents that keep it all the same."""

    evidence: str
    incident: str | None
    bytes: int
    closed_at: datetime  # aware UTC
    since: datetime  # when the period was over
    kept_by: tuple[str, ...]


def due(ws: Workspace, *, by: Actor) -> tuple[Due, ...]:
    """The evidence whose period is over, oldest first. Nothing goes by itself: two persons decide on each.

    Raises NotPermittedError.
    """
    require(by, Permission.READ)
    found = []
    now = ws.clock.now()
    with ws.database.read() as connection:
        gone = disposed_at(connection)
        for row in connection.execute(select(cases.evidence)).all():
            over = period_ends(ws, connection, row)
            if row.number not in gone and over is not None and over[1] <= now:
                kept = tuple(keepers(connection, row.number))
                found.append(Due(row.number, row.incident, row.bytes, *over, kept))
    return tuple(sorted(found, key=lambda item: year_and_count(item.evidence)))


def period_ends(ws: Workspace, connection: Connection, row: Row[Any]) -> tuple[datetime, datetime] | None:
    """When the incidents of a piece of evidence were closed, and when its period ends.

    None where it never does: `evidence.retention_days` is 0, or an incident is not closed.
    """
    days = ws.settings.evidence.retention_days
    query = text(f"SELECT i.number FROM incident i WHERE i.number IN ({incidents_of(':evidence')})")
    numbers = connection.scalars(query, {"evidence": row.number}).all()
    closed = connection.scalars(
        select(cases.incident.c.closed_at).where(
            cases.incident.c.number.in_(numbers), cases.incident.c.closed_at.is_not(None)
        )
    ).all()
    if not days or not closed or keepers_are_incidents(connection, row.number):
        return None
    last = max(moment for moment in closed if moment is not None)
    return last, last + timedelta(days=days)


def keepers_are_incidents(connection: Connection, evidence: str) -> bool:
    """Whether an incident that is not closed keeps the evidence."""
    return any(number.startswith("INC-") for number in keepers(connection, evidence))
