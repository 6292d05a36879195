from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachwatch import collect
from breachwatch.collect import store
from breachwatch.collect.store import SegmentWriter, segment_path
from breachwatch.errors import DataError
from breachwatch.model.segment import Segment

AT = datetime(2026, 11, 1, tzinfo=UTC)


def a_segment(size: int, start: int = 0, name: str = "a" * 32) -> Segment:
    return Segment(name, "auth", "f", "/x", "syslog", start, start + size, 1, AT, AT, "UTC", "", 0)


def put(ws, data: bytes, start: int = 0) -> Segment:
    segment = a_segment(len(data), start)
    with SegmentWriter(ws, segment) as writer:
        for at in range(0, len(data), 700_001):
            writer.write(data[at : at + 700_001])
        assert writer.finish() == hashlib.sha256(data).hexdigest()
    return segment


DATA = b"".join(b"%09d\n" % n for n in range(300_000))  # three frames


def test_a_segment_comes_back_whole_and_in_parts(ws):
    segment = put(ws, DATA, start=5000)
    with collect.open_segment(ws, segment) as data:
        assert data.read() == DATA
        data.seek(-20, io.SEEK_END)
        assert data.read() == DATA[-20:]
        data.seek(1_048_570)
        assert data.read(40) == DATA[1_048_570:1_048_610]
    assert collect.read_range(ws, segment, 5000 + 1_048_570, 30) == DATA[1_048_570:1_048_600]
    assert collect.read_range(ws, segment, 5000, 0) == b""


@given(st.lists(st.tuples(st.integers(0, len(DATA)), st.integers(0, 3000)), max_size=20))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_reading_anywhere_gives_the_bytes_of_that_place(ws, places):
    segment = a_segment(len(DATA))
    if not segment_path(ws, segment).exists():
        put(ws, DATA)
    with collect.open_segment(ws, segment) as data:
        for at, size in places:
            data.seek(at)
            assert data.read(size) == DATA[at : at + size]


def test_a_range_outside_the_segment_is_refused(ws):
    segment = put(ws, b"hello\n", start=100)
    for offset, length in ((99, 2), (100, 7), (105, -1)):
        with pytest.raises(DataError, match="not in segment"):
            collect.read_range(ws, segment, offset, length)


def test_common_tools_unpack_it(ws):
    if shutil.which("zstd") is None:
        pytest.skip("no zstd program")
    segment = put(ws, DATA)
    unpacked = subprocess.run(["zstd", "-dcq", str(segment_path(ws, segment))], capture_output=True, check=True)
    assert unpacked.stdout == DATA


def test_files_are_read_only_and_nothing_else_remains(ws):
    segment = put(ws, DATA)
    assert segment_path(ws, segment).stat().st_mode & 0o777 == 0o444
    assert segment_path(ws, segment).parent.stat().st_mode & 0o777 == 0o700
    assert list(ws.scratch.iterdir()) == []


def test_the_same_bytes_give_the_same_file(ws, make_ws):
    other = make_ws(folder="other")
    files = [segment_path(each, put(each, DATA)).read_bytes() for each in (ws, other)]
    assert files[0] == files[1]


@pytest.mark.parametrize("damage", ["gone", "truncated", "flipped", "emptied", "other size"])
def test_damage_is_an_error_not_other_bytes(ws, damage):
    segment = put(ws, DATA)
    path = segment_path(ws, segment)
    packed = bytearray(path.read_bytes())
    path.chmod(0o600)
    if damage == "gone":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(packed[: len(packed) // 2])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "flipped":
        packed[len(packed) // 2] ^= 0xFF
        path.write_bytes(packed)
    else:
        path.unlink()
        with SegmentWriter(ws, segment) as writer:
            writer.write(DATA[:-1])
            writer.finish()
    with pytest.raises(DataError), collect.open_segment(ws, segment) as data:
        data.read()


def test_a_seek_table_that_lies_is_an_error(ws):
    segment = put(ws, b"x" * 1000)
    path = segment_path(ws, segment)
    packed = bytearray(path.read_bytes())
    packed[-9:-5] = (2**31).to_bytes(4, "little")  # more frames than the file has bytes
    path.chmod(0o600)
    path.write_bytes(packed)
    with pytest.raises(DataError, match="seek table"):
        collect.open_segment(ws, segment)


def test_leaving_early_leaves_nothing(ws):
    writer = SegmentWriter(ws, a_segment(10))
    with writer:
        writer.write(b"12345")
    assert list(ws.scratch.iterdir()) == []
    assert not segment_path(ws, a_segment(10)).exists()
    assert store.FRAME_BYTES == 1024 * 1024
