"""One log file, opened once and read forwards as often as needed, hashed as the bytes pass.

The file stays open from the first look to the last byte stored, so that a rotation in between changes nothing. Only the
bytes that were there when it was opened are read: a log that grows is not chased.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from breachwatch.collect.compression import PIECE, Compression, expanded, recognise_compression
from breachwatch.collect.paths import HERE
from breachwatch.collect.places import CutOffError, PausedError, Place, ShrunkError
from breachwatch.errors import DataError, LimitError
from breachwatch.settings import Limits

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_MEND = "Check the disk or the mount; the next run tries again"


class LogFile:
    """An open log file. Raises UnreadableError where it cannot be opened, CutOffError where its start cannot be read.

    `base` is the offset of its first byte in the log, for a file that holds only what comes after.
    """

    def __init__(self, path: str, limits: Limits, base: int = 0, place: Place = HERE) -> None:
        self.path = path
        self.base = base
        self.shown = place.show(path)
        self.near = place.near
        self.limits = limits
        self.file: BinaryIO
        self.file, self.look = place.open(path)
        try:
            self.compression: Compression = recognise_compression(self.file.read(16))
            if self.packed:
                self.check_transfer()
        except OSError as error:
            self.file.close()
            raise CutOffError(f"it cannot be read: {error.strerror}. {_MEND}") from error
        except BaseException:
            self.file.close()
            raise

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

    def check_transfer(self) -> None:
        """For a file that has to be fetched whole: raises LimitError where it is far and too large for that."""
        if not self.near and self.size > self.limits.expanded_bytes:
            raise LimitError(
                f"it has {self.size} bytes and would have to be fetched whole, more than {self.limits.expanded_bytes} "
                "(limits.expanded_bytes). If the file can be trusted, raise the limit and run again"
            )

    def stream(self, start: int | None = None, before: Hash | None = None, most: int | None = None) -> LogStream:
        """Its uncompressed bytes from log offset `start` on; `before` is the hash state of the bytes before it.

        After `most` bytes the stream breaks off with PausedError, for files that are not packed.
        """
        return LogStream(self, self.base if start is None else start, before, most)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()


class LogStream:
    """The uncompressed bytes of a log, read forwards. Only one stream of a LogFile is in use at a time.

    A stream that cannot be read to its end ends early, and `broken` says why (LimitError, CutOffError, DataError).
    """

    def __init__(self, log: LogFile, start: int, before: Hash | None, most: int | None = None) -> None:
        self.broken: DataError | None = None
        self._most = most
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

    def check_cut_off(self) -> None:
        """Raises CutOffError where the stream ended early although the rest is there: then nothing follows from it."""
        if isinstance(self.broken, CutOffError):
            raise self.broken

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
            self.broken = CutOffError(f"reading it failed: {error.strerror}. {_MEND}")
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
        room = left if self._most is None else self._most
        while left > 0:
            if room <= 0:
                raise PausedError
            piece = self._log.file.read(min(PIECE, left, room))
            if not piece:
                raise ShrunkError(f"it shrank while it was read: {left} bytes that had been there were gone")
            left -= len(piece)
            room -= len(piece)
            yield piece
