"""Cutting a segment's events into the tables of single days, sorted by time.

Rows of one dataset and one UTC date of `time` make one Parquet file. Rejects have no time of their own; they go by
`observed_at`. Rows whose time could not be read go to `date=unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.model.datasets import REJECTS_DATASET

UNKNOWN = "unknown"
MAX_DAYS = 1000
"""A segment that names more days than this keeps the days with most rows; the rest goes to `date=unknown`.

Whoever can write a log can write any date into it: without a bound one segment could become 100 000 files.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000  # in microseconds
_FIRST_DAY = (date.min - _EPOCH.date()).days
_LAST_DAY = (date.max - _EPOCH.date()).days


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of one dataset and day, sorted by time, then by record number. Times are aware UTC."""

    dataset: str
    date: str  # YYYY-MM-DD, or "unknown"
    table: pa.Table
    min_time: datetime | None
    max_time: datetime | None


def time_column(dataset: str) -> str:
    """The column by which a dataset's files are dated and sorted."""
    return "observed_at" if dataset == REJECTS_DATASET.name else "time"


@dataclass(frozen=True, slots=True)
class Share:
    """What one segment has in a partition. Times are aware UTC."""

    segment_id: str
    rows: int
    min_time: datetime | None
    max_time: datetime | None


def record_keys(dataset: str, table: pa.Table) -> Any:
    """What two copies of a record in several segments have in common, as an array of text.

    It is the event id, and of events also the time.
    The ids alone do not do: an exporter of Windows events that writes no time into the header of a record, and numbers
    from 1, gives the same number to different events. A reject's time is its segment's.
    """
    ids = table["event_id"].combine_chunks()
    if dataset == REJECTS_DATASET.name:
        return ids
    times: Any = table[time_column(dataset)].combine_chunks().cast(pa.int64()).cast(pa.string())
    return pc.binary_join_element_wise(ids, pc.fill_null(times, ""), "/")


def distinct(dataset: str, table: pa.Table, segment_ids: Sequence[str]) -> pa.Table:
    """The table without repeated records: of the same `event_id` in one segment, of the same key in several.

    The first counts: by the order of the segments, then by record number.
    """
    if pc.count_distinct(table["event_id"]).as_py() == table.num_rows:
        return table
    turns = pc.index_in(table["segment_id"], value_set=pa.array(segment_ids, pa.string()))
    keys = table.select(["record_number", "byte_offset"]).append_column("turn", turns)
    order = pc.sort_indices(keys, [(name, "ascending") for name in ("turn", "record_number", "byte_offset")])
    ordered = table.take(order)
    ordered = ordered.take(_first_of(ordered["event_id"], ordered["segment_id"]))
    return ordered.take(_first_of(record_keys(dataset, ordered)))


def _first_of(*keys: Any) -> Any:
    """The places at which each set of keys stands first."""
    names = [str(number) for number in range(len(keys))]
    places = pa.Table.from_arrays([*keys, pa.array(np.arange(len(keys[0])))], names=[*names, "place"])
    return places.group_by(names, use_threads=False).aggregate([("place", "min")])["place_min"]


def names_too_many_days(dataset: str, table: pa.Table) -> bool:
    """Whether `by_day` would put rows that have a time to those that have none."""
    times = table[time_column(dataset)].drop_null().cast(pa.int64()).to_numpy()
    return len(np.unique(np.floor_divide(times, _DAY))) > MAX_DAYS


def by_day(dataset: str, table: pa.Table) -> Iterator[Partition]:
    """The table's rows day by day, oldest day first, `unknown` last."""
    column = time_column(dataset)
    rows = _in_order(table, column)
    timed = rows.num_rows - rows[column].null_count
    days = np.floor_divide(rows[column].slice(0, timed).cast(pa.int64()).to_numpy(), _DAY)
    kept = _most_frequent(days[(days >= _FIRST_DAY) & (days <= _LAST_DAY)])
    for day in kept:
        first, end = np.searchsorted(days, day, "left"), np.searchsorted(days, day, "right")
        name = (_EPOCH + timedelta(days=int(day))).date().isoformat()
        yield _partition(dataset, column, name, rows.slice(first, end - first))
    left = np.ones(rows.num_rows, dtype=bool)
    left[:timed] = ~np.isin(days, kept)
    if left.any():
        yield _partition(dataset, column, UNKNOWN, rows.filter(pa.array(left)))


def shares(part: Partition) -> tuple[Share, ...]:
    """How a partition's rows fall to segments, in order of their ids."""
    micros = part.table[time_column(part.dataset)].cast(pa.int64())
    rows = pa.Table.from_arrays([part.table["segment_id"], micros], names=["segment", "at"])
    counted = (
        rows.group_by("segment", use_threads=False)
        .aggregate([([], "count_all"), ("at", "min"), ("at", "max")])
        .sort_by("segment")
    )
    return tuple(
        Share(row["segment"], row["count_all"], _aware(row["at_min"]), _aware(row["at_max"]))
        for row in counted.to_pylist()
    )


def _in_order(table: pa.Table, column: str) -> pa.Table:
    """The rows sorted by time, those without one last, then by record number and position.

    Most logs are written in this order, and copying every column costs more than looking.
    """
    times = table[column].cast(pa.int64())
    keys = [times, table["record_number"], table["byte_offset"]]
    if not times.null_count and _sorted([key.to_numpy() for key in keys]):
        return table
    return table.combine_chunks().sort_by(
        [(column, "ascending"), ("record_number", "ascending"), ("byte_offset", "ascending")]
    )


def _sorted(keys: Sequence[npt.NDArray[np.int64]]) -> bool:
    """Whether rows are in the order of their keys, the first of which counts most."""
    first = keys[0]
    if bool((first[1:] > first[:-1]).all()):
        return True
    if bool((first[1:] < first[:-1]).any()):
        return False
    tied = first[1:] == first[:-1]
    for key in keys[1:]:
        before, after = key[:-1][tied], key[1:][tied]
        if bool((before > after).any()):
            return False
        tied[tied] = before == after
    return True


def _most_frequent(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The days with most rows, at most MAX_DAYS of them, in order of time."""
    names, rows = np.unique(days, return_counts=True)
    most = np.argsort(-rows, kind="stable")[:MAX_DAYS]
    return np.sort(names[most])


def _partition(dataset: str, column: str, day: str, table: pa.Table) -> Partition:
    micros = table[column].cast(pa.int64())
    return Partition(dataset, day, table, _aware(pc.min(micros).as_py()), _aware(pc.max(micros).as_py()))


def _aware(micros: int | None) -> datetime | None:
    """Microseconds since 1970 as a time; None outside the years 1 to 9999, which no calendar here can name."""
    if micros is None or not _FIRST_DAY <= micros // _DAY <= _LAST_DAY:
        return None
    return _EPOCH + timedelta(microseconds=micros)
