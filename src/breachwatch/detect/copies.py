"""Copies of the lake's tables in memory, with the columns that are asked for and no others.

A table of events has a hundred columns and a rule names five. Each copy keeps the table's own name in a schema of its
own, so that a rule's SQL runs over it as it stands. A query that names a column which its copy lacks has the copy made
anew with it; what other rules will ask for is said beforehand, so that this stays rare.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import duckdb

from breachwatch.detect.backend import Table
from breachwatch.detect.backend.literals import identifier
from breachwatch.lake.authentication import AUTHENTICATION_SCHEMA
from breachwatch.lake.sql import column_names
from breachwatch.model.datasets import DATASETS

_ALWAYS = frozenset(
    {
        *("event_id", "time", "observed_at", "source", "dataset", "host", "user", "source_ip", "action", "outcome"),
        *("repeat_count", "segment_id", "record_number"),
    }
)


@cache
def columns_of(dataset: str) -> tuple[str, ...]:
    """All columns of a dataset's table (or of the view `authentication`), quoted."""
    schema = DATASETS[dataset].schema if dataset in DATASETS else AUTHENTICATION_SCHEMA
    return tuple(identifier(name) for name in column_names(schema))


def needed(dataset: str, texts: Iterable[str]) -> list[str]:
    """The columns that stand in some SQL, and those that every query over events may ask for.

    Whatever is generated quotes the names of columns, but for those every event has. A name that stands in a literal is
    taken along, which costs little.
    """
    text = "\n".join(texts)
    return [name for name in columns_of(dataset) if name[1:-1] in _ALWAYS or name in text]


class Copies:
    """The copies in one schema."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self.connection = connection
        self.schema = schema
        self._columns: dict[str, set[str]] = {}
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    def ensure(
        self, dataset: str, table: Table, source: str, sql: str, planned: Iterable[str], *, view: bool = False
    ) -> None:
        """Have a copy of `source` (what stands after FROM, with its WHERE) that has the columns of `sql`.

        As a `view` where the source is a table in memory itself.
        """
        have = self._columns.get(dataset)
        if have is not None and have.issuperset(needed(dataset, [sql])):
            return
        asked = {*needed(dataset, [sql, *planned]), *(have or ())}
        wanted = [name for name in columns_of(dataset) if name in asked]
        self.connection.execute(
            f"CREATE OR REPLACE {'VIEW' if view else 'TABLE'} {self.schema}.{table.sql} AS "
            f"SELECT {', '.join(wanted)} FROM {source}"
        )
        self._columns[dataset] = set(wanted)
