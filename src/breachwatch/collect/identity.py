"""Which log a file is: recognised by content, so that renaming, packing and copying collect nothing twice.

A log is named by its source and its first record. A file whose first bytes are those of a known log is that log if the
bytes collected so far hash to what was recorded for them, all of them, not a sample. If they do not, it is another log
that begins with the same record (a header line, say), and its name carries a number: the how-manieth of its kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from breachwatch.collect.checkpoints import Log, known_logs
from breachwatch.collect.compression import PIECE
from breachwatch.collect.places import CutOffError
from breachwatch.collect.store import open_segment
from breachwatch.collect.stream import LogFile, LogStream
from breachwatch.errors import DataError
from breachwatch.model.segment import Segment, SegmentState
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


@dataclass(frozen=True, slots=True)
class Match:
    """The log that a file is. `older`: the file holds no more than a beginning of what was collected of it."""

    log: Log
    before: Hash  # hash state of the log's bytes [0, log.end)
    older: bool = False


@dataclass(frozen=True, slots=True)
class Recognised:
    """The match, if any, and the logs that begin alike but differ in what was collected."""

    match: Match | None
    alike: tuple[Log, ...] = ()


def make_file_id(source: str, first: bytes, taken: Container[str]) -> str:
    """A name for a log that begins with the record `first`; the first that is not taken by another log."""
    return next(file_id for file_id in _names(source, first) if file_id not in taken)


def logs_beginning_with(ws: Workspace, source: str, first: bytes | None) -> dict[str, Log]:
    """The known logs that begin with the record `first`, found by their names and without looking through all."""
    found: dict[str, Log] = {}
    for file_id in _names(source, first) if first else ():
        log = known_logs(ws, source, file_ids=(file_id,))
        if not log:
            break
        found |= log
    return found


def _names(source: str, first: bytes) -> Iterator[str]:
    for number in count():
        seed = f"log\0{source}\0{number}\0".encode() + first
        yield hashlib.sha256(seed).hexdigest()[:32]


def recognise_log(ws: Workspace, file: LogFile, head: bytes, logs: Iterable[Log]) -> Recognised:
    """Find the known log that `file`, which begins with `head`, is."""
    candidates = [log for log in logs if _begins_alike(log, head)]
    if not candidates:
        return Recognised(None)
    candidates.sort(key=lambda log: (-log.end, log.file_id))
    if not file.near and not file.packed:
        return _recognised_far(ws, file, candidates)
    return _recognised_whole(ws, file, candidates)


def _recognised_whole(ws: Workspace, file: LogFile, candidates: list[Log]) -> Recognised:
    """Read the file from its start and hash all that was collected."""
    points = sorted({item.end for log in candidates for item in _promised(log)})
    stream = file.stream()
    states: dict[int, Hash] = {0: stream.hash_state}
    for point in points:
        if not stream.advance(point):
            break
        states[point] = stream.hash_state
    stream.check_cut_off()
    for log in candidates:
        if log.end in states and _agrees(log, states):
            return Recognised(Match(log, states[log.end]))
    for log in candidates:
        if stream.position < log.end and _is_beginning(ws, file, stream.position, log, states):
            return Recognised(Match(log, states[0], older=True))
    return Recognised(None, tuple(candidates))


_PROOF_BYTES = 16 * 1024  # compared before the place up to which a far log was collected


def _recognised_far(ws: Workspace, file: LogFile, candidates: list[Log]) -> Recognised:
    """Recognise a file without fetching again what was collected of it.

    Its first record and the last bytes before the checkpoint must be those that are stored; the hash of all bytes
    before comes from the store. What an earlier run only promised, or what the store no longer has, is fetched.
    """
    for log in candidates:
        before = _stored_hash(ws, log) if log.end else None
        if before is None:
            found = _recognised_whole(ws, file, [log])
            if found.match:
                return found
            continue
        end = min(log.end, file.size)
        if _same_bytes(ws, file, log, max(0, end - _PROOF_BYTES), end):
            return Recognised(Match(log, before, older=file.size < log.end))
    return Recognised(None, tuple(candidates))


def _stored_hash(ws: Workspace, log: Log) -> Hash | None:
    """Hash state of the log's bytes [0, log.end) from the store; None where it does not have them all, unharmed."""
    state, position = hashlib.sha256(), 0
    for item in log.kept:
        if item.start == position + 1:  # the line ending that came after its record had been taken for complete
            state.update(b"\n")
            position += 1
        if item.start != position:
            return None
        try:
            with open_segment(ws, item) as stored:
                while piece := stored.read(PIECE):
                    state.update(piece)
        except DataError:
            return None
        position = item.end
        if state.hexdigest() != item.file_sha256:
            return None
    return state if position == log.end else None


def _same_bytes(ws: Workspace, file: LogFile, log: Log, start: int, end: int) -> bool:
    """Whether the file's bytes [start, end) are the stored ones."""
    stream = file.stream(start)
    for item in log.kept:
        if item.end <= start or item.start >= end:
            continue
        if not stream.advance(max(start, item.start)):
            break
        with open_segment(ws, item) as stored:
            stored.seek(stream.position - item.start)
            size = min(end, item.end) - stream.position
            if _exactly(stream, size) != stored.read(size):
                stream.check_cut_off()
                return False
    stream.check_cut_off()
    return stream.position == end


def _exactly(stream: LogStream, size: int) -> bytes:
    parts = []
    while size and (piece := stream.read(size)):
        parts.append(piece)
        size -= len(piece)
    return b"".join(parts)


def _begins_alike(log: Log, head: bytes) -> bool:
    size = log.identity_bytes
    return 0 < size <= len(head) and hashlib.sha256(head[:size]).hexdigest() == log.identity_sha256


def _promised(log: Log) -> list[Segment]:
    """Segments whose end has a recorded hash."""
    return [item for item in log.segments if item.file_sha256 and item.state is not SegmentState.LOST]


def _agrees(log: Log, states: dict[int, Hash]) -> bool:
    """Whether the bytes up to the checkpoint are the log's; before anything is stored, whether a promise fits."""
    if log.end:
        return all(states[item.end].hexdigest() == item.file_sha256 for item in log.kept if item.end == log.end)
    reached = [item for item in log.planned if item.end in states]
    return not reached or any(states[item.end].hexdigest() == item.file_sha256 for item in reached)


def _is_beginning(ws: Workspace, file: LogFile, size: int, log: Log, states: dict[int, Hash]) -> bool:
    """Whether the file's `size` bytes are the first ones of what is stored of `log`."""
    inside = [item for item in log.kept if item.end <= size]
    if inside and states[inside[-1].end].hexdigest() != inside[-1].file_sha256:
        return False
    following = next((item for item in log.kept if item.start < size < item.end), None)
    if following is None:
        return True
    stream = file.stream(following.start)
    try:
        with open_segment(ws, following) as stored:
            while piece := stream.read():
                if stored.read(len(piece)) != piece:
                    return False
        stream.check_cut_off()
    except CutOffError:
        raise
    except DataError:
        # Its stored bytes may have been pruned since. An old beginning of a log brings nothing new either way.
        return True
    return True
