"""Copies of lake files that rest in an object store, kept on this machine while there is room for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from breachwatch.lake.faults import faults_at
from breachwatch.workspace import PRIVATE_DIR


class KeptFiles:
    """A folder with at most `limit` bytes of files; those that were read longest ago go first.

    Losing any of them costs a download and nothing else. Several processes may use the folder at once.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._added: int | None = None  # bytes since the folder was last looked through

    def path(self, name: str) -> Path | None:
        """Where the copy of a file is; None where there is none."""
        path = self._folder / name
        return path if path.is_file() else None

    def open(self, name: str) -> BinaryIO | None:
        """The copy for reading; None where there is none. Stays readable when another process removes it."""
        path = self._folder / name
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        with suppress(OSError):  # its place in the queue is all that is lost
            os.utime(path)
        return file

    def keep(self, name: str, finished: Path) -> None:
        """Move a finished file here."""
        size = finished.stat().st_size
        if size > self._limit:
            finished.unlink()
            self.drop(name)
            return
        target = self._folder / name
        with faults_at(target):
            target.parent.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
            finished.replace(target)
            if self._added is None or self._added + size > self._limit // 20:
                self._make_room()
                self._added = 0
        self._added += size

    def drop(self, name: str) -> None:
        """Remove the copy of a file, if there is one."""
        path = self._folder / name
        with faults_at(path):
            path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Leave a tenth of the room free, so that this is not done for each file."""
        found = sorted(self._files())
        used = sum(size for _, size, _ in found)
        if used <= self._limit * 9 // 10:
            return
        for _, size, path in found:
            if used <= self._limit * 8 // 10:
                return
            path.unlink(missing_ok=True)
            used -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for folder, _, files in os.walk(self._folder):
            for file in files:
                path = Path(folder) / file
                with suppress(FileNotFoundError):  # another process made room, too
                    known = path.stat()
                    yield known.st_mtime, known.st_size, path
