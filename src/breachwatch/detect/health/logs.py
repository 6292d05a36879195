"""The records that rules about logs read: those no run has searched yet, and those before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import select

from breachwatch import lake
from breachwatch.detect.backend.literals import quoted
from breachwatch.detect.compiling import Compiler, Search
from breachwatch.lake.sql import name as identifier
from breachwatch.model.datasets import DATASETS
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

_CHUNK = 500  # values in one IN (...), well below what SQLite takes


@dataclass(frozen=True, slots=True)
class Held:
    """What the catalog says of a segment: the log it is of, its place in it, and when it was planned."""

    segment_id: str
    source: str
    file_id: str
    path: str
    format: str
    start: int
    end: int
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class At:
    """One record: when it was written (naive UTC), and what names it."""

    time: datetime
    event_id: str
    segment_id: str
    dataset: str


class Logs:
    """A connection over the lake in which a rule's search can be run over chosen segments or days."""

    def __init__(self, ws: Workspace, connection: duckdb.DuckDBPyConnection, compiler: Compiler) -> None:
        self.ws = ws
        self.compiler = compiler
        self.connection = connection
        self._made = 0
        new = lake.segments_in(ws, lake.unscanned_files(ws))
        self.new = {item.segment_id: item for item in held(ws, {segment_id for _, segment_id in new})}

    def fresh(self, formats: Sequence[str]) -> dict[str, Held]:
        """The segments that no run has searched whole, of logs of these formats (of all where none is named)."""
        return {key: item for key, item in self.new.items() if not formats or item.format in formats}

    def over_segments(self, datasets: Iterable[str], segment_ids: Iterable[str]) -> str:
        """A schema in which the datasets' tables hold the events of these segments."""
        wanted = sorted(segment_ids)
        return self._schema({name: lake.select_segments(self.ws, DATASETS[name], wanted) for name in datasets})

    def over_time(self, datasets: Iterable[str], since: datetime, until: datetime) -> str:
        """A schema in which the datasets' tables hold the events of [since, until) (aware)."""
        return self._schema({name: lake.select_between(self.ws, DATASETS[name], since, until) for name in datasets})

    def run(self, schema: str, sql: str, **lent: pa.Table) -> list[tuple[Any, ...]]:
        """The rows of a query over the tables of a schema, with tables lent to it under their names."""
        self.connection.execute(f"SET search_path = {quoted(schema + ',memory.main')}")
        for name, table in lent.items():
            self.connection.register(name, table)
        try:
            return self.connection.execute(sql).fetchall()
        finally:
            for name in lent:
                self.connection.unregister(name)

    def drop(self, schema: str) -> None:
        """Forget a schema."""
        self.connection.execute(f"DROP SCHEMA {schema} CASCADE")

    def rejects_in(self, segment_ids: Iterable[str]) -> int:
        """How many records of these segments could not be parsed."""
        column = catalog.segment.c
        query = select(column.rejects).where(column.segment_id.in_(sorted(set(segment_ids))))
        with self.ws.database.read() as connection:
            return sum(value or 0 for value in connection.execute(query).scalars())

    def _schema(self, selects: dict[str, str]) -> str:
        self._made += 1
        schema = f"memory.logs_{self._made}"
        self.connection.execute(f"CREATE SCHEMA {schema}")
        for dataset, sql in selects.items():
            table = identifier(DATASETS[dataset].view)
            self.connection.execute(f"CREATE VIEW {schema}.{table} AS {sql}")
        return schema


@contextmanager
def open_logs(ws: Workspace, compiler: Compiler) -> Iterator[Logs]:
    """The logs of a workspace, until the block ends."""
    with closing(lake.connect_bare(ws)) as connection:
        yield Logs(ws, connection, compiler)


def held(ws: Workspace, segment_ids: Iterable[str]) -> list[Held]:
    """What the catalog says of these segments."""
    wanted = sorted(segment_ids)
    return _held(ws, [catalog.segment.c.segment_id.in_(chunk) for chunk in _chunks(wanted)])


def held_of_logs(ws: Workspace, file_ids: Iterable[str]) -> list[Held]:
    """What the catalog says of all segments of these logs."""
    wanted = sorted(set(file_ids))
    return _held(ws, [catalog.segment.c.file_id.in_(chunk) for chunk in _chunks(wanted)])


def held_of_sources(ws: Workspace, sources: Iterable[str]) -> list[Held]:
    """What the catalog says of all segments of these sources."""
    wanted = sorted(set(sources))
    return _held(ws, [catalog.segment.c.source.in_(chunk) for chunk in _chunks(wanted)])


def _held(ws: Workspace, conditions: Iterable[Any]) -> list[Held]:
    columns = [catalog.segment.c[name] for name in Held.__dataclass_fields__]
    with ws.database.read() as connection:
        return [Held(*row) for condition in conditions for row in connection.execute(select(*columns).where(condition))]


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def lent_logs(items: Iterable[Held], new: Iterable[str] = ()) -> pa.Table:
    """Segments as a table to lend to a query: `segment_id, file_id, new`."""
    listed, fresh = list(items), set(new)
    return pa.table(
        {
            "segment_id": pa.array([item.segment_id for item in listed], pa.string()),
            "file_id": pa.array([item.file_id for item in listed], pa.string()),
            "new": pa.array([item.segment_id in fresh for item in listed], pa.bool_()),
        }
    )


def records_sql(compiler: Compiler, searches: Sequence[Search], by: Sequence[str], number: str = "") -> str:
    """What the searches match, over all their tables, in columns that rules about logs need.

    `source, host, by0, by1 ..., number, time, event_id, segment_id, record_number, dataset`; `number` holds the last
    digits of the field `number`, NULL where none is named.
    """
    parts = []
    for search in searches:
        table = compiler.mappings.tables[search.dataset]
        keys = [f"coalesce({table.column(search.name(field)).text}, '') AS by{place}" for place, field in enumerate(by)]
        text = table.column(search.name(number)).text if number else "NULL"
        digits = f"TRY_CAST(regexp_extract({text}, '([0-9]{{1,18}})$', 1) AS BIGINT) AS number"
        listed = ", ".join(["source", "coalesce(host, '') AS host", *keys, digits])
        parts.append(
            f"SELECT {listed}, time, event_id, segment_id, record_number, {quoted(search.dataset)} AS dataset\n"
            f"FROM (\n{search.sql}\n) WHERE time IS NOT NULL"
        )
    return "\nUNION ALL\n".join(parts)
