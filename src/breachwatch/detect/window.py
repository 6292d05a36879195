"""The lake as one detection run sees it: three sets of views under the same names, over three spans of time.

search   [window.start, window.end), and events without a time of files not searched before: single-event rules
wide     from two correlation spans before the window: correlations (see `engine` for why two)
past     from the longest history before the window: first-seen rules

A rule's SQL names its tables plainly (`linux_auth`) and runs over one set or another by DuckDB's search path, so that
what is kept as evidence is what ran. `search` and `wide` read a copy in (compressed) memory, made when a rule first
needs the dataset; beyond DuckDB's memory limit it spills into the workspace. `search` holds tables rather than views:
with thousands of rules, binding a view costs more than searching it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import duckdb
import pyarrow as pa

from breachwatch import lake
from breachwatch.detect.backend.literals import quoted
from breachwatch.detect.mapping import Mappings, Route
from breachwatch.lake.partition import UNKNOWN
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Window
from breachwatch.workspace import Workspace

Span = Literal["search", "wide", "past"]
_PATHS: dict[Span, str] = {"search": "night.search", "wide": "night.wide", "past": "memory.past"}


@dataclass(frozen=True, slots=True)
class Spans:
    """The run's window, how far correlations read before it, and how far first-seen rules do."""

    window: Window
    correlation: timedelta = timedelta()
    history: timedelta = timedelta()

    def start(self, span: Span) -> datetime:
        """Where a set of views begins (aware UTC)."""
        if span == "search":
            return self.window.start
        back = 2 * self.correlation if span == "wide" else self.history
        return earlier(self.window.start, back)


def earlier(moment: datetime, by: timedelta) -> datetime:
    """`moment - by`, or the calendar's first year where that is before it."""
    floor = datetime(1, 1, 2, tzinfo=UTC)
    return moment - by if moment - floor > by else floor


class LakeWindow:
    """An open connection with the three sets of views; close it by leaving `open_window`."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, spans: Spans, mappings: Mappings, untimed: Sequence[str]
    ) -> None:
        self.connection = connection
        self.spans = spans
        self.mappings = mappings
        self._untimed = untimed
        self._copied: dict[str, int] = {}
        self._picked: dict[str, bool] = {}
        self._present: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._path = ""
        connection.execute("ATTACH ':memory:' AS night (COMPRESS)")
        for schema in (*_PATHS.values(), "night.before"):
            connection.execute(f"CREATE SCHEMA {schema}")

    def run(self, span: Span, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over one set of views."""
        if self._path != _PATHS[span]:
            self.connection.execute(f"SET search_path = '{_PATHS[span]}'")
            self._path = _PATHS[span]
        return self.connection.execute(sql).fetchall()

    def run_in(self, schema: str, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the tables of a schema (or several, with commas) made for it."""
        self.connection.execute(f"SET search_path = {quoted(schema)}")
        self._path = schema
        return self.connection.execute(sql).fetchall()

    def rows(self, dataset: str) -> int:
        """Events of a dataset (or of the view `authentication`) in the window."""
        if dataset not in self._copied:
            self._copied[dataset] = self._copy(dataset)
        return self._copied[dataset]

    def has_rows(self, route: Route, picks: str) -> bool:
        """Whether the window holds events that a route picks; `picks` is its condition as SQL, or empty."""
        key = f"{route.dataset}\0{picks}"
        if key not in self._picked:
            self._picked[key] = bool(self.rows(route.dataset)) and (
                not picks or bool(self.run("search", f"SELECT 1 FROM {route.view} WHERE {picks} LIMIT 1"))
            )
        return self._picked[key]

    def is_unknown(self, dataset: str, field: str) -> bool:
        """Whether no event of a dataset in the window has a field."""
        column = self.mappings.tables[dataset].column(field)
        columns, extra = self._fields(dataset)
        if column.known:
            return column.sql not in columns
        return not {field, field.split(".", maxsplit=1)[0]} & extra

    def events(self) -> int:
        """Events of all datasets in the window."""
        return sum(self._count(dataset.view) for dataset in DATASETS.values())

    @contextmanager
    def table(self, name: str, table: pa.Table) -> Iterator[None]:
        """Lend a table to queries under a name."""
        self.connection.register(name, table)
        try:
            yield
        finally:
            self.connection.unregister(name)

    def _copy(self, dataset: str) -> int:
        view = self.mappings.tables[dataset].name
        source = f"SELECT * FROM memory.main.{view} WHERE"
        before = (
            f"time >= {_moment(self.spans.start('wide'))} AND time < {_moment(self.spans.start('search'))} "
            f"AND time < {_moment(self.spans.window.end)}"
        )
        both = f"SELECT * FROM night.before.{view} UNION ALL SELECT * FROM night.search.{view}"
        for statement in (
            f"CREATE TABLE night.search.{view} AS {source} {self._within('search', untimed=True)}",
            f"CREATE TABLE night.before.{view} AS {source} {before}",
            f"CREATE VIEW night.wide.{view} AS {both}",
            f"CREATE VIEW memory.past.{view} AS {source} {self._within('past', untimed=False)}",
        ):
            self.connection.execute(statement)
        return self._rows(f"SELECT count(*) FROM night.search.{view}")

    def _count(self, view: str) -> int:
        return self._rows(f"SELECT count(*) FROM memory.main.{view} WHERE {self._within('search', untimed=True)}")

    def _rows(self, sql: str) -> int:
        found = self.connection.execute(sql).fetchone()
        return int(found[0]) if found else 0

    def _within(self, span: Span, *, untimed: bool) -> str:
        timed = f"time >= {_moment(self.spans.start(span))} AND time < {_moment(self.spans.window.end)}"
        if not untimed or not self._untimed:
            return timed
        return f"({timed}) OR (time IS NULL AND segment_id IN ({', '.join(map(quoted, self._untimed))}))"

    def _fields(self, dataset: str) -> tuple[frozenset[str], frozenset[str]]:
        """SQL of the columns that hold something in the window, and the keys of `extra`."""
        if dataset not in self._present:
            table = self.mappings.tables[dataset]
            self.rows(dataset)
            known = list(table.columns.values())
            counts = ", ".join(f"count({column.sql}) > 0" for column in known)
            filled = self.run("search", f"SELECT {counts} FROM {table.sql}")[0]
            keys = self.run(
                "search",
                f"SELECT DISTINCT unnest(json_keys({table.extra})) FROM {table.sql} WHERE {table.extra} IS NOT NULL",
            )
            columns = frozenset(column.sql for column, some in zip(known, filled, strict=True) if some)
            self._present[dataset] = columns, frozenset(key for (key,) in keys)
        return self._present[dataset]


@contextmanager
def open_window(
    ws: Workspace, spans: Spans, mappings: Mappings, unscanned: Iterable[lake.LakeFile]
) -> Iterator[LakeWindow]:
    """The lake over the spans of one run."""
    untimed = sorted({file.segment_id for file in unscanned if file.date == UNKNOWN})
    since = min(spans.start("wide"), spans.start("past"))
    connection = lake.connect(ws, since=since, until=spans.window.end)
    try:
        yield LakeWindow(connection, spans, mappings, untimed)
    finally:
        connection.close()


def window_of(ws: Workspace, until: datetime, unscanned: Iterable[lake.LakeFile]) -> Window:
    """The span to search: the look-back, or from the earliest event that no run has searched, if that is earlier."""
    end = until.astimezone(UTC)
    start = earlier(end, timedelta(days=ws.settings.detect.lookback_days))
    late = [file.min_time for file in unscanned if file.min_time is not None]
    return Window(min([start, *late]), end)


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"
