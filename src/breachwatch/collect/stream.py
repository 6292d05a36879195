"""One log file, opened once and read forwards as often as needed, hashed as the bytes pass.

The file stays open from the first look to the last byte stored, so that a rotation in between changes nothing. Only the
bytes that were there when it was opened are read: a log that grows is not chased.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from breachwatch.collect.compression import PIECE, Compression, expanded, recognise_compression
from breachwatch.collect.paths import open_regular, shown
from breachwatch.errors import DataError
from breachwatch.settings import Limits

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looked like: enough to tell that nothing happened to it since."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Look:
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class LogFile:
    """An open log file. Raises UnreadableError where it cannot be opened.

    `base` is the place of its first byte in the log, for a file that holds only what comes after.
    """

    def __init__(self, path: str, limits: Limits, base: int = 0) -> None:
        self.path = path
        self.base = base
        self.shown = shown(path)
        self.limits = limits
        descriptor = open_regular(path)
        self.file: BinaryIO = os.fdopen(descriptor, "rb", buffering=0)
        self.look = Look.of(os.fstat(descriptor))
        try:
            self.compression: Compression = recognise_compression(self.file.read(16))
        except OSError as error:
            self.file.close()
            raise DataError(f"it cannot be read: {error.strerror}. Check the disk, then run again.") from error

    @property
    def size(self) -> int:
        """Bytes on disk when it was opened."""
        return self.look.size

    @property
    def modified_at(self) -> datetime:
        # Whole microseconds by integer arithmetic: a float would round differently from machine to machine.
        seconds, rest = divmod(self.look.mtime_ns, 10**9)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)

    @property
    def packed(self) -> bool:
        """Whether it is an archive: then nobody appends to it any more."""
        return self.compression != "plain"

    def stream(self, start: int | None = None, before: Hash | None = None) -> LogStream:
        """Its uncompressed bytes from log offset `start` on; `before` is the hash state of the bytes before it."""
        return LogStream(self, self.base if start is None else start, before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()


class LogStream:
    """The uncompressed bytes of a log, read forwards. Only one stream of a LogFile is in use at a time.

    A stream that cannot be read to its end ends early, and `broken` says why (LimitError, DataError).
    """

    def __init__(self, log: LogFile, start: int, before: Hash | None) -> None:
        self.broken: DataError | None = None
        self.position = 0
        self._log = log
        self._rest = b""
        self._hash = hashlib.sha256()
        if log.packed:
            self._pieces = expanded(log.file, log.compression, log.limits)
            self._skip(start - log.base)
        else:
            self._pieces = self._plain(start - log.base)
        self.position = start
        if before is not None:
            self._hash = before.copy()

    def read(self, size: int = PIECE) -> bytes:
        """The next bytes, at most `size`; empty at the end."""
        piece = self._rest or self._next()
        if len(piece) > size:
            piece, self._rest = piece[:size], piece[size:]
        else:
            self._rest = b""
        self.position += len(piece)
        self._hash.update(piece)
        return piece

    def advance(self, to: int) -> bool:
        """Read on to offset `to`; False where the log ends before it."""
        while self.position < to:
            if not self.read(min(PIECE, to - self.position)):
                return False
        return True

    @property
    def hash_state(self) -> Hash:
        """The SHA-256 state of all bytes before the position."""
        return self._hash.copy()

    def digest(self) -> str:
        """SHA-256 of all bytes of the log before the position."""
        return self._hash.hexdigest()

    def _next(self) -> bytes:
        try:
            for piece in self._pieces:
                if piece:
                    return piece
        except DataError as error:
            self.broken = error
        except OSError as error:
            self.broken = DataError(f"reading it failed: {error.strerror}. Check the disk or the mount, then run again")
        return b""

    def _skip(self, size: int) -> None:
        while size:
            piece = self._rest or self._next()
            if not piece:
                return
            self._rest = piece[size:]
            size -= min(size, len(piece))

    def _plain(self, start: int) -> Iterator[bytes]:
        self._log.file.seek(start, io.SEEK_SET)
        left = self._log.size - start
        while left > 0:
            piece = self._log.file.read(min(PIECE, left))
            if not piece:
                raise ShrunkError(f"it shrank while it was read: {left} bytes that had been there were gone")
            left -= len(piece)
            yield piece


class ShrunkError(DataError):
    """A file was cut while it was read."""
