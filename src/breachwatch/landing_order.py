"""What lands together, and in which order it enters the lake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition

from breachwatch import lake
from breachwatch.model.segment import Segment

TOGETHER_BYTES = 16 * 1024 * 1024
"""Small segments land together up to so many bytes, as many as one segment of a large log has: the memory that landing
takes is that of one. Each landing costs some 20 ms for files and a transaction, which a small log alone does not
earn."""

_MOST_TOGETHER = 500

Turn = Callable[[], None]
"""Waits until all that must be in the lake before what is to land is there."""


def at_once() -> None:
    """The turn of what waits for nothing."""


def lots(segments: Sequence[Segment], *, apart: bool = False) -> list[list[Segment]]:
    """The segments as they land, neighbours together where they are small; `apart`: each by itself."""
    found: list[list[Segment]] = []
    size = 0
    for segment in segments:
        size += segment.size
        if found and not apart and size <= TOGETHER_BYTES and len(found[-1]) < _MOST_TOGETHER:
            found[-1].append(segment)
        else:
            found.append([segment])
            size = segment.size
    return found


class StoppedError(Exception):
    """Other segments could not be landed, so these wait in the store for the next run."""


class Turns:
    """In which order the lots of a source enter the lake."""

    def __init__(self, lots: Sequence[Sequence[Segment]]) -> None:
        self._changed = Condition()
        self._done: set[int] = set()
        self._stopped = False
        self._before: dict[int, set[int]] = {}  # the lots that must land before
        last: dict[str, int] = {}
        for number, lot in enumerate(lots):
            for segment in lot:
                if segment.format not in lake.POSITION_NAMES_THE_RECORD:
                    # Event ids begin with the log's identity, so that only segments of one log can share some.
                    before = last.get(segment.file_id, number)
                    if before != number:
                        self._before.setdefault(number, set()).add(before)
                    last[segment.file_id] = number

    def turn(self, number: int) -> Turn:
        """How the lot of that number waits. Raises StoppedError in one that waits in vain."""
        before = self._before.get(number)
        if before is None:
            return at_once

        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or before <= self._done)
                if not before <= self._done:
                    raise StoppedError

        return wait

    def done(self, number: int) -> None:
        """The lot is in the lake, or never will be."""
        with self._changed:
            self._done.add(number)
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody is to wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
