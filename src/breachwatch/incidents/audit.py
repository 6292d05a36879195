"""The audit log: every state change, with actor, reason and time. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch.model.incident import AuditRecord
from breachwatch.records import cases

PROGRAM = "breachwatch"
"""The actor of changes that no person asked for."""


def append(connection: Connection, rows: Iterable[AuditRecord]) -> None:
    """Add rows to the audit log, within the transaction of the change they tell of."""
    values = [
        {"at": row.at, "actor": row.actor, "entity": row.entity, "change": row.change, "reason": row.reason}
        for row in rows
    ]
    if values:
        connection.execute(cases.audit.insert(), values)


def change(connection: Connection, *, at: datetime, actor: str, entity: str, change: str, reason: str) -> None:
    """Add one row; `change` reads `from -> to`."""
    append(connection, [AuditRecord(at, actor, entity, change, reason)])


def trail(connection: Connection, entity: str) -> tuple[AuditRecord, ...]:
    """Everything that was done to one thing, oldest first."""
    found = connection.execute(select(cases.audit).where(cases.audit.c.entity == entity).order_by(cases.audit.c.seq))
    return tuple(AuditRecord(row.at, row.actor, row.entity, row.change, row.reason) for row in found)
