"""Where the records of a .evtx file lie, found without interpreting them.

Layout (Microsoft's EVTX as documented by J. Metz, "Windows XML Event Log (EVTX) format"): a file header of 4096 bytes,
then chunks of 65,536 bytes. A chunk starts with `ElfChnk` NUL and a header of 512 bytes (string and template tables
included); its records follow up to the free-space offset at byte 48. A record: 2A 2A 00 00, size (4 bytes), record id
(8), write time (8, FILETIME), binary XML, size again. All numbers are little endian.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, NamedTuple

FILE_HEADER = 4096
CHUNK = 65_536
CHUNK_MAGIC = b"ElfChnk\x00"
CHUNK_HEADER = 512
RECORD_MAGIC = b"\x2a\x2a\x00\x00"
RECORD_HEADER = 24
SMALLEST_RECORD = RECORD_HEADER + 4

_FREE_SPACE = 48
_LAST_RECORD_ID = 32
_FILETIME_EPOCH = datetime(1601, 1, 1)  # noqa: DTZ001 - naive UTC, as all times of rows


class Span(NamedTuple):
    """A run of bytes in one chunk: a record, or (`record_id` None) bytes between records that are none."""

    offset: int  # from the chunk's start
    length: int
    record_id: int | None
    written: int = 0  # FILETIME: 100 ns since 1601-01-01 UTC


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk as it lies in the file. `damage` says why it holds no readable records; "" if it does."""

    offset: int  # from the file's start
    raw: bytes
    spans: tuple[Span, ...]
    damage: str = ""


def read_chunks(data: BinaryIO, first: int = 0, end: int = sys.maxsize) -> Iterator[Chunk]:
    """The chunks of a file from number `first`, counted from 0, up to `end`.

    Those never written (all zero) are left out. Memory: one chunk.
    """
    data.seek(FILE_HEADER + first * CHUNK)
    yield from next_chunks(data, first, end)


def next_chunks(data: BinaryIO, first: int, end: int) -> Iterator[Chunk]:
    """The same, where `data` stands at chunk `first` already."""
    offset = FILE_HEADER + first * CHUNK
    for _ in range(first, end):
        raw = _read_whole(data, CHUNK)
        if not raw:
            return
        if any(raw):
            yield _chunk(offset, raw)
        offset += len(raw)


def highest_record_id(chunk: Chunk) -> int:
    """The highest record id that the chunk shows, from its records or its header; 0 where neither can be read."""
    ids = [span.record_id for span in chunk.spans if span.record_id is not None]
    if ids:
        return max(ids)
    if chunk.raw.startswith(CHUNK_MAGIC) and len(chunk.raw) >= CHUNK_HEADER:
        last = _u64(chunk.raw, _LAST_RECORD_ID)
        return last if last < 2**63 else 0
    return 0


def written_time(filetime: int) -> datetime | None:
    """A FILETIME as naive UTC with microseconds; None beyond the year 9999."""
    try:
        return _FILETIME_EPOCH + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None


def _read_whole(data: BinaryIO, size: int) -> bytes:
    """`size` bytes, or what is left: a raw file may give less than asked for."""
    parts: list[bytes] = []
    while size and (part := data.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _chunk(offset: int, raw: bytes) -> Chunk:
    if not raw.startswith(CHUNK_MAGIC):
        return Chunk(offset, raw, (), "it does not start with the chunk signature")
    if len(raw) <= CHUNK_HEADER:
        return Chunk(offset, raw, (), "it is cut off inside its header")
    return Chunk(offset, raw, tuple(_spans(raw)))


def _spans(raw: bytes) -> Iterator[Span]:
    """Every byte between the header and the free space, as records and the gaps between them."""
    end = _u32(raw, _FREE_SPACE)
    if not CHUNK_HEADER <= end <= len(raw):
        end = len(raw)  # cut off, or a damaged header: read as far as records go
    at = CHUNK_HEADER
    while at < end:
        span = _record(raw, at, end)
        if span is None:
            upto = _next_record(raw, at + 1, end)
            if any(raw[at:upto]):
                yield Span(at, upto - at, None)
            at = upto
        else:
            yield span
            at += span.length


def _record(raw: bytes, at: int, end: int) -> Span | None:
    if end - at < SMALLEST_RECORD or raw[at : at + 4] != RECORD_MAGIC:
        return None
    size, record_id, written = struct.unpack_from("<IQQ", raw, at + 4)
    if not SMALLEST_RECORD <= size <= end - at or _u32(raw, at + size - 4) != size:
        return None
    return Span(at, size, record_id, written) if record_id < 2**63 else None


def _next_record(raw: bytes, start: int, end: int) -> int:
    """Where the next whole record starts, or `end`."""
    at = raw.find(RECORD_MAGIC, start, end)
    while at >= 0:
        if _record(raw, at, end) is not None:
            return at
        at = raw.find(RECORD_MAGIC, at + 1, end)
    return end


def _u32(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", raw, at)[0])


def _u64(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<Q", raw, at)[0])
