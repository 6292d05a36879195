"""The segment store: `segments/<source>/<segment_id>.zst`, the bytes of every segment exactly as they were.

Each file is plain zstd that `zstd -d` unpacks. It consists of independent frames of 1 MiB and ends with a seek table in
a skippable frame ("Zstandard Seekable Format", contrib/seekable_format in the zstd repository), so that one record can
be read without unpacking the whole segment. Files are written beside the store, flushed to disk, then renamed: a
segment file is complete or it is not there.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

import zstandard

from breachwatch.durable import sync_folder
from breachwatch.errors import BreachwatchError, DataError, EnvironmentFault, TransientError
from breachwatch.model.segment import Segment
from breachwatch.workspace import PRIVATE_DIR, Workspace

FRAME_BYTES = 1024 * 1024
_LEVEL = 3
_SKIPPABLE_MAGIC = 0x184D2A5E
_SEEKABLE_MAGIC = 0x8F92EAB1
_FOOTER = struct.Struct("<IBI")  # number of frames, descriptor, magic
_ENTRY = struct.Struct("<II")  # compressed size, uncompressed size
_SKIPPABLE_HEADER = struct.Struct("<II")


class DiskFullError(EnvironmentFault, TransientError):
    """No space is left; nothing half-written remains and the next run goes on from there."""


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn an OSError of writing into EnvironmentFault (DiskFullError where space ran out)."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            msg = f"the disk is full: cannot {doing}. Free space and run again: it goes on where it stopped."
            raise DiskFullError(msg) from error
        msg = f"cannot {doing}: {error.strerror}"
        raise EnvironmentFault(msg) from error


def segment_path(ws: Workspace, segment: Segment) -> Path:
    """Where the bytes of a segment are kept."""
    return ws.segments / segment.source / f"{segment.segment_id}.zst"


class SegmentWriter:
    """Writes one segment to scratch; `finish` puts it in place, leaving the block without `finish` removes it."""

    def __init__(self, ws: Workspace, segment: Segment) -> None:
        self._target = segment_path(ws, segment)
        # The name is the segment's: a run that was killed leaves at most this one file, and the next overwrites it.
        self._scratch = ws.scratch / f"{segment.segment_id}.zst.part"
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._pending = bytearray()
        self._frames: list[tuple[int, int]] = []
        self._hash = hashlib.sha256()
        self._doing = f"store a segment of source {segment.source!r} in {ws.segments}"

    def __enter__(self) -> Self:
        with explained(self._doing):
            self._scratch.unlink(missing_ok=True)
            descriptor = os.open(self._scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # closing a file on a full disk may fail again; the error is under way already
            self._file.close()
        self._scratch.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self._pending += data
        while len(self._pending) >= FRAME_BYTES:
            self._frame(bytes(self._pending[:FRAME_BYTES]))
            del self._pending[:FRAME_BYTES]

    def digest(self) -> str:
        """SHA-256 of what was written so far."""
        return self._hash.hexdigest()

    def finish(self) -> str:
        """Put the file in place and return the SHA-256 of the segment's (uncompressed) bytes."""
        if self._pending:
            self._frame(bytes(self._pending))
        table = b"".join(_ENTRY.pack(*frame) for frame in self._frames)
        footer = _FOOTER.pack(len(self._frames), 0, _SEEKABLE_MAGIC)
        self._put(_SKIPPABLE_HEADER.pack(_SKIPPABLE_MAGIC, len(table) + len(footer)) + table + footer)
        with explained(self._doing):
            os.fsync(self._file.fileno())
            os.fchmod(self._file.fileno(), 0o444)
            self._target.parent.mkdir(mode=PRIVATE_DIR, exist_ok=True)
            self._scratch.replace(self._target)
            sync_folder(self._target.parent)
        return self._hash.hexdigest()

    def _frame(self, data: bytes) -> None:
        packed = self._compressor.compress(data)
        self._put(packed)
        self._frames.append((len(packed), len(data)))

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        with explained(self._doing):
            while view:  # an unbuffered file may write less than it was given
                view = view[self._file.write(view) or 0 :]


class _SegmentFile(io.RawIOBase):
    """The uncompressed bytes of a stored segment, seekable; holds one frame in memory."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file: BinaryIO = path.open("rb")
        try:
            self._read_table()
        except BaseException:
            self._file.close()
            raise
        self._position = 0
        self._frame_number = -1
        self._frame = b""

    def _read_table(self) -> None:
        end = self._file.seek(0, os.SEEK_END)
        if end < _FOOTER.size:
            raise DataError("it has no seek table")
        self._file.seek(end - _FOOTER.size)
        count, _, magic = _FOOTER.unpack(self._file.read(_FOOTER.size))
        table = end - _FOOTER.size - count * _ENTRY.size
        if magic != _SEEKABLE_MAGIC or table < _SKIPPABLE_HEADER.size:
            raise DataError("it has no seek table")
        self._file.seek(table)
        self._packed_at = [0]
        self._data_at = [0]
        for packed, size in _ENTRY.iter_unpack(self._file.read(count * _ENTRY.size)):
            self._packed_at.append(self._packed_at[-1] + packed)
            self._data_at.append(self._data_at[-1] + size)

    @property
    def size(self) -> int:
        return self._data_at[-1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("cannot seek before the start of a segment")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._position >= self.size:
            return 0
        number = bisect_right(self._data_at, self._position) - 1
        frame = self._load(number)
        start = self._position - self._data_at[number]
        piece = frame[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _load(self, number: int) -> bytes:
        if number != self._frame_number:
            size = self._data_at[number + 1] - self._data_at[number]
            self._file.seek(self._packed_at[number])
            packed = self._file.read(self._packed_at[number + 1] - self._packed_at[number])
            try:
                frame = zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
            except zstandard.ZstdError as error:
                raise DataError(f"a stored segment is damaged: {error}") from error
            if len(frame) != size:
                raise DataError(f"a stored segment is damaged: a frame holds {len(frame)} bytes, not {size}")
            self._frame, self._frame_number = frame, number
        return self._frame

    def close(self) -> None:
        self._file.close()
        super().close()


def open_segment(ws: Workspace, segment: Segment) -> BinaryIO:
    """The bytes of exactly this segment, uncompressed and seekable; position 0 is `segment.start` of the log.

    Raises DataError where the stored file is missing, damaged or not of the segment's size.
    """
    path = segment_path(ws, segment)
    try:
        raw = _SegmentFile(path)
    except FileNotFoundError:
        if segment.pruned_at is not None:
            when = f"{segment.pruned_at:%Y-%m-%d}"
            msg = f"the stored bytes of segment {segment.segment_id} were disposed of on {when}, past their retention"
            raise DataError(msg) from None
        raise DataError(f"the stored bytes of segment {segment.segment_id} are gone: there is no {path}") from None
    except OSError as error:
        raise EnvironmentFault(f"cannot read {path}: {error.strerror}") from error
    except BreachwatchError as error:
        raise DataError(f"the stored segment {path} is damaged: {error}") from error
    if raw.size != segment.size:
        raw.close()
        raise DataError(f"the stored segment {path} holds {raw.size} bytes, the catalog says {segment.size}")
    return io.BufferedReader(raw, buffer_size=256 * 1024)


def read_range(ws: Workspace, segment: Segment, offset: int, length: int) -> bytes:
    """`length` bytes at `offset` of the uncompressed *log* (an event's byte_offset and byte_length).

    Raises DataError where the range is not inside the segment or its stored bytes cannot be read.
    """
    if offset < segment.start or length < 0 or offset + length > segment.end:
        raise DataError(
            f"bytes {offset} to {offset + length} are not in segment {segment.segment_id}, "
            f"which holds {segment.start} to {segment.end}"
        )
    with open_segment(ws, segment) as data:
        data.seek(offset - segment.start)
        return data.read(length)
