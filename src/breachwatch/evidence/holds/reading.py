"""Reading holds: each with its custodians and the evidence it covers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from breachwatch.evidence.holds.custodians import Custodian, custodians_in
from breachwatch.lake.care import Hold, hold_in, holds
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import keeping_evidence
from breachwatch.records.evidence_care import hold_evidence
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """A hold with its custodians, and the evidence it covers with why."""

    hold: Hold
    custodians: tuple[Custodian, ...]
    evidence: tuple[tuple[str, str], ...]

    @property
    def unacknowledged(self) -> tuple[Custodian, ...]:
        """Who has not acknowledged a hold that is in force."""
        if self.hold.released_at is not None:
            return ()
        return tuple(person for person in self.custodians if person.acknowledged_at is None)


def record(ws: Workspace, number: str, *, by: Actor) -> HoldRecord:
    """One hold. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return _record(connection, hold_in(connection, number))


def records(ws: Workspace, *, by: Actor) -> tuple[HoldRecord, ...]:
    """All holds, released ones too, in order of placing. Raises NotPermittedError."""
    require(by, Permission.READ)
    found = holds(ws)
    with ws.database.read() as connection:
        return tuple(_record(connection, hold) for hold in found)


def keepers(connection: Connection, evidence: str) -> list[str]:
    """Numbers of the holds and incidents that keep a piece of evidence from being disposed of."""
    held = f"SELECT h.number FROM hold h WHERE {keeping_evidence.held(':evidence')}"
    unclosed = f"SELECT i.number FROM incident i WHERE {keeping_evidence.unclosed(':evidence')}"
    return sorted(connection.scalars(text(f"{held} UNION {unclosed}"), {"evidence": evidence}))


def _record(connection: Connection, hold: Hold) -> HoldRecord:
    column = hold_evidence.c
    rows = connection.execute(
        select(column.evidence, column.why).where(column.hold == hold.number, column.covered == 1)
    )
    covered = tuple(sorted((row.evidence, row.why) for row in rows))
    return HoldRecord(hold, custodians_in(connection, hold.number), covered)
