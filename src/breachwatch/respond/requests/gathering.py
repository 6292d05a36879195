"""What the records hold about the incidents of a request, divided by the allow-list into what leaves and what does not.

A record comes from here with the values that fit their shapes, and an item for each part of it that does not leave. The
text of a part that somebody may clear comes along for the clerk to read; that of a sealed one does not.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Table, func, select

from breachwatch import records
from breachwatch.errors import LimitError
from breachwatch.incidents.casework.finding import all_members
from breachwatch.incidents.chunking import chunks
from breachwatch.model.requests import Why
from breachwatch.records import cases
from breachwatch.records.catalog import metadata
from breachwatch.respond.requests.allowed import ALLOWED, COUNTED
from breachwatch.respond.requests.allowing import Allowed, Part
from breachwatch.respond.requests.reading import Request
from breachwatch.respond.requests.shapes import Around

MOST_RECORDS = 20_000
"""Records of one request. Beyond that the words of the request are narrowed with the requester."""
_WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that does not leave by itself. `text` is what may be cleared; empty where nobody may.

    `sha256` is of what is decided about: a decision falls when the text is another.
    """

    id: str  # `note:12/text`; the same for as long as the records are
    incident: str
    kind: str
    record: str
    part: str
    title: str
    at: datetime | None
    why: Why
    clearable: bool
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record with what leaves of it by itself: words and values in the order of the allow-list."""

    id: str
    incident: str
    kind: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """All of it."""

    incidents: tuple[str, ...]
    records: tuple[Record, ...]
    items: tuple[Item, ...]

    def by_kind(self) -> dict[str, list[Record]]:
        """The records by their kind, in the order of the allow-list."""
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.kind, []).append(record)
        return found


def gather(connection: Connection, request: Request, zone: ZoneInfo) -> Gathered:
    """Everything about the incidents of a request, and about what was merged into them. Raises LimitError."""
    numbers = list(all_members(connection, request.incidents))
    around = Around(zone, frozenset(item.id for item in request.law.obligations))
    found: list[Record] = []
    items: list[Item] = []
    for kind in ALLOWED:
        for row in _rows(connection, kind, numbers):
            if len(found) >= MOST_RECORDS:
                msg = (
                    f"the incidents of {request.number} have more than {MOST_RECORDS:,} records. Link fewer of them, "
                    "or agree with the requester on a narrower request."
                )
                raise LimitError(msg)
            record, own = _divided(kind, row, around)
            found += [record] if record else []
            items += own
    for number in numbers:
        items += _counted(connection, number)
    return Gathered(tuple(numbers), tuple(found), tuple(items))


def _rows(connection: Connection, kind: Allowed, numbers: list[str]) -> Iterator[Row[Any]]:
    column = kind.table.c.number if kind.table is cases.incident else kind.table.c.incident
    key = list(kind.table.primary_key.columns)
    for chunk in chunks(numbers):
        yield from connection.execute(select(kind.table).where(column.in_(chunk)).order_by(*key))


def _divided(kind: Allowed, row: Row[Any], around: Around) -> tuple[Record | None, list[Item]]:
    """What leaves of a row, and an item for each part that does not; None where nothing of it may."""
    values = row._mapping
    key = str(next(values[column.name] for column in kind.table.primary_key.columns))
    incident = str(values["number"] if kind.table is cases.incident else values["incident"])
    record, at = f"{kind.name}:{key}", values[kind.date]

    def item(part: str, title: str, why: Why, text: str | None) -> Item:
        digest = hashlib.sha256(f"{record}/{part}\n{text or ''}".encode("utf-8", "surrogatepass")).hexdigest()
        return Item(
            f"{record}/{part}", incident, kind.name, record, part, title, at, why, text is not None, text or "", digest
        )

    why = kind.restricted(row)
    if why is not None:
        return None, [item(_WHOLE, kind.title, why, None)]
    shown, items = [], []
    for field in kind.released:
        value = values[field.column]
        fits = field.shape(value, around)
        if fits is not None:
            shown.append((field.title, fits))
        elif value not in {None, "", "[]", -1}:
            items.append(item(field.column, f"{kind.title}: {field.title}", Why.TEXT, str(value)))
    for part in kind.parts:
        text = "\n".join(str(values[column]) for column in part.columns if values[column] not in {None, "", "{}"})
        if text or not part.columns:
            items.append(
                item(part.name, f"{kind.title}: {part.title}", part.why, None if _sealed(kind, part, row) else text)
            )
    return Record(record, incident, kind.name, tuple(shown)), items


def _sealed(kind: Allowed, part: Part, row: Row[Any]) -> bool:
    asked = kind.sealed_if.get(part.name)
    return part.sealed or (asked is not None and asked(row))


def _counted(connection: Connection, number: str) -> Iterator[Item]:
    """One item for each table of which only the number of rows is told, known here or not; and the audit log."""
    for table in _of_incidents():
        rows = connection.scalar(select(func.count()).select_from(table).where(table.c.incident == number)) or 0
        if rows:
            fixed = f"Other records of the incident ({table.name.replace('_', ' ')})"
            title, why = COUNTED.get(table.name, (fixed, Why.INVESTIGATION))
            yield _count_item(number, table.name, title, why, rows)
    columns = cases.audit.c
    rows = connection.scalar(select(func.count()).select_from(cases.audit).where(columns.entity == number)) or 0
    yield _count_item(number, "audit", "The log of who did what", Why.INVESTIGATION, rows)


def _count_item(number: str, name: str, title: str, why: Why, rows: int) -> Item:
    key = f"{name}:{number}"
    return Item(
        f"{key}/{_WHOLE}", number, name, key, _WHOLE, f"{title} ({rows:,})", None, why, False, "",
        hashlib.sha256(key.encode()).hexdigest(),
    )  # fmt: skip


def _of_incidents() -> list[Table]:
    """Every table with a column `incident` that refers to incidents and that the allow-list does not name."""
    for found in pkgutil.iter_modules(records.__path__):  # a table that nothing imported is there all the same
        if not found.ispkg:
            importlib.import_module(f"{records.__name__}.{found.name}")
    named = {kind.table.name for kind in ALLOWED}
    return [
        table
        for table in metadata.sorted_tables
        if table.name not in named
        and "incident" in table.c
        and any(key.column.table is cases.incident for key in table.c.incident.foreign_keys)
    ]
