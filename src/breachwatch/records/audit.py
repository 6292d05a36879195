"""The audit log: every change of state, with actor, reason and time, as a hash chain that is only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch.model.incident import AuditRecord
from breachwatch.model.people import Actor
from breachwatch.records import cases
from breachwatch.records.chain import Chain, check_rows, last_link, line_hash, link_line


@dataclass(frozen=True, slots=True)
class Entry:
    """A change to be written down; `change` reads `from -> to`, `before` and `after` hold the fields that changed."""

    at: datetime  # aware
    by: Actor
    entity: str  # number or key of what changed
    change: str
    reason: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


def append(
    connection: Connection,
    *,
    at: datetime,
    by: Actor,
    entity: str,
    change: str,
    reason: str,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Add one row, within the write transaction of the change that it tells of. See `Entry` for the fields."""
    append_all(connection, [Entry(at, by, entity, change, reason, before, after)])


def append_all(connection: Connection, entries: Iterable[Entry]) -> None:
    """Add rows in order, within the write transaction of the changes. Raises ValueError for a time without a zone."""
    entries = list(entries)
    if not entries:
        return
    seq, prev = last_link(connection, cases.audit)
    rows = []
    for seq, entry in enumerate(entries, seq + 1):  # noqa: B020  the numbers go on where the chain ends
        row = _row(seq, prev, entry)
        rows.append(row)
        prev = str(row["hash"])
    connection.execute(cases.audit.insert(), rows)


def _row(seq: int, prev: str, entry: Entry) -> dict[str, object]:
    if entry.at.tzinfo is None:
        msg = "an audit record needs an aware time"
        raise ValueError(msg)
    by, reason = entry.by, entry.reason.strip()
    fields: dict[str, object] = {
        "at": entry.at.isoformat(),
        "actor": by.name,
        "login": by.login,
        "account": by.account,
        "roles": sorted(role.value for role in by.roles),
        "via": by.via.value,
        "entity": entry.entity,
        "change": entry.change,
        "reason": reason,
    }
    if entry.before is not None:
        fields["before"] = dict(entry.before)
    if entry.after is not None:
        fields["after"] = dict(entry.after)
    body = link_line(seq, prev, fields)
    return {
        "seq": seq,
        "prev": prev,
        "hash": line_hash(body),
        "at": entry.at,
        "actor": by.name,
        "entity": entry.entity,
        "change": entry.change,
        "reason": reason,
        "body": body,
    }


def trail(connection: Connection, entity: str) -> tuple[AuditRecord, ...]:
    """Everything that was done to one thing, oldest first."""
    found = connection.execute(select(cases.audit).where(cases.audit.c.entity == entity).order_by(cases.audit.c.seq))
    return tuple(AuditRecord(row.at, row.actor, row.entity, row.change, row.reason) for row in found)


def check_chain(connection: Connection) -> Chain:
    """Recompute the whole chain, and compare the columns with the lines they were taken from."""
    return check_rows(connection, cases.audit, ("actor", "entity", "change", "reason"))
