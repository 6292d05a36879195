"""Large segments are kept in exact ranges around what matched; what is cut is cut at records and chunks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch import evidence
from breachwatch.evidence.bag import BagWriter
from breachwatch.evidence.blocks import BLOCK
from breachwatch.evidence.originals.copying import _Cutter
from breachwatch.evidence.originals.ranges import Range, _evtx_ranges, merge, whole_blocks
from breachwatch.evidence.rows import Position
from breachwatch.model.segment import Segment
from tests.unit.evidence.making import NIGHT, City

LINES = [f"Nov 22 02:00:00 vpn01 sshd[{number:05d}]: Failed password for jdoe\r\n" for number in range(20_000)]
LENGTH = len(LINES[0])
RANGED = "[evidence]\nwhole_segment_bytes = 100\ncontext_records = 3\n"


def sources(bag: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((bag / "data/sources.json").read_text())["segments"]
    return loaded


def seal(city: City, picked: list[int], **log: Any) -> Path:
    made = city.log(LINES, **log)
    [job] = city.waiting(city.finding([made.event_ids[number] for number in picked]))
    return Path(city.seal(job).path)


def test_matches_with_context_around_them_merged(make_city: Callable[..., City]) -> None:
    city = make_city(RANGED)
    bag = seal(city, [0, 4000, 4002, 9000, 19_999], start=7000)
    [segment] = sources(bag)
    assert segment["kept"] == "ranges"
    spans = [(part["start"] - 7000, part["end"] - 7000) for part in segment["ranges"]]
    records = [(0, 4), (3997, 4006), (8997, 9004), (19_996, 20_000)]
    data = "".join(LINES).encode()
    widened = [
        (first * LENGTH // BLOCK * BLOCK, min(-(-last * LENGTH // BLOCK) * BLOCK, len(data))) for first, last in records
    ]
    assert spans == widened
    for part, (first, last) in zip(segment["ranges"], widened, strict=True):
        content = (bag / part["file"]).read_bytes()
        assert content == data[first:last]
        assert part["sha256"] == hashlib.sha256(content).hexdigest()
        assert part["file"].endswith(f".{part['start']}-{part['end']}.log")
    assert segment["sha256"] == hashlib.sha256("".join(LINES).encode()).hexdigest()
    assert evidence.verify(city.ws, bag.name).ok


def test_what_would_fall_into_many_pieces_is_kept_whole(make_city: Callable[..., City]) -> None:
    bag = seal(make_city(RANGED), list(range(0, 20_000, 99)))
    assert sources(bag)[0]["kept"] == "whole segment"


def test_small_segments_are_kept_whole(city: City) -> None:
    assert sources(seal(city, [500]))[0]["kept"] == "whole segment"


def test_without_context_exactly_the_blocks_of_the_records(make_city: Callable[..., City]) -> None:
    city = make_city(RANGED.replace("= 3", "= 0"))
    [part] = sources(seal(city, [1000]))[0]["ranges"]
    first = 1000 * LENGTH // BLOCK * BLOCK
    assert (part["start"], part["end"]) == (first, first + BLOCK)


@given(st.integers(1, 200_000), st.integers(0, 50), st.data())
def test_whole_blocks_hold_the_range_and_end_with_the_segment(size: int, start: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first + 1, size))
    [part] = whole_blocks(segment(size, start), [Range(start + first, start + last)])
    assert start <= part.start <= start + first < start + last <= part.end <= start + size
    assert (part.start - start) % BLOCK == 0
    assert (part.end - start) % BLOCK == 0 or part.end == start + size
    assert part.end - part.start < last - first + 2 * BLOCK


def segment(size: int, start: int = 0) -> Segment:
    return Segment(
        *("a" * 32, "dc01", "f", "Security.evtx", "evtx", start, start + size, 1, NIGHT, NIGHT, "UTC", "", 0)
    )


def position(offset: int, length: int = 100) -> Position:
    return Position("e", "windows.security", 1, offset, length)


def test_an_event_log_is_cut_along_its_chunks() -> None:
    chunk = 65_536
    ranges = _evtx_ranges(segment(4096 + 10 * chunk), [position(4096 + 3 * chunk + 512), position(4096 + 7 * chunk)])
    assert ranges == [
        Range(0, 4096),
        Range(4096 + 3 * chunk, 4096 + 4 * chunk),
        Range(4096 + 7 * chunk, 4096 + 8 * chunk),
    ]
    # the last chunk of a file that was cut off, and a record in the first chunk right after the header
    assert _evtx_ranges(segment(4096 + chunk + 50), [position(4096 + chunk, 50)])[-1].end == 4096 + chunk + 50
    assert _evtx_ranges(segment(4096 + chunk), [position(4096 + 512)]) == [Range(0, 4096 + chunk)]


spans = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), min_size=1, max_size=12)


@given(spans)
def test_merging_keeps_every_byte_and_leaves_gaps(found: list[tuple[int, int]]) -> None:
    ranges = [Range(start, start + length) for start, length in found]
    merged = merge(ranges)
    kept = {byte for part in merged for byte in range(part.start, part.end)}
    assert kept == {byte for part in ranges for byte in range(part.start, part.end)}
    assert all(one.end < two.start for one, two in pairwise(merged))


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_cutting_gives_the_same_files_however_the_bytes_arrive(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * 2
    ranges = [Range(1000, 1001), Range(1010, 1050), Range(1200, 1300), Range(1511, 1512)]
    bag = BagWriter(tmp_path / "bag")
    with _Cutter(replace(segment(512, 1000), format="syslog"), ranges, bag) as cutter:
        for at in range(0, len(data), size):
            cutter.take(data[at : at + size])
    assert [item.range for item in cutter.kept] == ranges
    for item in cutter.kept:
        assert (bag.folder / item.name).read_bytes() == data[item.range.start - 1000 : item.range.end - 1000]
