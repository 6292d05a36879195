"""Original bytes: the segments that a case's events come from, whole or in exact ranges around what matched.

Whole where a segment is small. Else the matching records with context around them; a Windows event log, which is of no
use without its structure, is cut along its header and chunks. Either way the whole segment is read and its SHA-256
compared with the catalog's, so that every kept byte is proven to come from the bytes that were collected. Ranges are
widened to whole blocks, and a Merkle tree over all blocks of the segment proves the same to everybody else (`blocks`).
"""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from breachwatch import collect
from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import CHUNK, BagWriter, HashingFile, Written
from breachwatch.evidence.blocks import BLOCK, PROOFS, Blocks, Proven, blocks_of, proof_line
from breachwatch.evidence.names import safe_name
from breachwatch.evidence.rows import Position, Rows
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Segment
from breachwatch.workspace import Workspace

MATCHES = "data/matches.jsonl"
WHOLE_EVTX_BYTES = 64 * 1024 * 1024
_MOST_RANGES = 100  # a segment that would fall into more pieces, or be kept by more than half, is kept whole
_EVTX_HEADER = 4096  # bytes before the first chunk of an event log
_EVTX_CHUNK = 64 * 1024
_TEXT_FRAMINGS = frozenset({"lines", "journal-export", "json"})


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes [start, end) of the uncompressed log."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One file in the bag with bytes of a segment."""

    name: str
    range: Range
    written: Written


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A segment and what of it is in the bag."""

    segment: Segment
    whole: bool
    files: tuple[Kept, ...]
    proven: Proven


def copy_segments(ws: Workspace, rows: Rows, bag: BagWriter) -> list[RawSegment]:
    """Copy the original bytes of every event into the bag; write data/matches.jsonl and data/proofs.jsonl.

    Raises EvidenceError where bytes are missing or are not those that were collected.
    """
    kept = []
    with bag.open(MATCHES) as matches, bag.open(PROOFS) as proofs:
        for segment_id in rows.segments():
            segment = collect.segment(ws, segment_id)
            positions = rows.positions(segment_id)
            _check_positions(segment, positions)
            wanted = {index for item in positions for index in blocks_of(item.offset - segment.start, item.length)}
            raw = _copy(ws, segment, _ranges(ws, segment, positions, rows), wanted, bag)
            for line in _matches(bag.folder, raw, positions):
                matches.write(line)
            for line in _proofs(raw):
                proofs.write(line)
            kept.append(raw)
    return kept


def _check_positions(segment: Segment, positions: Iterable[Position]) -> None:
    for position in positions:
        if not segment.start <= position.offset <= position.offset + position.length <= segment.end:
            msg = (
                f"event {position.event_id} is said to lie at bytes {position.offset} to "
                f"{position.offset + position.length}, outside its segment {segment.segment_id}"
            )
            raise EvidenceError(msg)


def _ranges(ws: Workspace, segment: Segment, positions: Sequence[Position], rows: Rows) -> list[Range] | None:
    """What to keep of a segment; None for all of it."""
    settings = ws.settings.evidence
    if segment.size <= settings.whole_segment_bytes:
        return None
    if format_named(segment.format).framing == "evtx":
        whole = segment.size <= WHOLE_EVTX_BYTES
        return None if whole else whole_blocks(segment, _evtx_ranges(segment, positions))
    starts = rows.record_offsets(segment.segment_id)
    around = (_with_context(position, starts, settings.context_records, segment) for position in positions)
    ranges = whole_blocks(segment, around)
    many = len(ranges) > _MOST_RANGES or 2 * sum(part.end - part.start for part in ranges) > segment.size
    return None if many else ranges


def _with_context(position: Position, starts: Sequence[int], context: int, segment: Segment) -> Range:
    """A record with `context` records before and after it, line endings included."""
    first = bisect_left(starts, position.offset) - context
    after = bisect_right(starts, position.offset) + context
    return Range(
        starts[first] if first > 0 else segment.start,
        max(starts[after] if after < len(starts) else segment.end, position.offset + position.length),
    )


def _evtx_ranges(segment: Segment, positions: Iterable[Position]) -> list[Range]:
    """The file header and every chunk that holds a record ([MS-EVEN6] and libevtx: chunks of 64 KiB after 4 KiB)."""
    body = segment.start + _EVTX_HEADER
    parts = [Range(segment.start, min(body, segment.end))]
    for position in positions:
        first = max(position.offset - body, 0) // _EVTX_CHUNK
        last = max(position.offset + position.length - 1 - body, 0) // _EVTX_CHUNK
        parts.append(
            Range(body + first * _EVTX_CHUNK, min(body + (last + 1) * _EVTX_CHUNK, segment.end)),
        )
    return merge(parts)


def whole_blocks(segment: Segment, ranges: Iterable[Range]) -> list[Range]:
    """Ranges widened to the blocks that are proven, in order."""
    return merge(
        Range(
            segment.start + (part.start - segment.start) // BLOCK * BLOCK,
            min(segment.start - (segment.start - part.end) // BLOCK * BLOCK, segment.end),
        )
        for part in ranges
    )


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that touch or overlap made one."""
    merged: list[Range] = []
    for part in sorted(ranges, key=lambda item: (item.start, item.end)):
        if merged and part.start <= merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(merged[-1].end, part.end))
        else:
            merged.append(part)
    return merged


def _copy(ws: Workspace, segment: Segment, ranges: list[Range] | None, wanted: set[int], bag: BagWriter) -> RawSegment:
    """Read the whole segment once: hash all of it and each of its blocks, keep what is asked for."""
    digest, blocks, at = hashlib.sha256(), Blocks(), segment.start
    with _Cutter(segment, ranges, bag) as cutter, collect.open_segment(ws, segment) as data:
        while chunk := data.read(CHUNK):
            digest.update(chunk)
            blocks.take(chunk)
            cutter.take(chunk, at)
            at += len(chunk)
    if at != segment.end or digest.hexdigest() != segment.sha256:
        msg = (
            f"the stored bytes of segment {segment.segment_id} (source {segment.source}) are not those that were "
            f"collected: {at - segment.start} bytes with SHA-256 {digest.hexdigest()}, the catalog says "
            f"{segment.size} bytes with {segment.sha256}"
        )
        raise EvidenceError(msg)
    return RawSegment(segment, ranges is None, tuple(cutter.kept), blocks.prove(sorted(wanted)))


class _Cutter:
    """Cuts ranges, which are in order and do not overlap, out of a stream; one file is open at a time."""

    def __init__(self, segment: Segment, ranges: list[Range] | None, bag: BagWriter) -> None:
        whole = Range(segment.start, segment.end)
        self._waiting = [(part, _file_name(segment, part)) for part in ranges or ()]
        self._waiting = self._waiting[::-1] or [(whole, _file_name(segment, None))]
        self._bag = bag
        self._file: HashingFile | None = None
        self.kept: list[Kept] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def take(self, chunk: bytes, at: int) -> None:
        """Take the next bytes of the log, which begin at offset `at`."""
        view, after = memoryview(chunk), at + len(chunk)
        while self._waiting and self._waiting[-1][0].start < after:
            part, name = self._waiting[-1]
            if self._file is None:
                self._file = self._bag.open(name)
            self._file.write(view[max(part.start - at, 0) : part.end - at])
            if part.end > after:
                return
            self.kept.append(Kept(name, part, self._file.finish()))
            self._file = None
            self._waiting.pop()


def _file_name(segment: Segment, part: Range | None) -> str:
    offsets = f".{part.start}-{part.end}" if part else ""
    ending = "evtx" if format_named(segment.format).framing == "evtx" else "log"
    return f"data/raw/{safe_name(segment.source)}/{safe_name(segment.segment_id)}{offsets}.{ending}"


def _matches(folder: Path, raw: RawSegment, positions: Sequence[Position]) -> Iterator[bytes]:
    """One line per event of a segment: where its bytes are, in the log and in the bag, and what they hash to."""
    segment = raw.segment
    is_text = format_named(segment.format).framing in _TEXT_FRAMINGS
    waiting = list(reversed(positions))
    for item in raw.files:
        with os.fdopen(os.open(folder / item.name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            while waiting and waiting[-1].offset + waiting[-1].length <= item.range.end:
                position = waiting.pop()
                inside = position.offset - item.range.start
                file.seek(inside)
                data = file.read(position.length)
                value = {
                    "event_id": position.event_id,
                    "dataset": position.dataset,
                    "source": segment.source,
                    "segment": segment.segment_id,
                    "record_number": position.record_number,
                    "offset": position.offset,
                    "length": position.length,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "file": item.name,
                    "file_offset": inside,
                    # JSON's own escapes cover control characters; bytes that are no UTF-8 are written as \xNN.
                    "text": data.decode("utf-8", errors="backslashreplace") if is_text else None,
                }
                yield (json.dumps(value) + "\n").encode()
    if waiting:
        msg = f"the bytes of event {waiting[-1].event_id} were not kept"  # overlapping records of a damaged log
        raise EvidenceError(msg)


def _proofs(raw: RawSegment) -> Iterator[bytes]:
    """One line per block of a segment that holds a match."""
    waiting = sorted(raw.proven.paths, reverse=True)
    for item in raw.files:
        first = item.range.start - raw.segment.start
        while waiting and raw.segment.start + waiting[-1] * BLOCK < item.range.end:
            index = waiting.pop()
            yield proof_line(raw.segment.segment_id, index, raw.proven, item.name, index * BLOCK - first)
