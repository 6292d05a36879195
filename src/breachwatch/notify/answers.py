"""Whether somebody has taken on an incident, and saying so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.records.outbox import answer
from breachwatch.workspace import Workspace


def severity_of(row: Row[*tuple[Any, ...]]) -> Level:
    """The severity of an incident's row; one whose evidence could not be sealed is at least high."""
    severity = Level(row.severity if row.severity >= 0 else row.level)  # -1: never judged
    return max(severity, Level.HIGH) if row.failure else severity


def answered(connection: Connection, row: Row[*tuple[Any, ...]]) -> bool:
    """Whether somebody acknowledged the incident at its present severity, or has begun to work on it."""
    if row.state != IncidentState.NEW.value:
        return True
    highest = select(func.max(answer.c.severity)).where(answer.c.incident == row.number)
    said = connection.scalar(highest)
    return said is not None and said >= int(severity_of(row))


def acknowledge(ws: Workspace, number: str, *, by: Actor) -> None:
    """Say that one has taken notice of an incident: nobody else is told of it at this severity.

    Its state stays: to begin work on it is another step. Raises NotPermittedError, UnknownNameError, and UsageError for
    an incident that has ended.
    """
    require(by, Permission.READ)
    now = ws.clock.now()
    with ws.database.write() as connection:
        row = connection.execute(select(cases.incident).where(cases.incident.c.number == number)).first()
        if row is None:
            raise UnknownNameError("incident", number, connection.scalars(select(cases.incident.c.number)))
        if not IncidentState(row.state).waits:
            msg = f"{number} is {row.state}: there is nothing to acknowledge."
            raise UsageError(msg)
        severity = severity_of(row)
        values = {"incident": number, "severity": int(severity), "at": now, "answered_by": by.name}
        connection.execute(insert(answer).values(**values))
        change = f"notification acknowledged ({severity})"
        audit.append(connection, at=now, by=by, entity=number, change=change, reason="by command")
