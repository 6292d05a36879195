"""Requests to dispose of evidence, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import EvidenceError, UnknownNameError
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.records.evidence_care import disposal_item, disposal_request
from breachwatch.workspace import Workspace

APPROVED, REFUSED = "approved", "refused"


@dataclass(frozen=True, slots=True)
class DisposedItem:
    """One piece of evidence in a request. Times are aware UTC; `disposed_at` is None while it is still there."""

    evidence: str
    incident: str | None  # none: evidence that belonged to no incident
    sealed_at: datetime
    events: int
    bytes: int
    tagmanifest_sha256: str
    disposed_at: datetime | None
    disposed_by: str | None
    removed_at: datetime | None  # when the last byte was gone from the vault


@dataclass(frozen=True, slots=True)
class Disposal:
    """A request to dispose of evidence. `decision` is None until a second person decided: approved or refused."""

    number: str
    authority: str
    reason: str
    requested_at: datetime
    requested_by: str
    requester: str  # login
    decision: str | None
    decided_at: datetime | None
    decided_by: str | None
    decider: str | None  # login
    decision_reason: str | None
    items: tuple[DisposedItem, ...] = ()

    @property
    def done(self) -> bool:
        """Whether all of it was disposed of."""
        return bool(self.items) and all(item.disposed_at is not None for item in self.items)


def disposal(ws: Workspace, number: str, *, by: Actor) -> Disposal:
    """One request. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return disposal_in(connection, number)


def disposals(ws: Workspace, *, by: Actor) -> tuple[Disposal, ...]:
    """All requests, oldest first. Raises NotPermittedError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        column = disposal_request.c
        numbers = connection.scalars(select(column.number).order_by(column.requested_at, column.number)).all()
        return tuple(disposal_in(connection, number) for number in numbers)


def disposed_at(connection: Connection) -> dict[str, datetime]:
    """When each piece of evidence that is gone was disposed of."""
    column = disposal_item.c
    rows = connection.execute(select(column.evidence, column.disposed_at).where(column.disposed_at.is_not(None)))
    return {row.evidence: row.disposed_at for row in rows}


def disposal_of(connection: Connection, evidence: str) -> Disposal | None:
    """The request by which a piece of evidence was disposed of; None while it is there."""
    column = disposal_item.c
    query = select(column.request).where(column.evidence == evidence, column.disposed_at.is_not(None))
    number = connection.scalar(query)
    return disposal_in(connection, number) if number is not None else None


def refuse_disposed(connection: Connection, evidence: str) -> None:
    """Raises EvidenceError for evidence whose bytes are gone."""
    gone = disposal_of(connection, evidence)
    if gone is not None:
        msg = f"{evidence} was disposed of by {gone.number}: its bytes are gone, its record and custody stay."
        raise EvidenceError(msg)


def disposal_in(connection: Connection, number: str) -> Disposal:
    """One request. Raises UnknownNameError."""
    row = connection.execute(select(disposal_request).where(disposal_request.c.number == number)).mappings().first()
    if row is None:
        raise UnknownNameError("disposal", number, connection.scalars(select(disposal_request.c.number)))
    item, evidence = disposal_item.c, cases.evidence.c
    rows = connection.execute(
        select(disposal_item, evidence.incident, evidence.sealed_at, evidence.events)
        .join(cases.evidence, evidence.number == item.evidence)
        .where(item.request == number)
        .order_by(item.evidence)
    )
    return Disposal(**row, items=tuple(_item(found) for found in rows))


def _item(row: Row[Any]) -> DisposedItem:
    return DisposedItem(
        evidence=row.evidence,
        incident=row.incident,
        sealed_at=row.sealed_at,
        events=row.events,
        bytes=row.bytes,
        tagmanifest_sha256=row.tagmanifest_sha256,
        disposed_at=row.disposed_at,
        disposed_by=row.disposed_by,
        removed_at=row.removed_at,
    )
