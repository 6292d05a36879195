"""Rows for every table of a schema of any revision, made from what the database says of its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Integer, MetaData, String, Table, select

from tests.postgresql.meddling import drop_triggers

BEGIN = datetime(2026, 1, 1, 12, 30, 15, 123456)  # noqa: DTZ001  columns have no zone

MEANT = {
    "incident.number": "INC-2026-{0:04d}",
    "incident.state": "open",
    "evidence.number": "EV-2026-{0:06d}",
    "alert.entities": '[["user", "u{0}"]]',
    "alert.tags": '["attack.t1110"]',
    "alert.why": '{{"user": "u{0}"}}',
    "alert.matched": "{{}}",
    "detection.origins": "[]",
    "lake_shape.columns": '[["time", "TIMESTAMP"]]',
}
"""Values that migrations read. All other text names its table, column and number."""

CHANGED = {"incident": {"state"}}
"""Columns whose values a migration changes on purpose, by table."""


@dataclass
class Filled:
    """Rows that were put into a database, by table."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)

    def fill(self, connection: Connection) -> None:
        """Put another row into every table that there is."""
        with _no_triggers(connection):
            self._fill(connection)

    def _fill(self, connection: Connection) -> None:
        metadata = MetaData()
        metadata.reflect(connection)
        made: dict[str, dict[str, Any]] = {}
        for table in metadata.sorted_tables:
            if table.name == "alembic_version":
                continue
            self._count[table.name] += 1
            row = {column.name: self._value(table, column, made) for column in table.columns}
            connection.execute(table.insert().values(row))
            made[table.name] = row
            self.rows.setdefault(table.name, []).append(row)

    def _value(self, table: Table, column: Column[Any], made: dict[str, dict[str, Any]]) -> Any:
        for key in column.foreign_keys:
            return made[key.column.table.name][key.column.name] if key.column.table is not table else None
        number = self._count[table.name]
        if isinstance(column.type, DateTime):
            return BEGIN + timedelta(days=number)
        if isinstance(column.type, Integer):
            return number
        assert isinstance(column.type, String), f"{table.name}.{column.name}: what is a value of {column.type}?"
        name = f"{table.name}.{column.name}"
        text = MEANT.get(name, f"{{0}} {name}").format(number)
        return text[: column.type.length]

    def missing(self, connection: Connection) -> list[str]:
        """What is no longer there as it was put in; columns that are gone count."""
        metadata = MetaData()
        metadata.reflect(connection)
        told = []
        for name, rows in self.rows.items():
            table = metadata.tables[name]
            for row in rows:
                kept = {column: value for column, value in row.items() if column not in CHANGED.get(name, ())}
                if gone := kept.keys() - table.c.keys():
                    told.append(f"{name}: no columns {sorted(gone)}")
                    continue
                found = connection.execute(
                    select(table).where(*(table.c[c] == v for c, v in kept.items() if v is not None))
                )
                if len(found.all()) != 1:
                    told.append(f"{name}: {row}")
        return told


@contextmanager
def _no_triggers(connection: Connection) -> Iterator[None]:
    """Nothing asks, for the time being, whether a row could have come to be as it is."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
        return
    made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    drop_triggers(connection)
    yield
    for statement in made:
        connection.exec_driver_sql(statement)
