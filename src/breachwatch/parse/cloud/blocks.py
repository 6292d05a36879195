"""Audit logs of cloud services as JSON, many records at once: the rows that `breachwatch.parse.cloud.records` reads.

Records of CloudTrail with the same members become columns together (`cloudtrail_columns`). All others are read one by
one, and so are those that hold something unusual.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import orjson
import pyarrow as pa

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.assembling import Assembler, in_order
from breachwatch.parse.batches import Batches
from breachwatch.parse.cloud.cloudtrail_columns import DATASET, Calls, UnfitError, fits, is_exact
from breachwatch.parse.cloud.records import read_line, split_json, wide_order
from breachwatch.parse.lines import Line
from breachwatch.parse.utf16 import Order

if TYPE_CHECKING:
    from breachwatch.settings import Limits

_BLOCK_BYTES: Final = 8 * 1024 * 1024  # as Python values they take some five times as much
_AT_HAND: Final = 64  # records whose values are held at once: they stay in the processor's cache
_FEW: Final = 4  # records with the same members; fewer are read faster one by one


def parse_blocks(segment: Segment, data: BinaryIO, limits: Limits, batch_rows: int) -> Iterator[Batch]:
    """The batches of a segment of such a log."""
    blocks = _Blocks(segment, limits, batch_rows, wide_order(segment, data))
    block: list[Line] = []
    held = 0
    for line in split_json(data, limits):
        block.append(line)
        held += line[2]
        if len(block) >= batch_rows or held >= _BLOCK_BYTES:
            yield from blocks.read(block)
            block, held = [], 0
    if block:
        yield from blocks.read(block)
    yield from blocks.rest()


class _Blocks:
    """Reads the records of one segment in their order."""

    def __init__(self, segment: Segment, limits: Limits, batch_rows: int, order: Order | None) -> None:
        self._segment = segment
        self._limits = limits
        self._batch_rows = batch_rows
        self._order = order
        self._batches = Batches(segment, batch_rows)
        self._assembler = Assembler(segment)

    def read(self, block: list[Line]) -> Iterator[Batch]:
        """The batches that a block fills."""
        try:
            together, columns = self._together(block)
        except Exception:  # noqa: BLE001 - one by one, the record at which it breaks becomes a reject, and no other
            together, columns = [], {}
        for at in sorted(set(range(len(block))) - set(together)):
            batch = self._batches.add(read_line(self._segment, block[at], self._limits, self._order))
            if batch is not None:
                yield batch
        if together:
            yield from self._table(columns, [block[at] for at in together])

    def _together(self, block: list[Line]) -> tuple[list[int], dict[str, pa.Array[Any]]]:
        """The places of records that become columns together, and these columns in the same order."""
        calls = Calls()
        together: list[int] = []
        for first in range(0, len(block), _AT_HAND):
            for names, places, values in _groups(block[first : first + _AT_HAND], self._limits):
                try:
                    calls.add(names, values)
                except UnfitError:
                    continue  # read one by one
                together += [first + place for place in places]
        return together, calls.columns()

    def rest(self) -> Iterator[Batch]:
        """The batches that are left when the segment ends."""
        yield from self._batches.rest()

    def _table(self, columns: dict[str, pa.Array[Any]], lines: list[Line]) -> Iterator[Batch]:
        places = np.array([line[:3] for line in lines], np.int64)
        order = np.argsort(places[:, 0])
        places = places[order]
        rows: Any = pa.array(order)
        arrays = {name: array.take(rows) for name, array in columns.items() if array.null_count < len(array)}
        if self._segment.host:
            host: Any = pa.scalar(self._segment.host)
            arrays["host"] = pa.repeat(host, len(lines))
        numbers, offsets = self._segment.first_record + places[:, 0], self._segment.start + places[:, 1]
        table = self._assembler.table(DATASET, arrays, numbers, offsets, places[:, 2])
        table = in_order(table, self._batches.take(DATASET))
        for start in range(0, table.num_rows, self._batch_rows):
            yield Batch(DATASET, table.slice(start, self._batch_rows))


def _groups(block: list[Line], limits: Limits) -> Iterator[tuple[tuple[str, ...], list[int], list[tuple[Any, ...]]]]:
    """Records with the same members: the names of these, the places in the block, and each record's values."""
    groups: dict[tuple[str, ...], tuple[list[int], list[tuple[Any, ...]]] | None] = {}
    for at, (_, _, length, raw) in enumerate(block):
        try:
            record = orjson.loads(raw) if length <= limits.record_bytes else None
        except orjson.JSONDecodeError:
            continue
        if type(record) is not dict:
            continue
        names = tuple(record)
        if names not in groups:
            groups[names] = ([], []) if fits(names) else None
        group = groups[names]
        if group is not None:
            group[0].append(at)
            group[1].append(tuple(record.values()))
    for names, group in groups.items():
        if group is None or len(group[0]) < _FEW:
            continue
        places, values = group
        if not is_exact(list(chain.from_iterable(values))):
            exact = [number for number, one in enumerate(values) if is_exact(list(one))]
            places, values = [places[number] for number in exact], [values[number] for number in exact]
        if places:
            yield names, places, values
