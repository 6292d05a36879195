"""One log on disk: in order of time, rotated every week as logrotate does, planted lines noted for the truth."""

from __future__ import annotations

import gzip
import hashlib
import heapq
import os
from collections.abc import Callable
from io import BufferedWriter
from pathlib import Path
from typing import Any, BinaryIO

from breachwatch.simulate.span import SECOND
from breachwatch.simulate.truth import PlantedLine, Truth

_COMPRESSED_FROM = 2  # logrotate's delaycompress: auth.log, auth.log.1, auth.log.2.gz

Render = Callable[[int, Any, int], bytes]
"""Makes the line (without its ending) from the moment, what was added, and the record's number in this log."""


class LogFile:
    """A log that grows in order of time, however far ahead the ends of sessions are known.

    Lines wait in memory only until the city's time has passed them. `rotations` are moments at which a new file begins;
    the oldest lines go to the file with the highest number, as if logrotate had renamed it week after week.
    """

    def __init__(self, folder: Path, path: str, render: Render, truth: Truth, rotations: tuple[int, ...] = ()) -> None:
        self._folder = folder
        self._path = path
        self._render = render
        self._truth = truth
        self._rotations = list(rotations)
        self._waiting: list[tuple[int, int, Any, str]] = []
        self._added = 0
        self._written = 0
        self._line = 0
        self._last = 0
        self._name = ""
        self._raw: BufferedWriter | None = None
        self._out: BinaryIO | gzip.GzipFile | None = None
        self.line_counts: dict[str, int] = {}  # by file, in the order of writing
        self.lines = 0
        self.bytes = 0

    def add(self, at: int, payload: Any, mark: str = "") -> None:
        """A line for the moment `at`, which must not lie before the time up to which the log is settled."""
        self._added += 1
        heapq.heappush(self._waiting, (at, self._added, payload, mark))

    def settle(self, now: int) -> None:
        """Write what lies before `now`: nothing earlier will be added any more."""
        while self._waiting and self._waiting[0][0] < now:
            at, _, payload, mark = heapq.heappop(self._waiting)
            self._write(at, payload, mark)

    def close(self, end: int) -> None:
        """Write what lies before `end`; what would come later has not happened yet when the logs are collected."""
        self.settle(end)
        self._waiting.clear()
        self._finish()

    def _write(self, at: int, payload: Any, mark: str) -> None:
        while self._rotations and at >= self._rotations[0]:
            self._finish()
            self._rotations.pop(0)
        out = self._out or self._begin()
        self._written += 1
        line = self._render(at, payload, self._written)
        out.write(line)
        out.write(b"\n")
        self._line += 1
        self.line_counts[self._name] = self._line
        self._last = at
        self.lines += 1
        self.bytes += len(line) + 1
        if mark:
            digest = hashlib.sha256(line).hexdigest()
            self._truth.note(mark, PlantedLine(self._name, self._line, digest, at))

    def _begin(self) -> BinaryIO | gzip.GzipFile:
        back = len(self._rotations)  # how many rotations are still to come for this file
        name = self._path + (f".{back}" if back else "") + (".gz" if back >= _COMPRESSED_FROM else "")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = path.open("wb")
        self._out = self._raw
        if name.endswith(".gz"):
            # No name and no time in the header: equal content gives equal bytes (with the same zlib).
            self._out = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=self._raw, mtime=0)
        self._name = name
        self._line = 0
        return self._out

    def _finish(self) -> None:
        if self._out is None or self._raw is None:
            return
        self._out.close()
        self._raw.close()
        # Lines of RFC 3164 carry no year; readers take it from the file's time, so it must be that of the last line.
        last = self._last // SECOND
        os.utime(self._folder / self._name, (last, last))
        self._out = self._raw = None
