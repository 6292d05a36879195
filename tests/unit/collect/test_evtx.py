"""Windows event logs, built here byte by byte: only the structure counts for collecting."""

from __future__ import annotations

import struct

import pytest

from breachwatch import collect
from breachwatch.collect.evtx import Run, chunks, merged, ranges
from tests.unit.collect.conftest import OLD

CHUNK = 65536
START = 133_000_000_000_000_000  # a FILETIME in 2022


def record(number: int, time: int, size: int = 600) -> bytes:
    body = struct.pack("<IIQQ", 0x2A2A, size, number, time)
    return body + bytes(size - len(body) - 4) + struct.pack("<I", size)


def time_of(number: int, epoch: int = 0) -> int:
    return START + epoch * 10**13 + number * 10_000_000


def chunk(numbers: list[int], epoch: int = 0) -> bytes:
    records = b"".join(record(number, time_of(number, epoch)) for number in numbers)
    header = bytearray(512)
    header[:8] = b"ElfChnk\0"
    struct.pack_into("<I", header, 48, 512 + len(records))
    return (bytes(header) + records).ljust(CHUNK, b"\0")


def evtx(*parts: list[int], epoch: int = 0) -> bytes:
    return b"ElfFile\0".ljust(4096, b"\0") + b"".join(chunk(part, epoch) for part in parts)


def ids(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


@pytest.fixture
def site(make_site):
    made = make_site(format="auto")
    made.source = made.source.model_copy(update={"paths": (str(made.logs / "*.evtx"),)})
    return made


def landed(site) -> list[tuple[int, int]]:
    """Records that parsing lands: of each segment those above its `after`."""
    result = []
    for segment in site.segments():
        with collect.open_segment(site.ws, segment) as data:
            result += [item for part in chunks(data) for item in part if item[0] > segment.after]
    return sorted(result)


def expected(*numbers: int, epoch: int = 0) -> list[tuple[int, int]]:
    return sorted((number, time_of(number, epoch)) for number in numbers)


def test_the_file_is_one_segment(site):
    site.write("Security.evtx", evtx(ids(1, 50)))
    [segment] = site.segments()
    assert (segment.format, segment.start, segment.end) == ("evtx", 0, 4096 + CHUNK)
    assert (segment.after, segment.first_record) == (0, 1)
    assert segment.sha256 == segment.file_sha256
    assert landed(site) == expected(*ids(1, 50))


def test_a_log_that_grew_lands_what_is_new(site):
    site.write("Security.evtx", evtx(ids(1, 50)))
    site.collect()
    site.write("Security.evtx", evtx(ids(1, 60)), at=OLD + 60)
    first, second = site.segments()
    assert second.file_id == first.file_id
    assert second.after == 50
    assert first.size == second.size
    assert first.segment_id != second.segment_id
    assert landed(site) == expected(*ids(1, 60))


def test_a_log_that_wraps_lands_each_record_once(site):
    """A full log keeps its size: chunks are written over in a circle, the newest before the oldest."""
    contents = [
        evtx(ids(1, 40), ids(41, 80), ids(81, 120)),
        evtx(ids(121, 160), ids(41, 80), ids(81, 120)),
        evtx(ids(121, 160), ids(161, 200), ids(81, 120)),
        evtx(ids(121, 160), ids(161, 200), ids(201, 240)),
        evtx(ids(241, 280), ids(161, 200), ids(201, 240)),
    ]
    for night, data in enumerate(contents):
        site.write("Security.evtx", data, at=OLD + night)
        site.collect()
        assert site.problems() == ()
    assert landed(site) == expected(*ids(1, 280))
    assert len({segment.file_id for segment in site.stored()}) == 1


def test_a_log_that_wrapped_past_what_was_collected_is_a_gap(site):
    site.write("Security.evtx", evtx(ids(1, 40)))
    site.collect()
    site.write("Security.evtx", evtx(ids(101, 140)), at=OLD + 60)
    site.collect()
    [problem] = site.lost()
    assert "holds none of the records collected before" in problem.what
    assert landed(site) == expected(*ids(1, 40), *ids(101, 140))


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "b", "a"), ("b", "a", "c")])
def test_archives_and_copies_in_any_order_land_each_record_once(site, order):
    contents = {"a": evtx(ids(1, 50)), "b": evtx(ids(30, 80)), "c": evtx(ids(1, 50), ids(51, 80))}
    for name in order:
        site.write(f"{name}.evtx", contents[name])
        site.collect()
    got = landed(site)
    assert set(got) == set(expected(*ids(1, 80)))
    if order != ("b", "a", "c"):  # ids before and after known ones at once cannot be told by one number: said
        assert len(got) == len(set(got))
    site.write("copy.evtx", contents["c"])
    before = len(got)
    assert len(landed(site)) == before


def test_the_same_ids_with_other_times_are_other_records(site):
    site.write("a.evtx", evtx(ids(1, 50)))
    site.write("b.evtx", evtx(ids(1, 50), epoch=1))
    site.write("c.evtx", evtx(ids(10, 20), epoch=2))
    assert landed(site) == sorted(
        expected(*ids(1, 50)) + expected(*ids(1, 50), epoch=1) + expected(*ids(10, 20), epoch=2)
    )


def test_a_changed_header_lands_nothing_again(site):
    data = evtx(ids(1, 50))
    site.write("Security.evtx", data)
    site.collect()
    site.write("Security.evtx", data[:120] + b"\x01\x02\x03\x04" + data[124:], at=OLD + 60)
    assert site.collect().bytes == 0
    assert site.problems() == ()


def test_damage_hides_no_other_record(site):
    damaged = bytearray(evtx(ids(1, 40), ids(41, 80), ids(81, 120)))
    damaged[:8] = b"\0" * 8  # file header
    damaged[4096 + CHUNK : 4096 + CHUNK + 8] = b"RUBBISH!"  # second chunk
    damaged[4096 + 2 * CHUNK + 512 + 600 * 10] ^= 0xFF  # a record in the third
    site.write("Security.evtx", bytes(damaged))
    [segment] = site.segments()
    assert segment.format == "evtx"
    assert site.bytes_of(segment) == bytes(damaged)
    site.write("Security.evtx", bytes(damaged), at=OLD + 60)
    assert len(site.segments()) == 1


@pytest.mark.parametrize("data", [b"ElfFile\0", b"ElfFile\0".ljust(5000, b"\xff"), evtx(ids(1, 50))[:30_000]])
def test_a_file_cut_short_is_handed_on_to_be_counted(site, data):
    site.write("Security.evtx", data)
    [segment] = site.segments()
    assert site.bytes_of(segment) == data


def test_an_empty_log_has_nothing_to_collect(site):
    site.write("Security.evtx", evtx([]))
    site.write("Empty.evtx", b"")
    assert site.segments() == []
    assert site.problems() == ()


def test_a_run_killed_before_storing_leaves_no_record_behind(site, monkeypatch):
    from breachwatch.collect import cutting

    site.write("Security.evtx", evtx(ids(1, 40)))
    with monkeypatch.context() as patch:
        patch.setattr(cutting, "mark_stored", _killed)
        with pytest.raises(KeyboardInterrupt):
            site.collect()
    assert landed(site) == expected(*ids(1, 40))
    assert site.problems() == ()


def test_a_log_rewritten_after_a_killed_run_is_collected_as_it_is_now(site, monkeypatch):
    from breachwatch.collect import cutting

    site.write("Security.evtx", evtx(ids(1, 40)))
    with monkeypatch.context() as patch:
        patch.setattr(cutting, "mark_stored", _killed)
        with pytest.raises(KeyboardInterrupt):
            site.collect()
    site.write("Security.evtx", evtx(ids(1, 60)), at=OLD + 60)
    assert landed(site) == expected(*ids(1, 60))
    assert site.lost() == []


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_runs_join_where_ids_follow():
    a, b, c = Run(1, 5, 10, 50), Run(6, 9, 60, 90), Run(3, 4, 1, 2)
    assert merged([b, a]) == [Run(1, 9, 10, 90)]
    assert merged([a, c]) == [a, c]
    assert ranges([5, 1, 2, 3, 9]) == [(1, 3), (5, 5), (9, 9)]
