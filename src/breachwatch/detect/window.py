"""The lake as one piece of a detection run sees it: the same tables under the same names, in several sets.

search   the events to be searched: those of the piece that no run has searched yet, or all of its time
few      of these, the candidates of searches that have few of them (see `candidates`)
some     of these, the candidates of searches that have more as well
whole    all events of the piece's time, new or not: rules that ask how long ago something was seen
wide     all events from some time before the piece on: correlations (see `engine` for how long)

A rule's SQL names its tables plainly (`linux_auth`) and runs over one set or another by DuckDB's search path, so that
what is kept as evidence is what ran. All sets are copies of the columns that are asked for, made when a query first
names the table: with thousands of rules, binding a view costs more than searching a table. Where the lake's files are
so small that they were copied whole (see `stock`), a set is a look at that copy. Beyond DuckDB's memory limit they
spill into the workspace. The lake's own views stay reachable in `memory.main`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import duckdb
import pyarrow as pa

from breachwatch import lake
from breachwatch.detect.backend.literals import quoted
from breachwatch.detect.candidates import Candidates
from breachwatch.detect.compiling import Search
from breachwatch.detect.copies import Copies
from breachwatch.detect.mapping import AUTHENTICATION, Mappings, Route
from breachwatch.detect.pieces import Piece
from breachwatch.detect.prune.sifting import Reach
from breachwatch.detect.sources import Sources, Spans, earlier, later
from breachwatch.detect.stock import Stock
from breachwatch.model.datasets import DATASETS
from breachwatch.workspace import Workspace

Span = Literal["search", "few", "some", "whole", "wide"]
_PLACES: dict[Reach, Span] = {Reach.FEW: "few", Reach.SOME: "some", Reach.ALL: "search"}
_MEMORY_MB = 800
"""What DuckDB takes at most for a piece, if the limit of all connections does not say less."""
_HOURS = (1, 6, 24, 48, 96, 192, 384, 768)
"""How far back the sets for correlations go, so that a few of them serve all rules."""


class LakeWindow:
    """An open connection with the sets of one piece; close it by leaving `open_window`."""

    def __init__(
        self,
        ws: Workspace,
        connection: duckdb.DuckDBPyConnection,
        spans: Spans,
        mappings: Mappings,
        piece: Piece,
        stock: Stock,
    ) -> None:
        self.connection = connection
        self.spans = spans
        self.mappings = mappings
        self.piece = piece
        self.candidates = Candidates(connection, mappings)
        self._back = timedelta()
        self._views = {table.sql: name for name, table in mappings.tables.items()}
        self._copies: dict[str, Copies] = {}
        self._planned: dict[tuple[Span, str], list[str]] = {}
        self._rows: dict[str, int] = {}
        self._picked: dict[tuple[str, str], bool] = {}
        self._known: dict[tuple[str, str], bool] = {}
        self._path = ""
        connection.execute("ATTACH ':memory:' AS night (COMPRESS)")
        for name in ("search", "few", "some", "whole"):
            connection.execute(f"CREATE SCHEMA memory.{name}")
        self._sources = Sources(ws, connection, spans, mappings, piece, stock)

    # --- what is asked of it ------------------------------------------------------------------------------------------

    def run(self, span: Span, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over one set."""
        if span == "whole" and not self.piece.mixed:
            span = "search"
        schema = self._schema(span)
        if span in ("search", "whole", "wide"):
            for view, dataset in self._views.items():
                if view in sql:
                    self._copy(span, schema, dataset, sql)
        return self.run_in(schema, sql)

    def run_in(self, schema: str, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the tables of a schema (or several, with commas) made for it."""
        if self._path != schema:
            self.connection.execute(f"SET search_path = {quoted(schema)}")
            self._path = schema
        return self.connection.execute(sql).fetchall()

    def plan(self, span: Span, dataset: str, sql: str) -> None:
        """Say beforehand what will be asked of a table, so that its copy is made once."""
        self._planned.setdefault((span, dataset), []).append(sql)

    def sift(self, searches: Sequence[tuple[Search, str]]) -> None:
        """Find out what these searches cannot match; with each, SQL of what will be shown of its matches."""
        for dataset in dict.fromkeys(item.dataset for item, _ in searches):
            if dataset != AUTHENTICATION and self.rows(dataset):
                mine = [pair for pair in searches if pair[0].dataset == dataset]
                self.candidates.find(dataset, mine, self._sources)
        for item, shown in searches:
            if self.candidates.reach(item) is Reach.ALL:
                self.plan("search", item.dataset, f"{item.sql}\n{shown}")

    def place(self, searches: Iterable[Search]) -> Span | None:
        """The smallest set that holds all matches of some searches; None where there is none."""
        filled = (item for item in searches if self.rows(item.dataset))
        reach = max(map(self.candidates.reach, filled), default=Reach.NONE)
        return _PLACES.get(reach)

    def reach_back(self, by: timedelta) -> timedelta:
        """Have the set `wide` begin at least so long before the window; returns how long it is."""
        rounded = next((timedelta(hours=number) for number in _HOURS if timedelta(hours=number) >= by), by)
        # No further than the files reach that this window was opened over.
        self._back = max(by, min(rounded, self.spans.window.start - self.searched_until() + self.spans.correlation))
        return self._back

    def wide(self) -> tuple[datetime, datetime]:
        """Where the set `wide` begins, and up to where all events are in it (aware UTC)."""
        start, end = self._sources.reached(self._back)
        return start, self.piece.until if self.piece.front else end

    def searched_until(self) -> datetime:
        """The time of the latest event that an earlier run has searched; the piece's own start where none has."""
        return min(self.piece.searched or self.spans.window.start, self.spans.window.start)

    def rows(self, dataset: str) -> int:
        """Events of a dataset (or of the view `authentication`) to be searched."""
        if dataset not in self._rows:
            self._rows[dataset] = self._count(dataset)
        return self._rows[dataset]

    def events(self) -> int:
        """Events of all datasets to be searched."""
        return sum(self.rows(name) for name in DATASETS)

    def has_rows(self, route: Route, picks: str) -> bool:
        """Whether there are events to be searched that a route picks; `picks` is its condition as SQL, or empty."""
        if not picks or not self.rows(route.dataset):
            return bool(self.rows(route.dataset))
        if (route.dataset, picks) not in self._picked:
            self.look_for([(route.dataset, picks)])
        return self._picked[route.dataset, picks]

    def look_for(self, asked: Iterable[tuple[str, str]]) -> None:
        """Answer `has_rows` for many datasets and conditions, those of a dataset at once."""
        by_dataset: dict[str, dict[str, None]] = {}
        for dataset, picks in asked:
            if picks and (dataset, picks) not in self._picked and self.rows(dataset):
                by_dataset.setdefault(dataset, {})[picks] = None
        for dataset, conditions in by_dataset.items():
            table = self.mappings.tables[dataset]
            told = ", ".join(f"coalesce(bool_or({picks}), false)" for picks in conditions)
            sql = f"SELECT {told} FROM (SELECT * FROM {self._sources.new(dataset)}) AS {table.sql}"
            (found,) = self.run_in("memory.main", sql)
            self._picked |= {(dataset, picks): some for picks, some in zip(conditions, found, strict=True)}

    def is_unknown(self, dataset: str, field: str) -> bool:
        """Whether no event to be searched has a field."""
        column = self.mappings.tables[dataset].column(field)
        said = self.candidates.is_filled(dataset, field)
        if said is not None:
            return not said
        key = dataset, column.sql
        if key not in self._known:
            self._known[key] = bool(self.rows(dataset) and self._has_some(dataset, column.sql))
        return not self._known[key]

    def _has_some(self, dataset: str, column: str) -> bool:
        source = f"{self._sources.new(dataset)} AND"
        if dataset == AUTHENTICATION:
            # Its rules are about to search the copy of this view, which takes longer to bind than to search.
            self._copy("search", "memory.search", dataset, column)
            source = f"memory.search.{self.mappings.tables[dataset].sql} WHERE"
        return bool(self.run_in("memory.main", f"SELECT 1 FROM {source} {column} IS NOT NULL LIMIT 1"))

    def new_among(self, datasets: Iterable[str], event_ids: Sequence[str]) -> set[str]:
        """Those of some events that are among the events to be searched."""
        filled = [name for name in dict.fromkeys(datasets) if self.rows(name)]
        if not filled or not event_ids:
            return set()
        sources = " UNION ALL ".join(f"FROM {self._sources.new_ids(name)}" for name in filled)
        with self.table("asked_now", pa.table({"event_id": pa.array(event_ids, pa.string())})):
            sql = f"SELECT event_id FROM asked_now SEMI JOIN ({sources}) USING (event_id)"
            return {event_id for (event_id,) in self.run_in("memory.main", sql)}

    @contextmanager
    def table(self, name: str, table: pa.Table) -> Iterator[None]:
        """Lend a table to queries under a name."""
        self.connection.register(name, table)
        try:
            yield
        finally:
            self.connection.unregister(name)

    def view(self, dataset: str) -> str:
        """The lake's own view of a dataset, over all files of the spans."""
        return self._sources.view(dataset)

    def _schema(self, span: Span) -> str:
        return f"night.wide_{int(self._back.total_seconds())}" if span == "wide" else f"memory.{span}"

    def _copy(self, span: Span, schema: str, dataset: str, sql: str) -> None:
        if schema not in self._copies:
            self._copies[schema] = Copies(self.connection, schema)
        source = self._sources.new(dataset) if span == "search" else self._sources.around(dataset, self._back)
        self._copies[schema].ensure(
            dataset,
            self.mappings.tables[dataset],
            source,
            sql,
            self._planned.get((span, dataset), ()),
            view=self._sources.is_light(span == "search", dataset),
        )

    def _count(self, dataset: str) -> int:
        files = self.piece.files
        if files is not None and not any(dataset in (AUTHENTICATION, file.dataset) for file in files):
            return 0
        found = self.run_in("memory.main", f"SELECT count(*) FROM {self._sources.new(dataset)}")
        return int(found[0][0])


@contextmanager
def open_window(ws: Workspace, spans: Spans, mappings: Mappings, piece: Piece) -> Iterator[LakeWindow]:
    """The lake over one piece and what its rules may read around it."""
    begin = min(spans.window.start, piece.searched or spans.window.start)
    since = earlier(begin, max(spans.correlation, spans.history))
    until = min(piece.until, later(spans.window.end, spans.correlation))
    listed = lake.files_around(ws, since, max(until, spans.window.end))
    connection = lake.connect(ws, over=listed, empty_views=False)
    try:
        _limit_memory(connection)
        # A rule that failed because the lake did not answer has not been run: no outcome of this night stands then.
        with lake.all_read(ws):
            yield LakeWindow(ws, connection, spans, mappings, piece, Stock(connection, mappings, listed))
    finally:
        connection.close()


def _limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    said = re.fullmatch(r"([\d.]+) (\w+)", str(row[0]) if row else "")
    units = {"KiB": 2**10 / 1e6, "MiB": 2**20 / 1e6, "GiB": 2**30 / 1e6, "TiB": 2**40 / 1e6}
    if said is None or float(said[1]) * units.get(said[2], 0) > _MEMORY_MB:
        connection.execute(f"SET memory_limit = '{_MEMORY_MB}MB'")
