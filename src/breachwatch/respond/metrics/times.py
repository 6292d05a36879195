"""How long it took to detect, acknowledge, contain, decide and recover: by the records of each incident.

An incident that was merged into another is not counted: the other is, with the earliest of what either of them says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from breachwatch.incidents.casework.anchors import anchors_of_many
from breachwatch.incidents.casework.finding import all_members
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Anchor, DecisionKind
from breachwatch.model.incident import IncidentState
from breachwatch.records import cases, casework, duties, outbox


class Measure(StrEnum):
    """What is measured."""

    DETECT = "detect"
    ACKNOWLEDGE = "acknowledge"
    CONTAIN = "contain"
    DECIDE = "decide"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a measure runs from and to, and which records say so."""

    runs_from: str
    to: str
    source: str


DEFINITIONS: Mapping[Measure, Definition] = {
    Measure.DETECT: Definition(
        "the incident occurred",
        "it was detected",
        "anchor times; where nobody set them: the first event of its alerts, and the run that opened it",
    ),
    Measure.ACKNOWLEDGE: Definition(
        "it was detected",
        "somebody took it up",
        "the earliest answer to a notification about it, or first step of somebody who looked into it",
    ),
    Measure.CONTAIN: Definition(
        "it was detected",
        "further loss was prevented",
        "the anchor time of containment; where nobody set it: the last containment action that was done",
    ),
    Measure.DECIDE: Definition(
        "it was detected",
        "counsel decided",
        "counsel's first decision about an obligation, or about whether a notice is required",
    ),
    Measure.RECOVER: Definition("it was detected", "everything ran again", "the anchor time of recovery"),
}
"""The table of docs/closure-and-metrics.md is printed from this one."""

_TAKEN_UP = tuple(
    f"new -> {state}" for state in (IncidentState.TRIAGE, IncidentState.CLOSED, IncidentState.FALSE_POSITIVE)
)


def times_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, dict[Measure, float | None]]:
    """By incident the seconds of each measure; None where a moment is missing or lies before the one it runs from.

    `rows` are incidents that were not merged into others.
    """
    numbers = [row.number for row in rows]
    belongs = all_members(connection, numbers)
    anchors = anchors_of_many(connection, rows)
    taken_up = _first_answers(connection, belongs)
    decided = _first_decisions(connection, belongs)
    found = {}
    for number in numbers:
        at = {anchor: item.at for anchor, item in anchors[number].items()}
        detected = at.get(Anchor.DETECTED)
        found[number] = {
            Measure.DETECT: _seconds(at.get(Anchor.OCCURRED), detected),
            Measure.ACKNOWLEDGE: _seconds(detected, taken_up.get(number)),
            Measure.CONTAIN: _seconds(detected, at.get(Anchor.CONTAINED)),
            Measure.DECIDE: _seconds(detected, decided.get(number)),
            Measure.RECOVER: _seconds(detected, at.get(Anchor.RECOVERED)),
        }
    return found


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    if begin is None or end is None or end < begin:
        return None
    return (end - begin).total_seconds()


def _first_answers(connection: Connection, belongs: Mapping[str, str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    _earliest(connection, found, belongs, outbox.answer, "incident")
    _earliest(connection, found, belongs, cases.audit, "entity", cases.audit.c.change.in_(_TAKEN_UP))
    return found


def _first_decisions(connection: Connection, belongs: Mapping[str, str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    _earliest(connection, found, belongs, duties.duty_decision, "incident")
    notice = casework.decision.c.kind == DecisionKind.NOTICE.value
    _earliest(connection, found, belongs, casework.decision, "incident", notice)
    return found


def _earliest(
    connection: Connection, found: dict[str, datetime], belongs: Mapping[str, str], table: Table, of: str, *where: Any
) -> None:
    """Enter the earliest `at` of a table's rows for each incident, those of merged ones with what they belong to."""
    column = table.c[of]
    members: Iterable[str] = belongs
    for chunk in chunks(members):
        query = select(column.label("number"), func.min(table.c.at).label("at")).where(column.in_(chunk), *where)
        for row in connection.execute(query.group_by(column)):
            root = belongs[row.number]
            found[root] = min(row.at, found.get(root, row.at))
