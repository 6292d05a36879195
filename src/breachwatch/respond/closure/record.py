"""The record of one incident, whole, as the after-action report tells it.

`as_of` is when the last of it was written: two reports of the same records say the same, whenever they are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.evidence.disposed import disposed_at
from breachwatch.incidents.casework.actions import actions_of, visible_to
from breachwatch.incidents.casework.affected import affected_of, latest
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.decisions import decisions_of
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.casework.notes import notes
from breachwatch.incidents.casework.reopening import since_reopening
from breachwatch.incidents.casework.tasks import tasks_of
from breachwatch.incidents.casework.timeline import timeline
from breachwatch.model.casework import Action, Affected, AnchorTime, Decision, Note, Task, TimelineItem
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.papers import Paper
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.respond.closure.beside import open_beside
from breachwatch.respond.duties.standing import Duty
from breachwatch.respond.duties.together import stand_together
from breachwatch.respond.notices.reading import papers_on
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """A piece of evidence with its custody in short: how often each deed was done. Times are aware UTC."""

    number: str
    kind: str
    title: str
    tagmanifest_sha256: str
    bytes: int
    sealed_at: datetime
    verified_at: datetime | None
    verified_ok: bool | None  # None: never verified
    disposed_at: datetime | None
    deeds: tuple[tuple[str, int], ...]
    first_deed_at: datetime | None
    last_deed_at: datetime | None
    last_link: str  # SHA-256 of its last link in the chain of custody


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """Everything that the report of an incident is made from. `privileged` holds counsel's notes, else it is empty."""

    number: str
    title: str
    state: IncidentState
    level: Level
    verdict: str
    verdict_reason: str
    lead: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    merged: tuple[str, ...]
    as_of: datetime
    anchors: tuple[AnchorTime, ...]
    affected: tuple[Affected, ...]
    timeline: tuple[TimelineItem, ...]
    decisions: tuple[Decision, ...]
    current: frozenset[int]  # the decisions that count for this closing, by their seq
    duties: tuple[Duty, ...]
    actions: tuple[Action, ...]
    tasks: tuple[Task, ...]
    evidence: tuple[EvidenceRecord, ...]
    warnings: tuple[str, ...]
    papers: tuple[Paper, ...] = ()
    privileged: tuple[Note, ...] = ()


def case_record(ws: Workspace, number: str, *, by: Actor, privileged: bool = False) -> CaseRecord:
    """The record of an incident and of what was merged into it: for anybody, or with what only counsel may read.

    For anybody means: no privileged note, no measure about somebody's employment. Raises NotPermittedError (also where
    `privileged` is asked for by anybody but counsel), UnknownNameError.
    """
    require(by, Permission.PRIVILEGED if privileged else Permission.READ)
    reader = by if privileged else None
    story = timeline(ws, number, by=reader)
    of_counsel = tuple(note for note in notes(ws, number, by=reader) if note.privileged)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        numbers = members(connection, number)
        as_of = _as_of(connection, row, numbers)
        decisions = decisions_of(connection, numbers)
        return CaseRecord(
            number=row.number,
            title=row.title,
            state=IncidentState(row.state),
            level=Level(row.severity if row.severity >= 0 else row.level),
            verdict=row.verdict,
            verdict_reason=row.verdict_reason,
            lead=row.lead,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            closed_by=row.closed_by,
            merged=tuple(numbers[1:]),
            as_of=as_of,
            anchors=tuple(anchors_of(connection, row).values()),
            affected=latest(affected_of(connection, numbers)),
            timeline=story,
            decisions=decisions,
            current=frozenset(item.seq for item in since_reopening(connection, numbers, decisions)),
            duties=stand_together(connection, row, now=as_of),
            actions=visible_to(reader, actions_of(connection, numbers)),
            tasks=tasks_of(connection, numbers),
            evidence=_evidence(connection, numbers),
            warnings=open_beside(connection, row.number),
            papers=papers_on(connection, incident=row.number),
            privileged=of_counsel,
        )


def _as_of(connection: Connection, row: Row[Any], numbers: Sequence[str]) -> datetime:
    """When something was last written about the incident or its evidence."""
    audit, evidence, custody = cases.audit.c, cases.evidence.c, cases.custody.c
    mine = select(evidence.number).where(evidence.incident.in_(numbers))
    changed = connection.scalar(select(func.max(audit.at)).where(audit.entity.in_(numbers)))
    handled = connection.scalar(select(func.max(custody.at)).where(custody.evidence.in_(mine)))
    found: datetime = max(at for at in (row.opened_at, changed, handled) if at is not None)
    return found


def _evidence(connection: Connection, numbers: Sequence[str]) -> tuple[EvidenceRecord, ...]:
    evidence, custody = cases.evidence.c, cases.custody.c
    rows = connection.execute(
        select(cases.evidence).where(evidence.incident.in_(numbers)).order_by(evidence.sealed_at, evidence.number)
    ).all()
    mine = select(evidence.number).where(evidence.incident.in_(numbers))
    links: dict[str, list[Row[Any]]] = {row.number: [] for row in rows}
    query = select(cases.custody).where(custody.evidence.in_(mine))
    for link in connection.execute(query.order_by(custody.seq)):
        links[link.evidence].append(link)
    gone = disposed_at(connection)
    made = []
    for row in rows:
        own = links[row.number]
        made.append(
            EvidenceRecord(
                number=row.number,
                kind=row.kind,
                title=row.title,
                tagmanifest_sha256=row.tagmanifest_sha256,
                bytes=row.bytes,
                sealed_at=row.sealed_at,
                verified_at=row.verified_at,
                verified_ok=None if row.verified_ok is None else bool(row.verified_ok),
                disposed_at=gone.get(row.number),
                deeds=tuple(Counter(link.event for link in own).items()),
                first_deed_at=own[0].at if own else None,
                last_deed_at=own[-1].at if own else None,
                last_link=own[-1].hash if own else "",
            )
        )
    return tuple(made)
