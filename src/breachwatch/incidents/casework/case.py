"""One case as a person may read it: what people added to an incident, in one piece."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from breachwatch.incidents.casework.actions import actions_of, visible_to
from breachwatch.incidents.casework.advancing import Way
from breachwatch.incidents.casework.affected import affected_of, latest
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.decisions import decisions_of
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.casework.guards import facts_of, missing_for
from breachwatch.incidents.casework.merging import links_of
from breachwatch.incidents.casework.notes import notes
from breachwatch.incidents.casework.seen_before import seen_before
from breachwatch.incidents.casework.states import steps_from
from breachwatch.incidents.casework.tasks import tasks_of
from breachwatch.model.casework import Action, Affected, AnchorTime, Decision, Link, Note, SeenBefore, Task
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Case:
    """What people added to an incident and to those that were merged into it."""

    number: str
    merged: tuple[str, ...]
    anchors: tuple[AnchorTime, ...]
    decisions: tuple[Decision, ...]
    actions: tuple[Action, ...]
    tasks: tuple[Task, ...]
    notes: tuple[Note, ...]
    affected: tuple[Affected, ...]
    links: tuple[Link, ...]
    ways: tuple[Way, ...]
    seen: tuple[SeenBefore, ...]


_SEEN_OF = 50  # alerts that are asked whether people judged the like before


def case(ws: Workspace, number: str, *, by: Actor) -> Case:
    """The case as this person may read it. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        numbers = members(connection, number)
        facts = facts_of(connection, row, ws.clock.now(), ws.settings.city.zone)
        alert = cases.alert.c
        alerts = connection.execute(
            select(cases.alert)
            .where(alert.incident.in_(numbers[:500]))
            .order_by(alert.level.desc(), alert.key)
            .limit(_SEEN_OF)
        ).all()
        seen = {item for said in seen_before(connection, alerts).values() for item in said}
        found = Case(
            number=number,
            merged=tuple(numbers[1:]),
            anchors=tuple(anchors_of(connection, row).values()),
            decisions=decisions_of(connection, numbers),
            actions=visible_to(by, actions_of(connection, numbers)),
            tasks=tasks_of(connection, numbers),
            notes=(),
            affected=latest(affected_of(connection, numbers)),
            links=links_of(connection, numbers),
            ways=tuple(Way(step, missing_for(step, facts)) for step in steps_from(IncidentState(row.state))),
            seen=tuple(sorted(seen, key=lambda item: item.at, reverse=True)),
        )
    return replace(found, notes=notes(ws, number, by=by))
