"""Lake files read straight into Arrow: batches of events whose texts are the dictionaries that the files keep.

DuckDB would write every text out for every event, and each would have to be found to be the same as another again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from breachwatch.detect.prune.sifting import BATCH_ROWS
from breachwatch.errors import EnvironmentFault
from breachwatch.lake.parquet import writing_options
from breachwatch.lake.sql import column_names
from breachwatch.model.datasets import Dataset
from breachwatch.model.finding import Window

_BATCH_BYTES = 256 * 1024 * 1024
"""A batch of long texts ends earlier."""

_LEARN_ROWS = 4096
_MOSTLY_DISTINCT = 0.9
"""Of so many events the share with a text of their own from which on to make a dictionary costs more than it spares."""

_TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events of a dataset: those of the window, and, if `untimed`, those without a time; and their columns."""

    data: Dataset
    columns: Sequence[str]
    window: Window
    untimed: bool


def batches(paths: Sequence[Path], wanted: Wanted) -> Iterator[pa.Table]:
    """The events of files on this machine, of today's columns. Raises EnvironmentFault for one that cannot be read."""
    waiting: list[pa.Table] = []
    rows = size = 0
    for group in _Reader(wanted).row_groups(paths):
        if waiting and group.schema != waiting[0].schema:
            yield pa.concat_tables(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(group)
        rows += group.num_rows
        size += group.nbytes  # added up: asking a table costs as much as it has columns and pieces
        if rows >= BATCH_ROWS or size >= _BATCH_BYTES:
            yield pa.concat_tables(waiting)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.concat_tables(waiting)


class _Reader:
    """Reads row groups, and learns of which columns a dictionary would hold nearly every text."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.schema = _schema(wanted)
        self._learnt = False

    def row_groups(self, paths: Iterable[Path]) -> Iterator[pa.Table]:
        """The row groups of some files. Raises EnvironmentFault for one that cannot be read."""
        for path in paths:
            try:
                yield from self._of_file(path)
            except (OSError, pa.ArrowException) as error:
                msg = f"cannot read {path}: {error}. `breachwatch lake check` tells whether it is damaged."
                raise EnvironmentFault(msg) from error

    def _of_file(self, path: Path) -> Iterator[pa.Table]:
        known = pq.read_metadata(path)
        have = frozenset(known.schema.names)
        texts = [field.name for field in self.schema if field.type == _TEXT and field.name in have]
        with pq.ParquetFile(path, metadata=known, read_dictionary=texts) as file:
            for number in range(file.num_row_groups):
                read = _chosen(file.read_row_group(number, [*{*self.schema.names, "time"}]), self.wanted)
                if not self._learnt and read.num_rows >= _LEARN_ROWS:
                    self._learnt = True
                    self.schema = _with_plain_texts(self.schema, read)
                if read.num_rows:
                    yield _of_schema(read, self.schema)


def _schema(wanted: Wanted) -> pa.Schema:
    names = column_names(wanted.data.schema)
    types = dict(zip(names, wanted.data.schema.types, strict=True))
    kept_as_dictionaries = frozenset(writing_options(names, 1)["use_dictionary"])
    return pa.schema(
        (name, _TEXT if types[name] == pa.string() and name in kept_as_dictionaries else types[name])
        for name in wanted.columns
    )


def _with_plain_texts(schema: pa.Schema, events: pa.Table) -> pa.Schema:
    """The schema without dictionaries of columns in which nearly every event has a text of its own."""
    kept = []
    for field in schema:
        chunks: list[Any] = []
        if field.type == _TEXT and field.name in events.column_names:
            chunks = events[field.name].chunks
        is_own = sum(len(chunk.dictionary) for chunk in chunks) > _MOSTLY_DISTINCT * events.num_rows
        kept.append(pa.field(field.name, pa.string()) if is_own else field)
    return pa.schema(kept)


def _chosen(events: pa.Table, wanted: Wanted) -> pa.Table:
    times = events["time"]
    start, end = _naive(wanted.window.start), _naive(wanted.window.end)
    known = pc.min_max(times)
    first, last = known["min"].as_py(), known["max"].as_py()
    if (first is None or (first >= start and last < end)) and (wanted.untimed or not times.null_count):
        return events
    inside: Any = pc.and_(
        pc.greater_equal(times, pa.scalar(start, times.type)), pc.less(times, pa.scalar(end, times.type))
    )
    return events.filter(pc.fill_null(inside, wanted.untimed))


def _of_schema(events: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns asked for; one that a file lacks has no value."""
    have = frozenset(events.column_names)
    return pa.table(
        [
            events[field.name].cast(field.type) if field.name in have else pa.nulls(events.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _naive(moment: datetime) -> datetime:
    """A time as the lake's columns have it, UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
