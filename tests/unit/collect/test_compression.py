from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.collect.compression import expanded, recognise_compression
from breachwatch.errors import DataError, LimitError
from breachwatch.settings import Limits

PACK = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}
TEXT = b"".join(b"line %d of a log that goes on\n" % (n * 7919 % 100_003) for n in range(20_000))


def unpack(packed: bytes, limits: Limits | None = None) -> bytes:
    kind = recognise_compression(packed[:16])
    return b"".join(expanded(io.BytesIO(packed), kind, limits or Limits()))


def unpack_until_it_breaks(packed: bytes, limits: Limits | None = None) -> tuple[bytes, DataError | None]:
    got = []
    raised = None
    try:
        for piece in expanded(io.BytesIO(packed), recognise_compression(packed[:16]), limits or Limits()):
            got.append(piece)  # noqa: PERF402  (what came before the error counts)
    except DataError as error:
        raised = error
    return b"".join(got), raised


@pytest.mark.parametrize("kind", PACK)
@given(parts=st.lists(st.binary(max_size=2000), min_size=1, max_size=4))
@settings(max_examples=25)
def test_members_in_a_row_are_one_log(kind, parts):
    packed = b"".join(PACK[kind](part) for part in parts)
    assert recognise_compression(packed[:16]) == kind
    assert unpack(packed) == b"".join(parts)


@given(st.binary(max_size=200))
def test_text_is_not_taken_for_an_archive(data):
    assert recognise_compression(b"Nov  1 " + data) == "plain"
    assert recognise_compression(b"BZhello " + data) == "plain"


def test_zstd_frames_may_be_skippable():
    skippable = struct.pack("<II", 0x184D2A53, 5) + b"hello"
    assert unpack(skippable + PACK["zstd"](b"one\n") + skippable + PACK["zstd"](b"two\n")) == b"one\ntwo\n"


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_padding_with_zeros_is_no_damage(kind):
    assert unpack(PACK[kind](b"one\n") + bytes(512) + PACK[kind](b"two\n") + bytes(512)) == b"one\ntwo\n"


@pytest.mark.parametrize("kind", PACK)
def test_what_follows_an_archive_is_said(kind):
    got, error = unpack_until_it_breaks(PACK[kind](b"one\n") + b"rubbish that is no archive")
    assert got == b"one\n"
    assert "do not belong to it" in str(error)


@pytest.mark.parametrize("kind", PACK)
def test_a_truncated_archive_is_read_as_far_as_it_goes(kind):
    packed = PACK[kind](TEXT)
    got, error = unpack_until_it_breaks(packed[: len(packed) * 9 // 10])
    assert "ends early" in str(error)
    assert TEXT.startswith(got)
    if kind in {"gzip", "xz"}:  # the others only give whole blocks, and this text is one
        assert len(got) > len(TEXT) // 2


def test_a_truncated_zstd_file_gives_its_whole_blocks():
    frame = zstandard.ZstdCompressor().compressobj()
    packed = b"".join(frame.compress(TEXT) + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for _ in range(10))
    got, error = unpack_until_it_breaks(packed[:-20])
    assert "ends early" in str(error)
    assert (TEXT * 10).startswith(got)
    assert len(got) >= len(TEXT) * 8


@pytest.mark.parametrize("kind", PACK)
def test_corrupt_data_never_yields_other_bytes_before_the_damage(kind):
    packed = bytearray(PACK[kind](TEXT))
    for at in range(len(packed) // 2, len(packed) // 2 + 40):
        packed[at] ^= 0x5A
    got, error = unpack_until_it_breaks(bytes(packed))
    assert "damaged" in str(error)
    if kind in {"bzip2", "xz"}:
        assert len(got) <= len(TEXT)


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_refused_at_the_ratio(kind):
    if kind == "zstd":  # a frame of blocks that each repeat one byte: four bytes for 128 KiB
        block = struct.pack("<I", (131072 << 3) | (1 << 1))[:3] + b"\0"
        packed = b"\x28\xb5\x2f\xfd\x00\x58" + block * 4000
    else:
        packed = PACK[kind](bytes(80 * 1024 * 1024))
    got, error = unpack_until_it_breaks(packed)
    assert isinstance(error, LimitError)
    assert "expansion_ratio" in str(error)
    assert len(got) < 100 * 1024 * 1024


def test_an_archive_is_refused_at_its_size():
    limits = Limits(expanded_bytes=1024 * 1024)
    got, error = unpack_until_it_breaks(PACK["gzip"](TEXT * 4), limits)
    assert isinstance(error, LimitError)
    assert "expanded_bytes" in str(error)
    assert (TEXT * 4).startswith(got)
    assert len(got) <= 1024 * 1024
