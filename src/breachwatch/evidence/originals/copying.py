"""Copying original bytes into a bag: each segment an event comes from is read once, kept and proven.

The whole segment is read and its SHA-256 compared with the catalog's, whatever is kept of it, so that every kept byte
is proven to come from the bytes that were collected. A Merkle tree over all blocks of the segment proves the same to
everybody else (`blocks`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from breachwatch import collect
from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import CHUNK, BagWriter, HashingFile
from breachwatch.evidence.blocks import BLOCK, PROOFS, Blocks, ProofLines, blocks_of
from breachwatch.evidence.merkle import Levels
from breachwatch.evidence.names import safe_name
from breachwatch.evidence.originals.kept import Kept, RawSegment
from breachwatch.evidence.originals.matches import MATCHES, lines_of
from breachwatch.evidence.originals.ranges import Range, ranges_of
from breachwatch.evidence.rows import Position, Rows
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Segment
from breachwatch.workspace import Workspace

_LANES = 3  # threads beside the one that reads
_BUNCH = 512  # lines that are written at a time


def copy_segments(ws: Workspace, rows: Rows, bag: BagWriter) -> list[RawSegment]:
    """Copy the original bytes of every event into the bag; write data/matches.jsonl and data/proofs.jsonl.

    Raises EvidenceError where bytes are missing or are not those that were collected.
    """
    kept = []
    with ThreadPoolExecutor(_LANES) as lanes, bag.open(MATCHES) as matches, bag.open(PROOFS) as proofs:
        for segment_id in rows.segments():
            segment = collect.segment(ws, segment_id)
            positions = rows.positions(segment_id)
            _check_positions(segment, positions)
            wanted = {index for item in positions for index in blocks_of(item.offset - segment.start, item.length)}
            ranges = ranges_of(ws, segment, positions, rows)
            reading = _Reading(ws, segment, lanes)
            files = (_copy_whole(reading, bag),) if ranges is None else _copy_ranges(reading, ranges, bag)
            tree = reading.blocks.tree()
            for lines in _together(lines_of(bag.folder, segment, files, positions)):
                matches.write(lines)
            for lines in _together(_proof_lines(segment, files, tree, wanted)):
                proofs.write(lines)
            kept.append(RawSegment(segment, ranges is None, files, tree.root, len(tree.levels[0])))
    return kept


def _check_positions(segment: Segment, positions: Iterable[Position]) -> None:
    for position in positions:
        if not segment.start <= position.offset <= position.offset + position.length <= segment.end:
            msg = (
                f"event {position.event_id} is said to lie at bytes {position.offset} to "
                f"{position.offset + position.length}, outside its segment {segment.segment_id}"
            )
            raise EvidenceError(msg)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reading a whole segment once, each of its blocks hashed on the way."""

    ws: Workspace
    segment: Segment
    lanes: ThreadPoolExecutor
    blocks: Blocks = field(default_factory=Blocks)

    def give(self, *takers: Callable[[bytes], object]) -> int:
        """Give the bytes to all takers, each in a thread of its own while the next ones are read; how many there were.

        Hashing, unpacking and writing leave the interpreter to others. Two pieces are in memory at a time.
        """
        size, under_way = 0, list[Future[object]]()
        with collect.open_segment(self.ws, self.segment) as data:
            try:
                while chunk := data.read(CHUNK):
                    _ended(under_way)
                    under_way = [self.lanes.submit(take, chunk) for take in (self.blocks.take, *takers)]
                    size += len(chunk)
                _ended(under_way)
            finally:
                wait(under_way)  # what takes must not do so any more when it is closed
        return size

    def check(self, size: int, sha256: str) -> None:
        """Whether what was read is what was collected. Raises EvidenceError."""
        segment = self.segment
        if size != segment.size or sha256 != segment.sha256:
            msg = (
                f"the stored bytes of segment {segment.segment_id} (source {segment.source}) are not those that were "
                f"collected: {size} bytes with SHA-256 {sha256}, the catalog says {segment.size} bytes with "
                f"{segment.sha256}"
            )
            raise EvidenceError(msg)


def _ended(under_way: Iterable[Future[object]]) -> None:
    for work in under_way:
        work.result()


def _copy_whole(reading: _Reading, bag: BagWriter) -> Kept:
    """Keep all of a segment: the hash of the file is the segment's."""
    segment = reading.segment
    name = _file_name(segment, None)
    with bag.open(name) as file:
        size = reading.give(file.write)
        reading.check(size, file.so_far.sha256)
    return Kept(name, Range(segment.start, segment.end), bag.payload[name])


def _copy_ranges(reading: _Reading, ranges: Sequence[Range], bag: BagWriter) -> tuple[Kept, ...]:
    """Keep ranges of a segment, all of which is hashed."""
    digest = hashlib.sha256()
    with _Cutter(reading.segment, ranges, bag) as cutter:
        size = reading.give(digest.update, cutter.take)
        reading.check(size, digest.hexdigest())
    return tuple(cutter.kept)


class _Cutter:
    """Cuts ranges, which are in order and do not overlap, out of a stream; one file is open at a time."""

    def __init__(self, segment: Segment, ranges: Sequence[Range], bag: BagWriter) -> None:
        self._waiting = [(part, _file_name(segment, part)) for part in reversed(ranges)]
        self._at = segment.start
        self._bag = bag
        self._file: HashingFile | None = None
        self.kept: list[Kept] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def take(self, chunk: bytes) -> None:
        """Take the next bytes of the segment."""
        view, at = memoryview(chunk), self._at
        self._at = after = at + len(chunk)
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


def _together(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines in bunches: each call of writing and hashing costs more than a line does."""
    rest = iter(lines)
    while bunch := b"".join(islice(rest, _BUNCH)):
        yield bunch


def _proof_lines(segment: Segment, files: Iterable[Kept], tree: Levels, wanted: Iterable[int]) -> Iterator[bytes]:
    """One line per wanted block of a segment."""
    lines = ProofLines(segment.segment_id, tree)
    waiting = sorted(wanted, reverse=True)
    for item in files:
        first = item.range.start - segment.start
        while waiting and segment.start + waiting[-1] * BLOCK < item.range.end:
            index = waiting.pop()
            yield lines.line(index, item.name, index * BLOCK - first)
