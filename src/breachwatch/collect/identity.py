"""Which log a file is: recognised by content, so that renaming, packing and copying collect nothing twice.

A log is named by its source and its first record. A file whose first bytes are those of a known log is that log if the
bytes collected so far hash to what was recorded for them, all of them, not a sample. If they do not, it is another log
that begins with the same record (a header line, say), and its name carries a number: the how-manieth of its kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from breachwatch.collect.checkpoints import Log
from breachwatch.collect.store import open_segment
from breachwatch.collect.stream import LogFile
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
    for number in count():
        seed = f"log\0{source}\0{number}\0".encode() + first
        file_id = hashlib.sha256(seed).hexdigest()[:32]
        if file_id not in taken:
            return file_id
    raise AssertionError  # count() does not end


def recognise_log(ws: Workspace, file: LogFile, head: bytes, logs: Iterable[Log]) -> Recognised:
    """Find the known log that `file`, which begins with `head`, is."""
    candidates = [log for log in logs if _begins_alike(log, head)]
    if not candidates:
        return Recognised(None)
    points = sorted({item.end for log in candidates for item in _promised(log)})
    stream = file.stream()
    states: dict[int, Hash] = {0: stream.hash_state}
    for point in points:
        if not stream.advance(point):
            break
        states[point] = stream.hash_state
    candidates.sort(key=lambda log: (-log.end, log.file_id))
    for log in candidates:
        if log.end in states and _agrees(log, states):
            return Recognised(Match(log, states[log.end]))
    for log in candidates:
        if stream.position < log.end and _is_beginning(ws, file, stream.position, log, states):
            return Recognised(Match(log, states[0], older=True))
    return Recognised(None, tuple(candidates))


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
    except DataError:
        # Its stored bytes may have been pruned since. An old beginning of a log brings nothing new either way.
        return True
    return True
