"""Which files are due, and what keeps one all the same: holds, requests, referrals, obligations, evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.evidence.disposed import disposed_at
from breachwatch.evidence.holds import keepers
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.model.casework import Anchor
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.model.referrals import ReferralStatus
from breachwatch.people import require
from breachwatch.records import cases, referrals
from breachwatch.records import retention as tables
from breachwatch.respond.duties.standing import stand
from breachwatch.respond.intake.reading import record_in
from breachwatch.respond.requests.reading import requests_in
from breachwatch.respond.retention.parts import evidence_of, parts_of
from breachwatch.respond.retention.periods import Period, period, period_ends
from breachwatch.workspace import Workspace

CLOSED = (IncidentState.CLOSED.value, IncidentState.FALSE_POSITIVE.value)


@dataclass(frozen=True, slots=True)
class DueFile:
    """The file of a closed incident. `over_at` is None where there is no period; `kept_by` says what keeps it."""

    incident: str
    closed_at: datetime  # aware UTC
    period: Period | None
    over_at: datetime | None
    kept_by: tuple[str, ...]

    def due(self, now: datetime) -> bool:
        """Whether its period is over. What keeps it is another question."""
        return self.over_at is not None and self.over_at < now


def due_files(ws: Workspace, *, by: Actor) -> tuple[DueFile, ...]:
    """The files whose period is over and that were not disposed of, in the order of their incidents."""
    require(by, Permission.READ)
    now = ws.clock.now()
    with ws.database.read() as connection:
        gone = select(tables.item.c.incident)
        columns = cases.incident.c
        known = columns.closed_at.is_not(None)
        query = select(cases.incident).where(columns.state.in_(CLOSED), known, columns.number.not_in(gone))
        rows = connection.execute(query.order_by(columns.ordinal)).all()
        held = period(ws, connection)
        found = (file_of(ws, connection, row, held, now) for row in rows)
        return tuple(item for item in found if item.due(now))


def file_of(ws: Workspace, connection: Connection, row: Row[Any], held: Period | None, now: datetime) -> DueFile:
    """How the file of a closed incident stands; what keeps it is only asked where its period is over."""
    anchors = anchors_of(connection, row)
    closed = anchors[Anchor.CLOSED].at if Anchor.CLOSED in anchors else row.closed_at
    over = period_ends(closed, held.years, ws.settings.city.zone) if held is not None else None
    kept = tuple(keepers_of(connection, row.number, now)) if over is not None and over < now else ()
    return DueFile(row.number, closed, held, over, kept)


def keepers_of(connection: Connection, number: str, now: datetime) -> Iterator[str]:
    """Everything that keeps the file of an incident (and of what was merged into it), in words."""
    row = row_of(connection, number)
    numbers = members(connection, number)
    if row.state not in CLOSED:
        yield f"{number}, which is {row.state}"
    yield from _holds(connection, numbers)
    yield from _answers(connection, numbers)
    for request in requests_in(connection, closed=False):
        if set(request.incidents) & set(numbers):
            yield f"{request.number}, which is {request.state}"
    for duty in stand(connection, row, now=now):
        if duty.counts and not duty.met:
            yield f"the obligation {duty.obligation.id}"
    yield from _referrals(connection, numbers)


def _holds(connection: Connection, numbers: list[str]) -> Iterator[str]:
    """Holds that name the incident, hold its evidence or everything; and evidence that is still in the vault."""
    item, hold = cases.hold_item.c, cases.hold.c
    named = select(item.hold).where(item.kind == "incident", item.value.in_(numbers))
    about_something = select(item.hold)
    query = select(hold.number).where(
        hold.released_at.is_(None), hold.number.in_(named) | hold.number.not_in(about_something)
    )
    found = set(connection.scalars(query))
    gone = disposed_at(connection)
    of_file = evidence_of(connection, parts_of(connection, numbers))
    there = [evidence for evidence in of_file if evidence not in gone]
    for evidence in there:
        found |= {keeper for keeper in keepers(connection, evidence) if keeper.startswith("HOLD-")}
    yield from sorted(found)
    yield from (f"{evidence}, which is disposed of first" for evidence in sorted(there))


def _answers(connection: Connection, numbers: list[str]) -> Iterator[str]:
    for report in parts_of(connection, numbers).reports:
        if record_in(connection, report).due_at is not None:
            yield f"{report}, whose reporter is owed an answer"


def _referrals(connection: Connection, numbers: list[str]) -> Iterator[str]:
    columns, events = referrals.referral.c, referrals.referral_event.c
    for name in connection.scalars(select(columns.number).where(columns.incident.in_(numbers))).all():
        query = select(events.status).where(events.referral == name).order_by(events.seq.desc()).limit(1)
        status = connection.scalar(query) or ReferralStatus.MADE.value
        if not ReferralStatus(status).ended:
            yield f"{name}, which is {status}"
