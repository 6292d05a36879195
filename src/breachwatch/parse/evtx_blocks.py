"""Windows event log files, many records at once: the same rows that `breachwatch.parse.evtx` reads one by one.

Events are sorted into lots with the same data fields (`evtx_lots`) and become columns together (`evtx_columns`).
Whatever is laid out otherwise is read by `evtx`, and so is a block in which something has no place in its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.assembling import Assembler, in_order
from breachwatch.parse.batches import BATCH_ROWS, Batches
from breachwatch.parse.evtx import Found, found_in_chunks, found_records, record_of
from breachwatch.parse.evtx_columns import Columns, Events
from breachwatch.parse.evtx_lots import Sorter
from breachwatch.parse.evtx_records import Chunk
from breachwatch.parse.record_ids import RecordIds

if TYPE_CHECKING:
    from breachwatch.settings import Limits

_AT_HAND: Final = 512  # records whose values are held at once: they stay in the processor's cache
_BLOCK_BYTES: Final = 8 * 1024 * 1024  # of JSON; as Python values they take some five times as much


def parse_blocks(segment: Segment, data: BinaryIO, limits: Limits, batch_rows: int) -> Iterator[Batch]:
    """The batches of an EVTX file."""
    del limits  # a chunk bounds its records to 64 KiB
    yield from batches_of(segment, found_records(data, segment.after), batch_rows)


def parse_chunks(segment: Segment, chunks: Iterable[Chunk]) -> Iterator[Batch]:
    """Those of some chunks alone; the records are numbered as if none stood before."""
    yield from batches_of(segment, found_in_chunks(chunks, segment.after), BATCH_ROWS)


def batches_of(segment: Segment, records: Iterable[Found], batch_rows: int) -> Iterator[Batch]:
    """What counts as records of a segment, in their order, as batches of at most `batch_rows`."""
    yield from _Blocks(segment, batch_rows).read(records)


class _Blocks:
    """Reads the records of one segment in their order."""

    def __init__(self, segment: Segment, batch_rows: int) -> None:
        self._segment = segment
        self._batch_rows = batch_rows
        self._batches = Batches(segment, batch_rows)
        self._assembler = Assembler(segment)
        self._ids = RecordIds(segment)
        self._number = segment.first_record

    def read(self, records: Iterable[Found]) -> Iterator[Batch]:
        block: list[Found] = []
        held = 0
        for found in records:
            block.append(found)
            held += len(found.text or "")
            if len(block) >= self._batch_rows or held >= _BLOCK_BYTES:
                yield from self._block(block)
                block, held = [], 0
        if block:
            yield from self._block(block)
        yield from self._batches.rest()

    def _block(self, block: list[Found]) -> Iterator[Batch]:
        first, self._number = self._number, self._number + len(block)
        try:
            others, tables = self._together(block)
        except Exception:  # noqa: BLE001 - one by one, the record at which it breaks becomes a reject, and no other
            others, tables = list(range(len(block))), {}
        for at in others:
            batch = self._batches.add(record_of(self._segment, first + at, block[at]))
            if batch is not None:
                yield batch
        for name in sorted(tables):
            yield from self._table(name, tables[name], block, first)

    def _together(self, block: list[Found]) -> tuple[list[int], dict[str, Columns]]:
        """Columns by dataset, and the places of the records that are not in them."""
        sorter = Sorter()
        events: dict[str, Events] = {}
        for first in range(0, len(block), _AT_HAND):
            for lot in sorter.lots(first, block[first : first + _AT_HAND]):
                if lot.dataset not in events:
                    events[lot.dataset] = Events(sorter.kinds, self._segment.host)
                events[lot.dataset].add(lot)
        return sorter.others, {name: found.columns() for name, found in events.items()}

    def _table(self, name: str, columns: Columns, block: list[Found], first: int) -> Iterator[Batch]:
        rows = columns.in_order()
        places = np.array([(block[at].offset, len(block[at].raw)) for at in rows.places.tolist()], np.int64)
        arrays = {"event_id": self._ids.of_positions(rows.positions), **rows.arrays}
        offsets, lengths = self._segment.start + places[:, 0], places[:, 1]
        table = self._assembler.table(name, arrays, first + rows.places, offsets, lengths)
        table = in_order(table, self._batches.take(name))
        for start in range(0, table.num_rows, self._batch_rows):
            yield Batch(name, table.slice(start, self._batch_rows))
