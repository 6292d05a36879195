"""What stays open beside an incident when it is closed: it stops nothing, and nobody should be surprised by it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from breachwatch.incidents.casework.actions import actions_of
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.casework.tasks import tasks_of
from breachwatch.model.casework import TaskState
from breachwatch.records import cases
from breachwatch.records.evidence_care import hold_evidence


def open_beside(connection: Connection, number: str) -> tuple[str, ...]:
    """A sentence for each thing that goes on after the incident's end."""
    numbers = members(connection, number)
    return (
        *_own_verification(connection, numbers),
        *_recommendations(connection, numbers),
        *_held(connection, numbers),
    )


def _own_verification(connection: Connection, numbers: list[str]) -> list[str]:
    return [
        f"action {item.number} was verified by who carried it out: {item.waiver}"
        for item in actions_of(connection, numbers)
        if item.waiver and not item.kind.restricted
    ]


def _recommendations(connection: Connection, numbers: list[str]) -> list[str]:
    left = [
        item
        for item in tasks_of(connection, numbers)
        if not item.mandatory and item.state in {TaskState.OPEN, TaskState.BLOCKED}
    ]
    return [f"task {item.number} is open and not mandatory: {item.title}" for item in left]


def _held(connection: Connection, numbers: list[str]) -> list[str]:
    hold, covered, evidence = cases.hold.c, hold_evidence.c, cases.evidence.c
    mine = select(evidence.number).where(evidence.incident.in_(numbers))
    query = select(hold.number).join(hold_evidence, hold.number == covered.hold).distinct()
    query = query.where(covered.evidence.in_(mine), covered.covered == 1, hold.released_at.is_(None))
    return [
        f"{name} keeps its evidence until it is released" for name in connection.scalars(query.order_by(hold.number))
    ]
