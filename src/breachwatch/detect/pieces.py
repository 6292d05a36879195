"""What a night searches, cut into pieces: the events of lake files that no run has searched yet.

A piece is a span of event time and the new files that have events in it. Where new events lie more than a day apart, as
late ones do, they are in different pieces, so that what was searched between them is not read again; and where there
are very many, a piece ends after so many. Pieces are searched in order, each like a night of its own (see `engine`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from breachwatch.lake import LakeFile
from breachwatch.lake.partition import UNKNOWN
from breachwatch.model.finding import Window

PIECE_ROWS = 2_000_000
"""So many new events a piece holds at most, unless a quarter of an hour has more."""

_GAP = timedelta(days=1)
_MOST = 16  # islands; where there are more, those with least between them are searched together
_STEP = timedelta(minutes=15)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what is searched.

    `files` are the new files that may have events in the window; None where all events of the window are searched.
    `until` is the end of the whole search. The `front` is the last piece: it has the new events without a time, too,
    and what earlier runs left to be judged later, from `searched` on, the latest event that they searched (aware UTC).
    `mixed`: other files, which have been searched before, may have events in the window as well.
    """

    window: Window
    until: datetime
    files: tuple[LakeFile, ...] | None = None
    front: bool = True
    searched: datetime | None = None
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class _Island:
    start: datetime
    end: datetime
    files: tuple[LakeFile, ...]


def pieces_of(listed: Iterable[LakeFile], until: datetime) -> list[Piece]:
    """The pieces of a night, in order of time, of all files of the lake; the front may be empty. `until`: aware UTC."""
    timed, untimed, known = [], [], []
    searched: datetime | None = None
    for file in listed:
        if file.scanned_at is not None:
            known.append(file)
            if file.max_time is not None and file.max_time < until:
                searched = max(searched or file.max_time, file.max_time)
            continue
        if file.min_time is not None and file.min_time < until:
            timed.append(file)
        if file.date == UNKNOWN:
            untimed.append(file)
    pieces = [piece for island in _islands(timed, known, until) for piece in _cut(island, until)]
    if not pieces or (searched is not None and pieces[-1].window.end <= searched):
        pieces.append(Piece(Window(until, until), until, ()))
    front = pieces.pop()
    files = tuple(dict.fromkeys((*(front.files or ()), *untimed)))
    pieces.append(replace(front, files=files, front=True, searched=searched))
    return [replace(piece, mixed=any(_overlap(file, piece.window) for file in known)) for piece in pieces]


def _islands(files: Sequence[LakeFile], known: Sequence[LakeFile], until: datetime) -> list[_Island]:
    found: list[_Island] = []
    for file in sorted(files, key=lambda file: (file.min_time or until, file.path)):
        start, end = file.min_time or until, min((file.max_time or until) + _TICK, until)
        if found and (start - found[-1].end <= _GAP or not _between(known, found[-1].end, start)):
            last = found.pop()
            found.append(_Island(last.start, max(last.end, end), (*last.files, file)))
        else:
            found.append(_Island(start, end, (file,)))
    while len(found) > _MOST:
        gaps = [after.start - before.end for before, after in pairwise(found)]
        at = gaps.index(min(gaps))
        joined = _Island(found[at].start, found[at + 1].end, (*found[at].files, *found[at + 1].files))
        found[at : at + 2] = [joined]
    return found


def _between(known: Sequence[LakeFile], start: datetime, end: datetime) -> bool:
    """Whether anything that was searched before lies in a gap."""
    return any(_touches(file, start, end) for file in known)


def _cut(island: _Island, until: datetime) -> list[Piece]:
    """An island in pieces of at most so many rows, taking those of a file as spread evenly over its time."""
    starts = [island.start]
    if sum(file.rows for file in island.files) > PIECE_ROWS:
        rows, at = 0.0, island.start
        while at < island.end:
            more = sum(_rows(file, at, at + _STEP) for file in island.files)
            if rows and rows + more > PIECE_ROWS:
                starts.append(at)
                rows = 0.0
            rows += more
            at += _STEP
    ends = [*starts[1:], island.end]
    return [
        Piece(
            Window(start, end), until, tuple(file for file in island.files if _touches(file, start, end)), front=False
        )
        for start, end in zip(starts, ends, strict=True)
    ]


def _rows(file: LakeFile, start: datetime, end: datetime) -> float:
    if file.min_time is None or file.max_time is None or file.max_time < start or file.min_time >= end:
        return 0.0
    length = (file.max_time - file.min_time + _TICK).total_seconds()
    inside = (min(file.max_time + _TICK, end) - max(file.min_time, start)).total_seconds()
    return file.rows * inside / length


def _overlap(file: LakeFile, window: Window) -> bool:
    return file.date == UNKNOWN or _touches(file, window.start, window.end)


def _touches(file: LakeFile, start: datetime, end: datetime) -> bool:
    return file.min_time is not None and file.max_time is not None and file.min_time < end and file.max_time >= start
