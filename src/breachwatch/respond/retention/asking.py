"""Asking for the disposal of an incident's file, and deciding on it: two persons, each with their reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from breachwatch.errors import ChangedMeanwhileError, EvidenceError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework.changing import said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import retention as tables
from breachwatch.respond.retention.keeping import CLOSED, file_of
from breachwatch.respond.retention.periods import period
from breachwatch.workspace import Workspace

APPROVED, REFUSED = "approved", "refused"


@dataclass(frozen=True, slots=True)
class FileDisposal:
    """The disposal of a file as it stands; what has not happened yet is empty or None."""

    number: str
    incident: str
    authority: str
    reason: str
    years: int
    source: str
    closed_at: datetime
    requested_by: str
    requester: str
    requested_at: datetime
    decision: str
    decided_by: str
    decided_at: datetime | None
    decision_reason: str
    done_at: datetime | None
    done_by: str
    went: tuple[Mapping[str, str], ...]
    certificate: str  # number of the evidence

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.certificate:
            return "disposed of"
        return "to be finished" if self.done_at else self.decision or "asked for"


def ask(ws: Workspace, incident: str, *, authority: str, reason: str, by: Actor) -> FileDisposal:
    """Ask that the file of an incident be disposed of. `authority`: the schedule, resolution or consent.

    Raises NotPermittedError, UnknownNameError, UsageError where the incident is not closed, its period is not over or
    there is none, or it was asked for already; EvidenceError where something keeps the file.
    """
    require(by, Permission.REQUEST_DISPOSAL)
    authority = said(authority, "the schedule, resolution or consent that allows the disposal")
    reason, now = said(reason, "the reason"), ws.clock.now()
    with ws.database.write() as connection:
        row, held = row_of(connection, incident), period(ws, connection)
        if row.state not in CLOSED or row.closed_at is None:
            msg = f"{incident} is {row.state}; only the file of an incident that was closed is disposed of."
            raise UsageError(msg)
        if held is None:
            msg = (
                "the law of the city's profile does not specify a period, and none was entered. Enter that of the "
                "city's schedule: breachwatch retention period YEARS --source SCHEDULE"
            )
            raise UsageError(msg)
        for other in disposals_in(connection):
            if other.incident == incident and other.decision != REFUSED:
                msg = f"{incident} is {other.state} by {other.number} already."
                raise UsageError(msg)
        found = file_of(ws, connection, row, held, now)
        if not found.due(now):
            msg = f"the file of {incident} is kept until {found.over_at:%Y-%m-%d} ({held.years} years: {held.source})."
            raise UsageError(msg)
        refuse_kept(incident, found.kept_by)
        number = _number(connection, now.astimezone(ws.settings.city.zone).year)
        values = {
            "number": number,
            "incident": incident,
            "authority": authority,
            "reason": reason,
            "years": held.years,
            "source": held.source,
            "closed_at": found.closed_at,
            "requested_by": by.name,
            "requester": by.login or by.name,
            "requested_at": now,
        }
        connection.execute(tables.disposal.insert().values(**values))
        after = {"incident": incident, "authority": authority}
        audit.append(connection, at=now, by=by, entity=number, change="none -> asked for", reason=reason, after=after)
        return disposal_in(connection, number)


def decide(ws: Workspace, number: str, *, approve: bool, reason: str, by: Actor) -> FileDisposal:
    """Approve or refuse, as another person than the one who asked. Nothing goes yet: `carry_out` does.

    Raises NotPermittedError, UnknownNameError, UsageError without a reason, ChangedMeanwhileError where it was decided.
    """
    require(by, Permission.APPROVE_DISPOSAL)
    reason, now = said(reason, "why"), ws.clock.now()
    with ws.database.write() as connection:
        found = disposal_in(connection, number)
        if found.decision:
            msg = f"{number} was {found.decision} by {found.decided_by} on {found.decided_at:%Y-%m-%d}."
            raise ChangedMeanwhileError(msg)
        decider = by.login or by.name
        if decider == found.requester or by.name == found.requested_by:
            msg = f"{by.name} asked for {number}; somebody else decides on it."
            raise NotPermittedError(msg)
        decision = APPROVED if approve else REFUSED
        values = {"disposal": number, "decision": decision, "reason": reason, "decided_by": by.name}
        connection.execute(tables.decision.insert().values(**values, decider=decider, at=now))
        audit.append(connection, at=now, by=by, entity=number, change=f"asked for -> {decision}", reason=reason)
        return disposal_in(connection, number)


def disposals(ws: Workspace, *, by: Actor) -> tuple[FileDisposal, ...]:
    """All of them, in order. Raises NotPermittedError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return disposals_in(connection)


def disposals_in(connection: Connection) -> tuple[FileDisposal, ...]:
    """The same on a connection of the caller's."""
    column = tables.disposal.c.number
    return tuple(
        disposal_in(connection, number) for number in connection.scalars(select(column).order_by(column)).all()
    )


def disposal_in(connection: Connection, number: str) -> FileDisposal:
    """One of them. Raises UnknownNameError."""
    row = connection.execute(select(tables.disposal).where(tables.disposal.c.number == number)).mappings().first()
    if row is None:
        raise UnknownNameError("disposal of a file", number, connection.scalars(select(tables.disposal.c.number)))
    decided = _of(connection, tables.decision, number)
    done, certificate = _of(connection, tables.done, number), _of(connection, tables.certificate, number)
    return FileDisposal(
        **row,
        decision=decided.get("decision", ""),
        decided_by=decided.get("decided_by", ""),
        decided_at=decided.get("at"),
        decision_reason=decided.get("reason", ""),
        done_at=done.get("at"),
        done_by=done.get("carried_out_by", ""),
        went=tuple(json.loads(done.get("went", "[]"))),
        certificate=certificate.get("evidence", ""),
    )


def refuse_kept(incident: str, kept: tuple[str, ...]) -> None:
    """Raises EvidenceError where something keeps the file."""
    if kept:
        msg = f"the file of {incident} is kept by {'; '.join(kept)}, and cannot be disposed of."
        raise EvidenceError(msg)


def _of(connection: Connection, table: Any, number: str) -> Mapping[str, Any]:
    row = connection.execute(select(table).where(table.c.disposal == number)).mappings().first()
    return dict(row) if row is not None else {}


def _number(connection: Connection, year: int) -> str:
    prefix = f"RET-{year}-"
    taken = connection.scalars(select(tables.disposal.c.number).where(tables.disposal.c.number.startswith(prefix)))
    return f"{prefix}{max((int(number.removeprefix(prefix)) for number in taken), default=0) + 1:04d}"
