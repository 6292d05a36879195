"""The candidates of a piece's searches: one pass over the new events of each table, before any rule runs.

Rules that cannot match are dropped; the others run their own SQL, unchanged, over a table of the same name that holds
only events which may match. Whatever such a table lacks cannot match (see `prune.bounds`), so that the result is that
of the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from breachwatch.detect.backend import Table
from breachwatch.detect.backend.literals import identifier
from breachwatch.detect.compiling import Search
from breachwatch.detect.copies import needed
from breachwatch.detect.mapping import Mappings
from breachwatch.detect.prune.bounds import from_json, leaves
from breachwatch.detect.prune.columns import Sought
from breachwatch.detect.prune.literals import Mask, Values
from breachwatch.detect.prune.rows import plan
from breachwatch.detect.prune.sifting import Reach, Sieve, Sifted
from breachwatch.detect.sources import Sources, unquoted

_KEPT_ROWS = 50_000
FEWEST = 4
"""With fewer searches of a table than this they are run as they are."""


class Candidates:
    """What is known of the candidates of each search, and the tables that hold them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, mappings: Mappings) -> None:
        self.connection = connection
        self.mappings = mappings
        self._reach: dict[tuple[str, str], Reach] = {}
        self._sifted: dict[str, tuple[frozenset[str], Sifted]] = {}

    def reach(self, search: Search) -> Reach:
        """How much of the events a search must be run on; all of them where nothing is known of it."""
        return self._reach.get((search.dataset, search.sql), Reach.ALL)

    def is_filled(self, dataset: str, field: str) -> bool | None:
        """Whether an event has a field; None where that was not found out."""
        if dataset not in self._sifted:
            return None
        columns, sifted = self._sifted[dataset]
        table = self.mappings.tables[dataset]
        column = table.column(field)
        if not column.known:
            return bool({field, field.split(".", maxsplit=1)[0]} & sifted.keys) if table.extra in columns else None
        return column.sql in sifted.filled if column.sql in columns else None

    def find(self, dataset: str, asked: Sequence[tuple[Search, str]], sources: Sources) -> None:
        """Pass the new events of a dataset and remember what the searches may match.

        With each search comes the SQL of what will be shown of its matches.
        """
        if len(asked) < FEWEST:
            return
        searches = [item for item, _ in asked]
        table = self.mappings.tables[dataset]
        bounds = [from_json(item.bounds) for item in searches]
        texts = sorted({str(value) for bound in bounds for leaf in leaves(bound) for value in leaf.values})
        tests = [leaf for bound in bounds for leaf in leaves(bound) if leaf.kind == "test"]
        lowered = dict(zip(texts, map(str, self._lower(pa.array(texts, pa.string())).to_pylist()), strict=True))
        joined = {table.searched_text: table.searched}
        sought: dict[str, Sought] = {}
        plans = [None if bound is None else plan(bound, sought, lowered, joined) for bound in bounds]
        columns = needed(dataset, [text for item, shown in asked for text in (item.sql, shown)])
        for schema in ("memory.few", "memory.some"):
            self.connection.execute(
                f"CREATE TABLE {schema}.{table.sql} AS SELECT {', '.join(columns)} FROM {sources.new(dataset)} LIMIT 0"
            )
        # What is computed from a column needs it, even where it has no value.
        computed = {*(set(sought) - set(columns)), *(leaf.expression for leaf in tests)}
        empty = sources.empty(dataset) - set(needed(dataset, computed))
        sieve = Sieve(plans, sought, _members(table, searches), empty)
        aside = _Aside(self.connection, table)
        read = [name for name in columns if name not in empty]
        sifted = sieve.sift(sources.batches(dataset, read), aside, self._lower)
        aside.store(some=Reach.SOME in sifted.reach)
        for item, reach in zip(searches, sifted.reach, strict=True):
            self._reach[dataset, item.sql] = reach
        self._sifted[dataset] = frozenset(columns), sifted

    def _lower(self, values: Values) -> Values:
        with self.connection.cursor() as cursor:
            cursor.register("lowered_now", pa.table({"value": values}))
            return _whole(cursor.sql("SELECT lower(value) AS value FROM lowered_now").to_arrow_table()["value"])


class _Aside:
    """What a pass asks of DuckDB about a batch, and where it puts candidates."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        self.connection = connection
        self.table = table
        self._kept: dict[Reach, list[pa.Table]] = {Reach.FEW: [], Reach.SOME: []}

    def keys(self, batch: pa.Table) -> frozenset[str]:
        """The keys of the batch's JSON column."""
        extra = self.table.extra
        if extra is None or extra not in batch.column_names or batch[extra].null_count == batch.num_rows:
            return frozenset()
        sql = f"SELECT DISTINCT unnest(json_keys({extra})) AS value FROM batch_now WHERE {extra} IS NOT NULL"
        (found,) = self._asked(batch.select([extra]), sql)
        return frozenset(map(str, found.to_pylist()))

    def compute(self, batch: pa.Table, expressions: Sequence[str]) -> list[Values]:
        """The values of SQL expressions over the batch."""
        named = ", ".join(f"{sql} AS value{number}" for number, sql in enumerate(expressions))
        columns = [name for name in batch.column_names if name in named]
        return self._asked(batch.select(columns), f"SELECT {named} FROM batch_now")

    def holds(self, events: pa.Table, expression: str) -> Mask | None:
        """Of which events an SQL condition is true; None where DuckDB refuses it, as it then will in the query."""
        try:
            (found,) = self._asked(events, f"SELECT coalesce({expression}, false) AS value FROM batch_now")
        except duckdb.Error:
            return None
        return found.to_numpy(zero_copy_only=False).astype(np.bool_)

    def keep(self, reach: Reach, events: pa.Table) -> None:
        """Put candidates into the table of their reach, many at once."""
        self._kept[reach].append(_plain(events))
        if sum(map(len, self._kept[reach])) > _KEPT_ROWS:
            self._store(reach)

    def store(self, *, some: bool) -> None:
        """Put what is left into the tables; what includes others, where `some` search asks it, gets those as well."""
        for reach in self._kept:
            self._store(reach)
        if some:
            table = self.table.sql
            self.connection.execute(f"INSERT INTO memory.some.{table} FROM memory.few.{table}")

    def _store(self, reach: Reach) -> None:
        if not self._kept[reach]:
            return
        events = pa.concat_tables(self._kept[reach], promote_options="default")
        self._kept[reach] = []
        columns = ", ".join(map(identifier, events.column_names))
        self.connection.register("kept_now", events)
        schema = "memory.few" if reach is Reach.FEW else "memory.some"
        self.connection.execute(f"INSERT INTO {schema}.{self.table.sql} ({columns}) SELECT {columns} FROM kept_now")
        self.connection.unregister("kept_now")

    def _asked(self, batch: pa.Table, sql: str) -> list[Values]:
        with self.connection.cursor() as cursor:
            cursor.execute("SET preserve_insertion_order = true")
            cursor.register("batch_now", _plain(batch))
            found = cursor.sql(sql).to_arrow_table()
        return [_whole(found.column(number)) for number in range(found.num_columns)]


def _members(table: Table, searches: Sequence[Search]) -> dict[str, frozenset[str]]:
    """For each expression over a member of the JSON column the keys of which an event must have one."""
    found = {}
    for name in {name for item in searches for name in item.fields.values()}:
        column = table.column(name)
        if not column.known:
            found[column.text] = found[column.number] = _keys(name)
    return found


def _keys(field: str) -> frozenset[str]:
    """Where a field may be in JSON: a member of its name, or, dotted, one of an object or list of objects."""
    parts = field.split(".")
    return frozenset(".".join(parts[:number]) for number in range(1, len(parts) + 1))


def _plain(events: pa.Table) -> pa.Table:
    """Events as DuckDB is given them: no dictionaries, and columns by their bare names."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in events.columns
    ]
    return pa.table(columns, names=[unquoted(name) for name in events.column_names])


def _whole(column: Any) -> Values:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
