"""Tables of events from columns that were read whole, and from rows of Python values for the fields that few have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from breachwatch.model.datasets import dataset
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.base import Row
from breachwatch.parse.batches import fill, same
from breachwatch.parse.columns import extra_text, make_column, make_extra
from breachwatch.parse.record_ids import RecordIds

Ints = npt.NDArray[np.int64]


class Assembler:
    """Makes the tables of one segment whose event ids come from the byte offset."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._observed_at = segment.planned_at.astimezone(UTC).replace(tzinfo=None)
        self._ids = RecordIds(segment)

    def table(
        self, name: str, columns: Mapping[str, pa.Array[Any]], numbers: Ints, offsets: Ints, lengths: Ints
    ) -> pa.Table:
        """A table of the dataset with the columns given; what every event has is filled in, the rest is empty.

        Where the columns have no `event_id`, the byte offset names the record.
        """
        size = len(numbers)
        known = {
            "event_id": columns["event_id"] if "event_id" in columns else self._ids.of_offsets(offsets.tolist()),
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


def in_order(table: pa.Table, waiting: Batch | None) -> pa.Table:
    """A table with the rows that were read otherwise, in the order of the log."""
    if waiting is None:
        return table
    joined = pa.concat_tables([table, waiting.table]).combine_chunks()
    order: pa.Array[Any] = pa.array(np.argsort(joined["record_number"].to_numpy(), kind="stable"))
    return joined.take(order)


Columns = dict[str, "pa.Array[Any]"]


def native_columns(name: str, rows: list[Row]) -> Columns:
    """The columns that the values of `rows` fill, `extra` among them."""
    schema = dataset(name).schema
    filled = fill(rows, schema.names)
    columns = {column: make_column(column, schema.field(column).type, filled[column], rows) for column in filled}
    columns["extra"] = make_extra(rows)  # last: values that fitted nowhere have arrived there by now
    return columns


def row_columns(row: Row) -> dict[str, str | int]:
    """What the values of one row become in its columns, as in `native_columns`; without those that are empty."""
    kinds = _kinds(row.dataset)
    found = {name: value for name, value in row.values.items() if value is not None}
    if all(_fits(kinds.get(name), value) for name, value in found.items()):
        return {**found, "extra": extra_text(row.extra)} if row.extra else found
    columns = {column: values[0].as_py() for column, values in native_columns(row.dataset, [row]).items()}
    return {column: value for column, value in columns.items() if value is not None}


@cache
def _kinds(name: str) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in dataset(name).schema}


def _fits(kind: pa.DataType | None, value: object) -> bool:
    """Whether a value goes into its column as it is, without a look at more than its kind."""
    if type(value) is str:
        return kind == pa.string() and value.isascii()
    return type(value) is int and kind in (pa.int32(), pa.int64()) and 0 <= value < 2**31


def spread_columns(name: str, groups: list[tuple[Ints, Columns]], size: int) -> Columns:
    """The columns of groups of rows in a table of `size` rows, in which they stand at the places given."""
    schema = dataset(name).schema
    places = np.concatenate([at for at, _ in groups])
    whole = len(places) == size and bool((places == np.arange(size)).all())
    where = np.full(size, -1)
    where[places] = np.arange(len(places))
    indices: pa.Array[Any] = pa.array(where, mask=where < 0)
    columns: Columns = {}
    for column in dict.fromkeys(column for _, filled in groups for column in filled):
        kind = schema.field(column).type
        parts = [filled[column] if column in filled else pa.nulls(len(at), kind) for at, filled in groups]
        values = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
        columns[column] = values if whole else values.take(indices)
    return columns
