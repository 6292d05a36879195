"""Incidents that come again: the same rule on the same account or address, soon after a true positive was closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.sharing import sharing
from breachwatch.model.casework import Relation, Verdict
from breachwatch.model.finding import Entity
from breachwatch.model.people import Actor
from breachwatch.records import audit, cases, casework

WITHIN = timedelta(days=30)
"""After this time a case is a new one."""


def mark_recurrences(connection: Connection, opened: Iterable[str], *, at: datetime, by: Actor) -> dict[str, str]:
    """Note on incidents that were opened a moment ago which closed one each comes back from; by number."""
    found: dict[str, str] = {}
    entity = cases.incident_entity.c
    for number in opened:
        rows = connection.execute(
            select(entity.kind, entity.value).where(entity.incident == number, entity.kind != "host")
        )
        names = [Entity(row.kind, row.value) for row in rows]
        before = _latest(connection, number, [other for other in sharing(connection, names) if other != number], at)
        if before is None:
            continue
        found[number] = before
        reason = f"the same rule, account or address as in {before}, a true positive of the last {WITHIN.days} days"
        connection.execute(
            cases.incident.update().where(cases.incident.c.number == number).values(recurrence_of=before)
        )
        connection.execute(
            casework.link.insert().values(
                incident=number,
                other=before,
                relation=Relation.RECURRENCE.value,
                reason=reason,
                by=by.name,
                at=at,
                state_before="",
            )
        )
        audit.append(connection, at=at, by=by, entity=number, change=f"recurrence of {before}", reason=reason)
        audit.append(connection, at=at, by=by, entity=before, change=f"came back as {number}", reason=reason)
    return found


def _latest(connection: Connection, number: str, others: list[str], at: datetime) -> str | None:
    """The true positive among them that was closed last, if one of its rules is one of the new incident's."""
    if not others:
        return None
    alert, incident = cases.alert.c, cases.incident.c
    rules = set(connection.scalars(select(alert.rule_id).where(alert.incident == number).distinct()))
    closed: dict[str, datetime] = {}
    for chunk in chunks(others):
        query = select(incident.number, incident.closed_at).where(
            incident.number.in_(chunk),
            incident.verdict == Verdict.TRUE_POSITIVE.value,
            incident.closed_at >= at - WITHIN,
        )
        closed.update((row.number, row.closed_at) for row in connection.execute(query))
    for other in sorted(closed, key=lambda item: (closed[item], item), reverse=True):
        theirs = connection.scalars(select(alert.rule_id).where(alert.incident == other).distinct())
        if rules & set(theirs):
            return other
    return None
