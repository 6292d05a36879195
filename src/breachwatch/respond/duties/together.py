"""The obligations of an incident with those that were assessed before they were merged into it, each once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.incidents.casework.finding import members
from breachwatch.records import cases, duties
from breachwatch.respond.duties.standing import Duty, stand


def stand_together(connection: Connection, row: Row[Any], *, now: datetime) -> tuple[Duty, ...]:
    """How they stand at `now`: the incident's own word about an obligation first, then that of what was merged."""
    columns = cases.incident.c
    numbers = members(connection, row.number)
    assessed = select(duties.assessment.c.incident)
    others = select(cases.incident).where(columns.number.in_(numbers[1:]), columns.number.in_(assessed))
    found: dict[str, Duty] = {}
    for item in (row, *connection.execute(others.order_by(columns.ordinal))):
        for duty in stand(connection, item, now=now):
            found.setdefault(duty.obligation.id, duty)
    return tuple(found.values())
