"""Cutting a log into segments, and keeping the promise: copying planned segments into the store."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from breachwatch.collect.checkpoints import Log, mark_stored
from breachwatch.collect.compression import PIECE
from breachwatch.collect.framing import LONGEST_RECORD, JournalExport, make_framer
from breachwatch.collect.store import SegmentWriter
from breachwatch.collect.stream import LogStream
from breachwatch.errors import LimitError
from breachwatch.model.formats import Framing
from breachwatch.model.segment import Segment
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


_DEAR: Final[frozenset[Framing]] = frozenset({"json", "xml"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a segment is to begin and end. Hashes are of its own bytes and of the log up to its end."""

    start: int
    end: int
    records: int  # in it
    sha256: str
    file_sha256: str


@dataclass(frozen=True, slots=True)
class Cuts:
    """How the rest of a log falls into segments; `waiting` bytes of an unfinished record are left for their writer."""

    pieces: tuple[Piece, ...]
    waiting: int
    too_long: int  # records that had to be cut because they are longer than LONGEST_RECORD


class _Hashes:
    """Hashes bytes only once the record they belong to is complete."""

    def __init__(self, before: Hash) -> None:
        self._log = before.copy()
        self._segment = hashlib.sha256()
        self._pending: list[bytes] = []

    def take(self, data: bytes, complete: int) -> None:
        """`complete` of the bytes seen last, counted from the front of all pending ones and `data`, are settled."""
        self._pending.append(data)
        if complete:
            joined = b"".join(self._pending)
            self._log.update(joined[:complete])
            self._segment.update(joined[:complete])
            self._pending = [joined[complete:]]

    def segment_done(self) -> tuple[str, str]:
        digests = self._segment.hexdigest(), self._log.hexdigest()
        self._segment = hashlib.sha256()
        return digests


def cut(
    stream: LogStream,
    framing: Framing,
    before: Hash,
    segment_bytes: int,
    *,
    after_open_end: bool,
    final: Callable[[], bool],
) -> Cuts:
    """Read `stream` to its end and say where segments of at most `segment_bytes` end, never inside a record.

    One record that is longer makes a segment of its own. `after_open_end`: the byte before the stream is the end of a
    record without line ending, so a line ending that comes first belongs to it. `final`, asked at the end, says that
    nobody is going to finish the last record.
    """
    start = stream.position
    before = before.copy()
    data = stream.read()
    if after_open_end and data.startswith(b"\n"):
        before.update(b"\n")
        start, data = start + 1, data[1:]
    hashes = _Hashes(before)
    framer = make_framer(framing, start)
    pieces: list[Piece] = []
    counted = too_long = 0
    bounded = sys.maxsize  # pieces before the first record that had to be cut

    def finish_piece() -> None:
        nonlocal start, counted
        pieces.append(Piece(start, framer.boundary, framer.records - counted, *hashes.segment_done()))
        start, counted = framer.boundary, framer.records

    while data:
        # Stop exactly at the most a segment may hold: the last boundary seen by then is where it ends.
        room = start + segment_bytes - framer.position
        now, data = (data[:room], data[room:]) if 0 < room < len(data) else (data, b"")
        boundary = framer.boundary
        framer.feed(now)
        if framer.position - framer.boundary >= LONGEST_RECORD:
            framer.close_record()
            too_long += 1
            bounded = min(bounded, len(pieces))
        hashes.take(now, framer.boundary - boundary)
        if framer.position >= start + segment_bytes and framer.boundary > start:
            finish_piece()
        data = data or stream.read()
    waiting = framer.waiting
    if waiting and final():
        unfinished = framer.position - framer.boundary
        framer.close_record()
        hashes.take(b"", unfinished)
        waiting = 0
    if framer.boundary > start:
        finish_piece()
    if isinstance(stream.broken, LimitError):  # an endless record in an archive that is too large is part of the bomb
        return Cuts(tuple(pieces[:bounded]), waiting, 0)
    return Cuts(tuple(pieces), waiting, too_long)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the promises for one log: the log now, bytes stored, the promises that could not be kept."""

    log: Log
    bytes: int
    before: Hash | None  # hash state of the log up to its end, where everything was kept
    unkept: tuple[Segment, ...]


def keep_promises(
    ws: Workspace,
    stream: LogStream,
    log: Log,
    framing: Framing,
    shown_path: str,
    settle: Callable[[Log], Log],
    counted: Mapping[str, int],
) -> Kept:
    """Copy the planned segments of `log` from `stream` into the store, one after the other.

    A segment is stored only if its bytes hash to what was promised; the first that does not ends the work. `settle`
    may add to what is recorded of the log in the same transaction; `counted` says how many records are in segments
    that were planned a moment ago.
    Raises DiskFullError or EnvironmentFault where the store cannot be written; the promises stay.
    """
    stored = 0
    planned = log.planned
    for number, item in enumerate(planned):
        done = _keep(ws, stream, log, item, framing, counted.get(item.segment_id))
        if done is None:
            return Kept(log, stored, None, planned[number:])
        segment, log = done
        log = settle(replace(log, path=shown_path))
        mark_stored(ws, log, segment)
        stored += segment.size
    return Kept(log, stored, stream.hash_state, ())


def _keep(
    ws: Workspace, stream: LogStream, log: Log, item: Segment, framing: Framing, counted: int | None
) -> tuple[Segment, Log] | None:
    if not stream.advance(item.start):
        return None
    # Finding records of JSON once more costs as much as storing them. Their number is that of the same bytes, as the
    # hash says.
    framer = None if counted is not None and framing in _DEAR and item.file_sha256 else make_framer(framing, item.start)
    last = b""
    with SegmentWriter(ws, item) as writer:
        while stream.position < item.end and (data := stream.read(min(PIECE, item.end - stream.position))):
            writer.write(data)
            if framer is not None:
                framer.feed(data)
            last = data[-1:]
        file_sha256 = stream.digest() if item.file_sha256 else None
        if stream.position != item.end or file_sha256 != item.file_sha256:
            return None
        if item.sha256 and writer.digest() != item.sha256:
            return None
        sha256 = writer.finish()
    records = counted or 0
    if framer is not None:
        framer.close_record()
        records = framer.records
    if isinstance(framer, JournalExport):
        log = replace(log, position=framer.last_cursor or log.position)
    notes = {**log.notes, "unfinished": framing == "lines" and last != b"\n"}
    first_record = 1 if framing == "evtx" else log.records + 1
    kept = replace(item, sha256=sha256, file_sha256=file_sha256, first_record=first_record)
    return kept, replace(log, end=item.end, records=log.records + records, notes=notes)
