"""Tables of events from columns that were read whole, and from rows of Python values for the fields that few have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from breachwatch.model.datasets import dataset
from breachwatch.model.segment import Segment
from breachwatch.parse.base import Row
from breachwatch.parse.batches import fill, same
from breachwatch.parse.columns import make_column, make_extra

Ints = npt.NDArray[np.int64]


class Assembler:
    """Makes the tables of one segment whose event ids come from the byte offset."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._observed_at = segment.planned_at.astimezone(UTC).replace(tzinfo=None)
        # What `make_event_id` hashes before the position.
        self._id_start = hashlib.sha256(f"event\0{segment.source}\0{segment.file_id}\0".encode())

    def table(
        self, name: str, columns: Mapping[str, pa.Array[Any]], numbers: Ints, offsets: Ints, lengths: Ints
    ) -> pa.Table:
        """A table of the dataset with the columns given; what every event has is filled in, the rest is empty."""
        size = len(numbers)
        known = {
            "event_id": self._ids(offsets),
            "observed_at": same(self._observed_at, pa.timestamp("us"), size),
            "source": same(self._segment.source, pa.string(), size),
            "repeat_count": same(1, pa.int32(), size),
            "segment_id": same(self._segment.segment_id, pa.string(), size),
            "record_number": pa.array(numbers, pa.int64()),
            "byte_offset": pa.array(offsets, pa.int64()),
            "byte_length": pa.array(lengths, pa.int64()),
            **columns,
        }
        schema = dataset(name).schema
        arrays = [known[field.name] if field.name in known else pa.nulls(size, field.type) for field in schema]
        return pa.Table.from_arrays(arrays, schema=schema)

    def _ids(self, offsets: Ints) -> pa.Array[Any]:
        begin, ids = self._id_start.copy, []
        for offset in offsets.tolist():
            digest = begin()
            digest.update(b"%d" % offset)
            ids.append(digest.hexdigest()[:32])
        return pa.array(ids, pa.string())


def native_columns(name: str, rows: list[Row], places: Ints, size: int) -> dict[str, pa.Array[Any]]:
    """The columns that the values of `rows` fill, in a table of `size` rows in which they stand at `places`."""
    schema = dataset(name).schema
    filled = fill(rows, schema.names)
    columns = {column: make_column(column, schema.field(column).type, filled[column], rows) for column in filled}
    columns["extra"] = make_extra(rows)  # last: values that fitted nowhere have arrived there by now
    if len(rows) == size:
        return columns
    where = np.full(size, -1)
    where[places] = np.arange(len(rows))
    indices: pa.Array[Any] = pa.array(where, mask=where < 0)
    return {column: values.take(indices) for column, values in columns.items()}
