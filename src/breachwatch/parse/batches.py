"""Collecting rows into Arrow tables of fixed size, one dataset a table, and filling what every event has.

The same rows in the same order give the same tables: the lake relies on it when a killed run is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

import pyarrow as pa

from breachwatch.model.datasets import REJECTS_DATASET, dataset
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.columns import make_column, make_extra, make_time, visible
from breachwatch.parse.record_ids import RecordIds

BATCH_ROWS: Final = 8192  # as Python values a row takes a kilobyte or two
REJECT_BYTES: Final = 32 * 1024 * 1024  # rejects are kept whole and may be long: their batches are bounded by size too
ROW_BYTES: Final = 32 * 1024 * 1024  # so are those of events: a record of a cloud service may take many kilobytes

_FILLED = frozenset(
    [
        *("event_id", "time", "observed_at", "source", "host", "repeat_count", "extra"),
        *("segment_id", "record_number", "byte_offset", "byte_length"),
    ]
)


class Batches:
    """Takes rows and rejects of one segment and gives batches back as they fill up."""

    def __init__(self, segment: Segment, batch_rows: int = BATCH_ROWS) -> None:
        self._segment = segment
        self._observed_at = segment.planned_at.astimezone(UTC).replace(tzinfo=None)
        self._batch_rows = batch_rows
        self._rows: dict[str, list[Row]] = {}
        self._row_bytes: dict[str, int] = {}
        self._rejects: list[Rejected] = []
        self._reject_bytes = 0
        self._ids = RecordIds(segment)

    def add(self, record: Row | Rejected) -> Batch | None:
        """Take one record; gives a batch when one is full."""
        if isinstance(record, Row):
            rows = self._rows.get(record.dataset)
            if rows is None:
                rows = self._rows[record.dataset] = []
            rows.append(record)
            size = self._row_bytes[record.dataset] = self._row_bytes.get(record.dataset, 0) + record.byte_length
            full = len(rows) >= self._batch_rows or size >= ROW_BYTES
            return self._flush_rows(record.dataset) if full else None
        self._rejects.append(record)
        self._reject_bytes += len(record.raw)
        full = len(self._rejects) >= self._batch_rows or self._reject_bytes >= REJECT_BYTES
        return self._flush_rejects() if full else None

    def take(self, name: str) -> Batch | None:
        """The rows of one dataset that wait for more."""
        return self._flush_rows(name) if self._rows.get(name) else None

    def rest(self) -> Iterator[Batch]:
        """What is left when the segment ends, datasets in the order of their names, rejects last."""
        for name in sorted(self._rows):
            if self._rows[name]:
                yield self._flush_rows(name)
        if self._rejects:
            yield self._flush_rejects()

    def _flush_rows(self, name: str) -> Batch:
        rows, self._rows[name], self._row_bytes[name] = self._rows[name], [], 0
        schema = dataset(name).schema
        size = len(rows)
        filled = fill(rows, schema.names)
        columns: dict[str, pa.Array[Any]] = {
            "event_id": self._ids.of_positions(list(map(_position, rows))),
            "time": make_time(filled.get("time", [None] * size), rows),
            "observed_at": same(self._observed_at, pa.timestamp("us"), size),
            "source": same(self._segment.source, pa.string(), size),
            "host": make_column("host", pa.string(), self._hosts(filled.get("host", [None] * size)), rows),
            "repeat_count": _repeat_counts(filled["repeat_count"], rows)
            if "repeat_count" in filled
            else same(1, pa.int32(), size),
            **self._provenance(rows),
        }
        for field in schema:
            if field.name in filled and field.name not in _FILLED:
                columns[field.name] = make_column(field.name, field.type, filled[field.name], rows)
        columns["extra"] = make_extra(rows)  # last: values that fitted nowhere have arrived there by now
        arrays = [columns[field.name] if field.name in columns else pa.nulls(size, field.type) for field in schema]
        return Batch(name, pa.Table.from_arrays(arrays, schema=schema))

    def _flush_rejects(self) -> Batch:
        rejects, self._rejects, self._reject_bytes = self._rejects, [], 0
        size = len(rejects)
        schema = REJECTS_DATASET.schema
        columns = {
            "event_id": self._ids.of_positions(list(map(_position, rejects))),
            "observed_at": same(self._observed_at, pa.timestamp("us"), size),
            "source": same(self._segment.source, pa.string(), size),
            "reason": pa.array([visible(reject.reason) for reject in rejects], pa.string()),
            "raw": pa.array([reject.raw for reject in rejects], pa.binary()),
            **self._provenance(rejects),
        }
        table = pa.Table.from_arrays([columns[field.name] for field in schema], schema=schema)
        return Batch(REJECTS_DATASET.name, table)

    def _hosts(self, hosts: list[Any]) -> list[Any]:
        default = self._segment.host or None
        return hosts if default is None else [host or default for host in hosts]

    def _provenance(self, records: list[Row] | list[Rejected]) -> dict[str, pa.Array[Any]]:
        return {
            "segment_id": same(self._segment.segment_id, pa.string(), len(records)),
            "record_number": pa.array([record.record_number for record in records], pa.int64()),
            "byte_offset": pa.array([record.byte_offset for record in records], pa.int64()),
            "byte_length": pa.array([record.byte_length for record in records], pa.int64()),
        }


def _position(record: Row | Rejected) -> bytes:
    """What names a record in its id."""
    position = record.position
    return b"%d" % record.byte_offset if position is None else position.encode("utf-8", "backslashreplace")


def same(value: object, kind: pa.DataType, size: int) -> pa.Array[Any]:
    """A column of one value."""
    scalar: Any = pa.scalar(value, kind)
    column: pa.Array[Any] = pa.repeat(scalar, size)
    return column


def fill(rows: list[Row], known: list[str]) -> dict[str, list[Any]]:
    """The values of the rows column by column; columns that no row fills are left out.

    A value under a name that the schema does not have goes to its row's `extra`.
    """
    size = len(rows)
    names = frozenset(known)
    columns: dict[str, list[Any]] = {}
    kinds: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        kinds.setdefault(tuple(row.values), []).append(index)
    for kind, places in kinds.items():
        found = zip(*(rows[place].values.values() for place in places), strict=True)
        for name, values in zip(kind, found, strict=True):
            if name not in names:
                for place, value in zip(places, values, strict=True):
                    rows[place].extra[name] = value
            elif len(places) == size:
                columns[name] = list(values)
            else:
                column = columns.get(name)
                if column is None:
                    column = columns[name] = [None] * size
                for place, value in zip(places, values, strict=True):
                    column[place] = value
    return columns


def _repeat_counts(counts: list[Any], rows: list[Row]) -> pa.Array[Any]:
    """How many events each record stands for: at least 1, at most what the column holds."""
    for index, count in enumerate(counts):
        if count is None:
            counts[index] = 1
        elif isinstance(count, int):
            counts[index] = min(max(count, 1), 2**31 - 1)
        else:
            rows[index].extra["repeat_count"] = count
            counts[index] = 1
    return pa.array(counts, pa.int32())
