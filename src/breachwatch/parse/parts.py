"""Parts of one large log that can be parsed by themselves: the chunks of a Windows event log stand alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.evtx_blocks import parse_chunks
from breachwatch.parse.evtx_records import CHUNK, FILE_HEADER, next_chunks, read_chunks

_SIGNATURE = b"ElfFile\x00"


@dataclass(frozen=True, slots=True)
class Part:
    """Chunks of a log, counted from 0."""

    first: int
    end: int

    @property
    def bytes(self) -> tuple[int, int]:
        """Where the chunks begin in the log, and how many bytes they are at most."""
        return FILE_HEADER + self.first * CHUNK, (self.end - self.first) * CHUNK


def parts_of(segment: Segment, data: BinaryIO, count: int) -> list[Part]:
    """The log in about `count` parts of the same size; one or none where it cannot be parsed in parts."""
    data.seek(0)
    if segment.format != "evtx" or data.read(len(_SIGNATURE)) != _SIGNATURE:
        return []
    chunks = -(-max(0, segment.size - FILE_HEADER) // CHUNK)
    step = max(1, -(-chunks // count))
    return [Part(first, min(chunks, first + step)) for first in range(0, chunks, step)]


def parse_part(segment: Segment, data: BinaryIO, part: Part) -> Iterator[Batch]:
    """The batches of a part.

    What a bug in the parser raises is raised here: the log is then to be parsed as a whole.
    """
    yield from parse_chunks(segment, read_chunks(data, part.first, part.end))


def parse_stream(segment: Segment, stream: BinaryIO, part: Part) -> Iterator[Batch]:
    """The same from a stream of nothing but the part's bytes, which need not be one that can be sought in."""
    yield from parse_chunks(segment, next_chunks(stream, part.first, part.end))


def renumbered(batch: Batch, before: int) -> Batch:
    """The batch of a part behind others that hold `before` records."""
    table = batch.table
    place = table.schema.get_field_index("record_number")
    numbers = pc.add(table["record_number"], pa.scalar(before, pa.int64()))
    return Batch(batch.dataset, table.set_column(place, table.schema.field(place), numbers))
