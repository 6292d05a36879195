"""One change of an incident by a person: permitted, against the version that was seen, and written down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from breachwatch.errors import ChangedMeanwhileError, UnknownNameError, UsageError
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.workspace import Workspace

_LONGEST_TEXT = 20_000


@dataclass(slots=True)
class Change:
    """A change under way, within its write transaction. `row` is the incident as it was."""

    connection: Connection
    row: Row[Any]
    by: Actor
    at: datetime
    zone: tzinfo = UTC  # the city's, where a guard asks for today
    values: dict[str, Any] = field(default_factory=dict)  # columns of the incident to set when the change ends
    finished: bool = False

    @property
    def number(self) -> str:
        return str(self.row.number)

    def note(
        self,
        change: str,
        reason: str,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write the change into the audit log, with the version that the incident has after it."""
        audit.append(
            self.connection,
            at=self.at,
            by=self.by,
            entity=self.number,
            change=change,
            reason=reason,
            before=before,
            after={**(after or {}), "version": self.row.version + 1},
        )

    def set(self, change: str, reason: str, **values: Any) -> None:
        """Set columns of the incident, and note what they were and are."""
        before = {name: _plain(getattr(self.row, name)) for name in values}
        self.values.update(values)
        self.note(change, reason, before, {name: _plain(value) for name, value in values.items()})


@contextmanager
def changing(
    ws: Workspace, number: str, *, by: Actor, may: Permission | tuple[Permission, ...], expected_version: int | None
) -> Iterator[Change]:
    """A write transaction in which one incident changes; its version counts on when the block ends.

    Raises NotPermittedError, UnknownNameError, and ChangedMeanwhileError where the incident is not at
    `expected_version` any more.
    """
    permitted(by, may)
    with ws.database.write() as connection:
        change = begin(connection, number, by=by, at=ws.clock.now(), expected_version=expected_version)
        change.zone = ws.settings.city.zone
        yield change
        finish(change)


def permitted(by: Actor, may: Permission | tuple[Permission, ...]) -> None:
    """Raises NotPermittedError unless one of the permissions is given."""
    asked = may if isinstance(may, tuple) else (may,)
    if not any(by.may(item) for item in asked):
        require(by, asked[0])


def begin(
    connection: Connection, number: str, *, by: Actor, at: datetime, expected_version: int | None = None
) -> Change:
    """A change of one incident within a transaction that the caller holds; `finish` ends it."""
    row = row_of(connection, number)
    if expected_version is not None and row.version != expected_version:
        raise ChangedMeanwhileError(_what_changed(connection, row, expected_version))
    return Change(connection, row, by, at)


def finish(change: Change) -> None:
    """Write the columns that were set, and count the version on. Once is enough."""
    if change.finished:
        return
    change.finished = True
    columns = cases.incident.c
    change.connection.execute(
        cases.incident.update()
        .where(columns.number == change.number)
        .values(version=columns.version + 1, **change.values)
    )


def numbered(change: Change, table: Table, kind: str, number: int, expected_version: int | None) -> Row[Any]:
    """The row of an action or task of the incident, or of one that was merged into it.

    Raises UnknownNameError, and ChangedMeanwhileError where it is not at `expected_version` any more.
    """
    of = members(change.connection, change.number)
    mine = table.c.incident.in_(of)
    row = change.connection.execute(select(table).where(table.c.number == number, mine)).one_or_none()
    if row is None:
        known = change.connection.scalars(select(table.c.number).where(mine))
        raise UnknownNameError(f"{kind} of {change.number}", str(number), map(str, known))
    if expected_version is not None and row.version != expected_version:
        told = changed_since(change.connection, change.number, 0)
        msg = f"{kind} {number} of {change.number} was changed since you read it. {told}. Look at it again."
        raise ChangedMeanwhileError(msg)
    return row


def said(text: str, what: str) -> str:
    """A text that must not be empty, such as a reason. Raises UsageError."""
    text = text.strip()
    if not text:
        msg = f"{what} is missing. Say it in a sentence: it stands in the audit log, and others will rely on it."
        raise UsageError(msg)
    return bounded(text, what)


def bounded(text: str, what: str) -> str:
    """A text of bounded length. Raises UsageError."""
    if len(text) > _LONGEST_TEXT:
        msg = f"{what} has {len(text):,} characters; {_LONGEST_TEXT:,} are kept. Add the rest as evidence."
        raise UsageError(msg)
    return text.strip()


def changed_since(connection: Connection, entity: str, version: int) -> str:
    """Who changed what after this version, from the audit log; the latest change where no row tells its version."""
    columns = cases.audit.c
    rows = connection.execute(
        select(columns.at, columns.actor, columns.change, columns.body)
        .where(columns.entity == entity)
        .order_by(columns.seq.desc())
        .limit(20)
    ).all()
    later = [row for row in rows if _version(row.body) > version] or list(rows[:1])
    told = [f"{row.actor}, {row.at:%Y-%m-%d %H:%M} UTC: {row.change}" for row in reversed(later)]
    return "; ".join(told) or "nobody wrote down what"


def _what_changed(connection: Connection, row: Row[Any], expected: int) -> str:
    told = changed_since(connection, row.number, expected)
    return (
        f"{row.number} was changed since you read it (version {expected}, now {row.version}). {told}. "
        "Look at it again, then repeat what still fits."
    )


def _version(body: str) -> int:
    after = json.loads(body).get("after") or {}
    version = after.get("version", 0)
    return version if isinstance(version, int) else 0


def _plain(value: Any) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
