"""The uncompressed bytes of a file, whatever it is packed with, in pieces of bounded size.

The packing is recognised by its first bytes, not by the file's name. Several members or frames in a row are one log.
Archives are bounded by `limits.expanded_bytes` and `limits.expansion_ratio`; a damaged or truncated one is read as far
as it can be read, then DataError says where it broke (up to 16 KiB of text before a corrupt place may be lost with it).
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal, Protocol

import zstandard

from breachwatch.errors import DataError, LimitError
from breachwatch.settings import Limits

Compression = Literal["plain", "gzip", "bzip2", "xz", "zstd"]

PIECE = 1024 * 1024
_MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_SKIPPABLE_FRAMES = {bytes((0x50 + n, 0x2A, 0x4D, 0x18)) for n in range(16)}  # RFC 8878, section 3.1.2
_BZIP2_BLOCK = (b"1AY&SY", b"\x17rE8P\x90")  # after "BZh" and the level: a block, or the end of an empty stream

_RATIO_FROM = 64 * 1024 * 1024  # small files may be as regular as they like
_DECODER_MEMORY = 256 * 1024 * 1024
_ZSTD_WINDOW = 128 * 1024 * 1024  # what `zstd -d` accepts without being told more
_INPUT = 64 * 1024
_OUTPUT = 16 * 1024
# A zstd block of four bytes can stand for 128 KiB and the decoder has no bound on its output, so it is fed little.
_ZSTD_INPUT = 512


def recognise_compression(head: bytes) -> Compression:
    """What the file that starts with `head` is packed with."""
    if head[:4] in _SKIPPABLE_FRAMES:
        return "zstd"
    for magic, name in _MAGIC:
        if head.startswith(magic) and (name != "bzip2" or head[4:10] in _BZIP2_BLOCK):
            return name
    return "plain"


class _Decoder(Protocol):
    """One member or frame. `feed` returns at most a bounded piece, "" when it wants more input."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _Gzip:
    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            out = self._decoder.decompress(data, _OUTPUT)
            yield out
            data = self._decoder.unconsumed_tail
            if self._decoder.eof or (not data and len(out) < _OUTPUT):
                return


class _Bounded:
    """bz2 and lzma: both keep what they could not yet turn into output."""

    def __init__(self, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decoder = decoder

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._decoder.decompress(data, _OUTPUT)
        while not self._decoder.eof and not self._decoder.needs_input:
            yield self._decoder.decompress(b"", _OUTPUT)


class _Zstd:
    def __init__(self) -> None:
        self._decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self._left = b""

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data + self._left

    def feed(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _ZSTD_INPUT):
            yield self._decoder.decompress(data[at : at + _ZSTD_INPUT])
            if self._decoder.eof:
                self._left = data[at + _ZSTD_INPUT :]
                return


_DECODERS: dict[Compression, Callable[[], _Decoder]] = {
    "gzip": _Gzip,
    "bzip2": lambda: _Bounded(bz2.BZ2Decompressor()),
    "xz": lambda: _Bounded(lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_DECODER_MEMORY)),
    "zstd": _Zstd,
}
_DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)


def expanded(file: BinaryIO, compression: Compression, limits: Limits) -> Iterator[bytes]:
    """The uncompressed bytes of `file` from its start, in pieces.

    Raises LimitError where a limit is reached and DataError where the archive is damaged or ends early, in both cases
    after everything before that place was handed out.
    """
    file.seek(0)
    if compression == "plain":
        while piece := file.read(PIECE):
            yield piece
        return
    gate = _Gate(limits)
    pending = bytearray()
    try:
        for out in _members(file, compression, gate):
            gate.check(len(out))
            pending += out
            if len(pending) >= PIECE:
                yield bytes(pending)
                pending.clear()
    except (DataError, LimitError):
        yield bytes(pending)
        raise
    yield bytes(pending)


class _Gate:
    """Counts what goes in and comes out, and shuts at a limit."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.taken = 0
        self.given = 0

    def check(self, size: int) -> None:
        self.given += size
        if self.given > self._limits.expanded_bytes:
            raise LimitError(
                f"it expands to more than {self._limits.expanded_bytes} bytes (limits.expanded_bytes). "
                "If the file can be trusted, raise the limit and run again"
            )
        if self.given > _RATIO_FROM and self.given > self.taken * self._limits.expansion_ratio:
            raise LimitError(
                f"it expands more than {self._limits.expansion_ratio:g}-fold (limits.expansion_ratio), "
                "as archives do that are made to exhaust the reader. If the file can be trusted, raise the limit"
            )


def _members(file: BinaryIO, compression: Compression, gate: _Gate) -> Iterator[bytes]:
    decoder = _DECODERS[compression]()
    fresh = True  # nothing of this member has been read
    first = True
    data = file.read(_INPUT)
    while data:
        if fresh and not first:
            data = data.lstrip(b"\0")  # padding between or after members, which gzip and xz allow
        if data:
            if fresh and not first and not _continues(data, compression):
                raise DataError(f"after the end of the {compression} data follow bytes that do not belong to it")
            fresh = False
            gate.taken += len(data)
            try:
                yield from decoder.feed(data)
            except _DAMAGE as error:
                raise DataError(f"its {compression} data is damaged: {error}") from error
        if decoder.eof:
            data = decoder.unused_data
            gate.taken -= len(data)
            decoder, fresh, first = _DECODERS[compression](), True, False
            if len(data) < len(_MAGIC[2][0]):  # enough to tell the next member's first bytes
                data += file.read(_INPUT)
        else:
            data = file.read(_INPUT)
    if not fresh:
        raise DataError(f"its {compression} data ends early, in the middle of a stream")


def _continues(data: bytes, compression: Compression) -> bool:
    if compression == "zstd":
        return data[:4] in _SKIPPABLE_FRAMES or data.startswith(b"\x28\xb5\x2f\xfd")
    return any(name == compression and data.startswith(magic[: len(data)]) for magic, name in _MAGIC)
