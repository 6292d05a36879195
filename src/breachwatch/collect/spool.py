"""A file that is far away, read as if it were here: every byte is fetched once and read from a scratch file.

Only what is asked for is fetched, so that of a log that grew the head, some bytes before the checkpoint and what is new
travel, and nothing else. A connection that breaks is made again and reading goes on at the same byte, after a look at
the bytes before it: a file that was rotated meanwhile is not mistaken for its successor. The scratch file has no name,
so that a run that is killed leaves none.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Protocol

from breachwatch.collect.patience import Patience
from breachwatch.collect.places import CutOffError, Look, LostError, ShrunkError
from breachwatch.collect.store import explained

HEAD_BYTES = (
    8192  # of a log's start are fetched at once, if `head` says no other: more than its identity and format need
)
AHEAD_BYTES = 1024 * 1024  # fetched at once beyond that
_OVERLAP = 4096  # bytes compared when a connection was made anew


class Remote(Protocol):
    """One open file of a far place."""

    @property
    def look(self) -> Look:
        """How it looked when it was opened last."""

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes, none at the end. Raises LostError, UnreadableError."""

    def reopen(self) -> None:
        """Open it again after LostError. Raises LostError, UnreadableError."""

    def close(self) -> None:
        """Let it go; raises nothing."""


class Spool(io.RawIOBase):
    """The bytes of a Remote, as they were there when it was opened. Raises CutOffError, ShrunkError, DiskFullError."""

    def __init__(self, remote: Remote, patience: Patience, scratch: Path, *, head: int | None = None) -> None:
        super().__init__()
        self._remote = remote
        self._patience = patience
        self._head = HEAD_BYTES if head is None else head
        self._size = remote.look.size
        self._position = 0
        self._spans: list[tuple[int, int]] = []  # what has been fetched, in order, apart from each other
        self._doing = f"keep what is fetched in {scratch}"
        with explained(self._doing):
            self._file = tempfile.TemporaryFile(dir=scratch, buffering=0)  # noqa: SIM115  closed by close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        end = self._end_of_span(self._position)
        if end is None:
            end = self._fetch(self._position, wanted)
        piece = os.pread(self._file.fileno(), min(wanted, end - self._position), self._position)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._remote.close()
            self._file.close()
        super().close()

    def _end_of_span(self, at: int) -> int | None:
        return next((end for start, end in self._spans if start <= at < end), None)

    def _fetch(self, at: int, wanted: int) -> int:
        """Fetch bytes from `at` on; returns where they end."""
        ahead = self._head - at if at < self._head else AHEAD_BYTES
        limit = min((start for start, _ in self._spans if start > at), default=self._size)
        data = self._transferred(at, min(max(wanted, ahead), limit - at))
        if not data:
            raise ShrunkError(f"it shrank while it was read: {self._size - at} bytes that had been there were gone")
        with explained(self._doing):
            view = memoryview(data)
            while view:
                view = view[os.pwrite(self._file.fileno(), view, at + len(data) - len(view)) :]
        self._add(at, at + len(data))
        return at + len(data)

    def _add(self, start: int, end: int) -> None:
        self._spans.append((start, end))
        joined: list[tuple[int, int]] = []
        for span in sorted(self._spans):
            if joined and joined[-1][1] == span[0]:
                joined[-1] = (joined[-1][0], span[1])
            else:
                joined.append(span)
        self._spans = joined

    def _transferred(self, at: int, size: int) -> bytes:
        self._patience.check()
        again = False
        try:
            for trial in self._patience.tries(LostError):
                with trial:
                    if again:
                        self._patience.check()
                        self._remote.reopen()
                        self._compare(at)
                    again = True
                    return self._remote.read(at, size)
        except LostError as error:
            raise CutOffError(str(error)) from error
        raise AssertionError  # the last try raises

    def _compare(self, at: int) -> None:
        """Whether what was opened again is the same file, by its size and the bytes nearest before `at`."""
        spans = [(start, min(end, at)) for start, end in self._spans if start < at]
        if self._remote.look.size >= self._size:
            if not spans:
                return
            start, end = spans[-1]
            start = max(start, end - _OVERLAP)
            known = os.pread(self._file.fileno(), end - start, start)
            if self._remote.read(start, end - start) == known:
                return
        raise ShrunkError("it was replaced or cut while it was read")
