"""Where a piece's events come from: the lake's views, its new files, and the part of them that is to be searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from breachwatch.detect import lake_files
from breachwatch.detect.backend.literals import identifier
from breachwatch.detect.copies import columns_of
from breachwatch.detect.mapping import AUTHENTICATION, Mappings
from breachwatch.detect.pieces import Piece
from breachwatch.detect.prune.sifting import BATCH_ROWS
from breachwatch.detect.stock import Stock
from breachwatch.lake.catalog import segments_in
from breachwatch.lake.shapes import Stored, dataset_select, stored
from breachwatch.lake.sql import moment, text_list
from breachwatch.lake.storage import LocalStorage, storage
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Window
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Spans:
    """The piece's window, how far correlations may read before it, and how far first-seen rules do."""

    window: Window
    correlation: timedelta = timedelta()
    history: timedelta = timedelta()


def earlier(moment: datetime, by: timedelta) -> datetime:
    """`moment - by`, or the calendar's first year where that is before it."""
    floor = datetime(1, 1, 2, tzinfo=UTC)
    return moment - by if moment - floor > by else floor


def later(moment: datetime, by: timedelta) -> datetime:
    """`moment + by`, or the calendar's last days where that is after them."""
    last = datetime(9999, 12, 30, tzinfo=UTC)
    return moment + by if last - moment > by else last


def unquoted(name: str) -> str:
    """A column's name without its quotes."""
    return name[1:-1].replace('""', '"')


class Sources:
    """What stands after FROM, for each dataset and part of the piece's time."""

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
        self.stock = stock
        self.spans = spans
        self.mappings = mappings
        self.piece = piece
        self._ws = ws
        self._made: set[str] = set()
        self._viewed: set[str] = set()
        for name in ("fresh", "new_ids"):
            connection.execute(f"CREATE SCHEMA memory.{name}")
        self._lend_new_segments()

    def view(self, dataset: str) -> str:
        """The lake's own view of a dataset, over all files of the spans."""
        name = f"memory.main.{self.mappings.tables[dataset].sql}"
        if dataset in DATASETS and dataset not in self._viewed:
            nothing = dataset_select(DATASETS[dataset], ())
            self.connection.execute(f"CREATE VIEW IF NOT EXISTS {name} AS {nothing}")
            self._viewed.add(dataset)
        return self.stock.keep(dataset) or name

    def around(self, dataset: str, back: timedelta) -> str:
        """All events from so long before the window on, and as long after it; with a WHERE, as all of these."""
        start, end = self.reached(back)
        return f"{self.view(dataset)} WHERE time >= {moment(start)} AND time < {moment(end)}"

    def reached(self, back: timedelta) -> tuple[datetime, datetime]:
        """The time of `around` (aware UTC)."""
        start = earlier(self.spans.window.start, back)
        return start, min(self.piece.until, later(self.spans.window.end, back))

    def new(self, dataset: str) -> str:
        """The events to be searched."""
        if self.piece.files is None:
            return f"{self.view(dataset)} WHERE {self._within()}"
        within = f"({self._within()} OR time IS NULL)" if self.piece.front else self._within()
        if dataset == AUTHENTICATION:
            new = "(dataset, segment_id) IN (SELECT dataset, segment_id FROM memory.fresh.segments)"
            return f"{self.view(dataset)} WHERE {within} AND {new}"
        return f"{self._fresh(dataset)} WHERE {within}"

    def is_light(self, new: bool, dataset: str) -> bool:
        """Whether `new` or `around` is but a look at a table in memory, so that a copy would win nothing."""
        return self.stock.serves and not (new and dataset == AUTHENTICATION)

    def new_ids(self, dataset: str) -> str:
        """A table of the ids of the events to be searched."""
        name = f"memory.new_ids.{self.mappings.tables[dataset].sql}"
        if name not in self._made:
            self.connection.execute(f"CREATE TABLE {name} AS SELECT event_id FROM {self.new(dataset)}")
            self._made.add(name)
        return name

    def batches(self, dataset: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The events to be searched, some ten thousands at a time, with these columns (quoted names)."""
        if self.stock.serves:
            yield from self._asked(dataset, columns)
            return
        files = self._files(dataset)
        if self.piece.files is not None and isinstance(storage(self._ws), LocalStorage) and _are_todays(files):
            named = [unquoted(name) for name in columns]
            wanted = lake_files.Wanted(DATASETS[dataset], named, self.spans.window, self.piece.front)
            for batch in lake_files.batches([Path(file.place) for file in files], wanted):
                yield batch.rename_columns(list(columns))
        else:
            yield from self._asked(dataset, columns)

    def empty(self, dataset: str) -> frozenset[str]:
        """Columns (SQL) that no event of the new files has, as far as the files themselves tell."""
        if self.stock.serves:
            columns = columns_of(dataset)
            return frozenset(columns) - self.stock.filled(self.new(dataset), columns)
        places = self._files(dataset)
        if not places or not _are_todays(places):
            return frozenset()
        # A column that a file lacks, or does not count, is taken for a filled one.
        sql = (
            f"SELECT path_in_schema FROM parquet_metadata({text_list([place.place for place in places])}) "
            "GROUP BY path_in_schema HAVING bool_and(coalesce(stats_null_count = num_values, false)) "
            f"AND count(DISTINCT file_name) = {len(places)}"
        )
        return frozenset(identifier(name) for (name,) in self.connection.execute(sql).fetchall())

    def _asked(self, dataset: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The same by DuckDB, which converts what other versions of this program wrote and reads from stores."""
        with self.connection.cursor() as reading:
            found = reading.sql(f"SELECT {', '.join(columns)} FROM {self.new(dataset)}")
            waiting: list[pa.RecordBatch] = []
            # However many are asked for, DuckDB gives no more at a time than a row group holds.
            for batch in found.to_arrow_reader(BATCH_ROWS):
                waiting.append(batch)
                if sum(item.num_rows for item in waiting) >= BATCH_ROWS:
                    yield pa.Table.from_batches(waiting).rename_columns(list(columns))
                    waiting = []
            if any(item.num_rows for item in waiting):
                yield pa.Table.from_batches(waiting).rename_columns(list(columns))

    def _within(self) -> str:
        window = self.spans.window
        return f"(time >= {moment(window.start)} AND time < {moment(window.end)})"

    def _files(self, dataset: str) -> list[Stored]:
        """The new files of a dataset."""
        new = [file for file in self.piece.files or () if file.dataset == dataset]
        return stored(self._ws, ((file.dataset, file.path, file.shape) for file in new))

    def _fresh(self, dataset: str) -> str:
        """The view over the new files of a dataset."""
        if self.stock.is_whole(dataset, self.piece.files or ()):
            return self.view(dataset)
        name = f"memory.fresh.{self.mappings.tables[dataset].sql}"
        if name not in self._made:
            sql = dataset_select(DATASETS[dataset], self._files(dataset))
            kind = "TABLE" if self.stock.serves else "VIEW"
            self.connection.execute(f"CREATE {kind} {name} AS {sql}")
            self._made.add(name)
        return name

    def _lend_new_segments(self) -> None:
        pairs = sorted(segments_in(self._ws, self.piece.files or ()))
        new = pa.table(
            {
                "dataset": pa.array([one for one, _ in pairs], pa.string()),
                "segment_id": pa.array([other for _, other in pairs], pa.string()),
            }
        )
        self.connection.register("new_segments_now", new)
        self.connection.execute("CREATE TABLE memory.fresh.segments AS SELECT * FROM new_segments_now")
        self.connection.unregister("new_segments_now")


def _are_todays(files: Sequence[Stored]) -> bool:
    """Whether all have the columns that this program writes."""
    return not any(file.columns for file in files)
