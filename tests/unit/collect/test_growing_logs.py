from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachwatch import collect
from breachwatch.collect import cutting
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog
from tests.unit.collect.conftest import OLD, lines

PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
RECENT = 1795342500.0 - 30  # half a minute before the workspace's clock


def test_a_log_is_one_segment_with_its_place_and_hashes(site):
    data = lines(50)
    site.write("auth.log", data)
    [segment] = site.segments()
    assert (segment.start, segment.end, segment.first_record, segment.state) == (0, len(data), 1, SegmentState.STORED)
    assert segment.sha256 == segment.file_sha256
    assert segment.modified_at.timestamp() == OLD
    assert segment.planned_at == site.ws.clock.now()
    assert (segment.time_zone, segment.format, segment.after) == ("America/Chicago", "syslog", 0)
    assert site.bytes_of(segment) == data
    assert collect.segment(site.ws, segment.segment_id) == segment
    assert site.problems() == ()
    assert site.last.bytes == len(data)


def test_what_grew_follows_on(site):
    site.write("auth.log", lines(50))
    first = site.segments()[0]
    site.append("auth.log", lines(30, 50))
    _, second = site.segments()
    assert (second.file_id, second.start, second.first_record) == (first.file_id, first.end, 51)
    assert site.bytes_of(second) == lines(30, 50)
    assert site.collect().bytes == 0


def _start_over(site):
    """Making a workspace takes longer than collecting: examples share two of them."""
    for file in site.logs.iterdir():
        file.unlink()
    with site.ws.database.write() as connection:
        connection.execute(catalog.segment.delete())
        connection.execute(catalog.log_file.delete())


@given(
    data=st.binary(max_size=400).map(lambda b: b.replace(b"\x1f\x8b", b"")),
    cuts=st.lists(st.integers(0, 500), max_size=4),
    rotate=st.booleans(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_growth_in_any_steps_gives_what_one_reading_gives(make_site, data, cuts, rotate):
    """The same bytes, the same identity, the same record numbers, whatever the bytes are and however they arrived."""
    data = b"Nov  1 first line\n" + data
    whole, grown = make_site(folder="whole"), make_site(folder="grown")
    for site in (whole, grown):
        _start_over(site)
    whole.write("auth.log", data)
    expected = whole.by_log()
    name = "auth.log"
    for end in sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)}):
        grown.write(name, data[:end], at=OLD if end == len(data) else RECENT)
        grown.collect()
        if rotate and name == "auth.log":
            (grown.logs / name).rename(grown.logs / "auth.log.1")
            name = "auth.log.1"
    assert grown.by_log() == expected
    assert not grown.lost()
    ends = {segment.end: segment for segment in grown.stored()}
    for segment in grown.stored():
        if segment.start:
            before = data[: segment.start]
            assert segment.start in ends
            assert segment.first_record == before.count(b"\n") + 1
    assert ends[len(data)].file_sha256 == whole.stored()[-1].file_sha256


def test_segments_never_cut_a_line(make_site):
    site = make_site("[limits]\nsegment_bytes = 65536\n")
    data = lines(5000)
    site.write("auth.log", data)
    segments = site.segments()
    assert len(segments) > 5
    assert all(segment.size <= 65536 for segment in segments)
    assert all(site.bytes_of(segment).endswith(b"\n") for segment in segments)
    assert b"".join(map(site.bytes_of, segments)) == data
    numbers = [segment.first_record for segment in segments]
    assert numbers == [1 + data[: segment.start].count(b"\n") for segment in segments]


def test_a_line_longer_than_a_segment_is_one_segment(site):
    long_line = b"Nov  1 12:00:00 web1 app: " + b"x" * 10_000_000 + b"\n"
    site.source = site.source.model_copy()
    data = lines(3) + long_line * 2 + lines(2)
    site.write("auth.log", data)
    assert site.by_log().popitem()[1] == data
    assert site.problems() == ()


def test_a_line_beyond_all_bounds_is_cut_and_said(site, monkeypatch):
    monkeypatch.setattr(cutting, "LONGEST_RECORD", 3 * 1024 * 1024)
    data = lines(3) + b"x" * (7 * 1024 * 1024) + b"\n" + lines(2)
    site.write("auth.log", data)
    assert site.by_log().popitem()[1] == data
    assert "were cut at that length" in site.problems()[0].what


def test_an_unfinished_line_waits_for_its_writer(site):
    site.write("auth.log", lines(2) + b"Nov  1 12:00", at=RECENT)
    [segment] = site.segments()
    assert site.bytes_of(segment) == lines(2)
    [problem] = site.problems()
    assert "12 bytes of an unfinished last record wait" in problem.what
    assert not problem.lost_data
    site.write("auth.log", lines(2) + b"Nov  1 12:00:09 done\n", at=RECENT)
    assert site.bytes_of(site.segments()[1]) == b"Nov  1 12:00:09 done\n"
    assert site.problems() == ()


def test_an_unfinished_line_that_nobody_finishes_is_taken(site):
    site.write("auth.log", lines(2) + b"Nov  1 12:00", at=RECENT)
    site.collect()
    os.utime(site.logs / "auth.log", (OLD, OLD))
    assert site.by_log().popitem()[1] == lines(2) + b"Nov  1 12:00"
    site.append("auth.log", b"\nNov  1 12:30:00 next\n")  # it was finished after all
    last = site.segments()[-1]
    assert site.bytes_of(last) == b"Nov  1 12:30:00 next\n"
    assert last.first_record == 4
    assert last.start == len(lines(2)) + len("Nov  1 12:00\n")


@pytest.mark.parametrize("ending", PACK)
def test_renamed_then_packed_then_copied_is_the_same_log(site, ending):
    site.write("auth.log", lines(40))
    assert len(site.segments()) == 1
    (site.logs / "auth.log").rename(site.logs / "auth.log.1")
    site.append("auth.log.1", lines(5, 40))
    site.write("auth.log", lines(7, 100))
    assert [segment.size for segment in site.segments()] == [len(lines(40)), len(lines(5, 40)), len(lines(7, 100))]
    (site.logs / "auth.log.1").unlink()
    site.write(f"auth.log.2.{ending}", PACK[ending](lines(45)))
    site.write("auth.log.copy", lines(45))
    site.write("auth.log.part", lines(20))
    assert len(site.segments()) == 3
    assert site.last.bytes == 0
    assert site.problems() == ()


@pytest.mark.parametrize("ending", PACK)
def test_packed_logs_are_recognised_by_content_not_by_name(site, ending):
    site.write("auth.log", PACK[ending](lines(40) + b"an open end"))
    assert site.by_log().popitem()[1] == lines(40) + b"an open end"
    assert site.problems() == ()


def test_a_family_comes_oldest_first(site):
    for number, name in enumerate(("auth.log.10.gz", "auth.log.9", "auth.log.2.gz", "auth.log.1", "auth.log")):
        data = lines(3, number * 10)
        site.write(name, gzip.compress(data) if name.endswith("gz") else data)
    assert b"".join(map(site.bytes_of, site.segments())) == b"".join(lines(3, n * 10) for n in range(5))


def test_logs_that_begin_alike_stay_apart(site):
    header = b"#Fields: date time s-ip\n"
    contents = [header + lines(5, 10 * n) for n in range(4)]
    for number, data in enumerate(contents):
        site.write(f"auth.log.{4 - number}", data)
    assert sorted(site.by_log().values()) == sorted(contents)
    site.append("auth.log.2", lines(3, 500))
    site.append("auth.log.3", lines(3, 600))
    grown = site.by_log()
    assert grown.keys() == {segment.file_id for segment in site.stored()}
    assert len(grown) == 4
    assert contents[2] + lines(3, 500) in grown.values()
    assert contents[1] + lines(3, 600) in grown.values()


def test_copytruncate_with_the_copy_in_reach_loses_nothing(site):
    site.write("auth.log", lines(10))
    site.collect()
    site.append("auth.log", lines(4, 10))
    shutil.copy2(site.logs / "auth.log", site.logs / "auth.log.1")
    site.write("auth.log", lines(3, 50))
    assert sorted(site.by_log().values()) == sorted([lines(14), lines(3, 50)])
    assert site.problems() == ()


@pytest.mark.parametrize("after", [b"", lines(3, 50), lines(30, 50)])
def test_copytruncate_without_the_copy_is_said_once(site, after):
    site.write("auth.log", lines(10))
    site.collect()
    site.write("auth.log", after)
    site.collect()
    [problem] = site.lost()
    assert "cut in place" in problem.what
    site.collect()
    assert site.problems() == ()


def test_a_log_rotated_out_of_reach_is_said(make_site):
    site = make_site()
    site.source = site.source.model_copy(update={"paths": (str(site.logs / "auth.log"),)})
    site.write("auth.log", lines(10))
    site.collect()
    (site.logs / "auth.log").rename(site.logs / "auth.log.1")
    site.write("auth.log", lines(3, 50))
    site.collect()
    [problem] = site.lost()
    assert "another log took its place" in problem.what


def test_a_log_cut_back_to_its_beginning_lost_nothing_but_is_said(site):
    site.write("auth.log", lines(10))
    site.collect()
    site.write("auth.log", lines(4))
    assert site.collect().bytes == 0
    assert "it shrank" in site.problems()[0].what
    site.append("auth.log", lines(4, 70))  # and goes on differently
    assert sorted(site.by_log().values()) == sorted([lines(10), lines(4) + lines(4, 70)])


def test_lines_edited_after_they_were_collected_are_said(site):
    site.write("auth.log", lines(10))
    site.collect()
    edited = lines(10).replace(b"sshd[1005]", b"sshd[9999]") + lines(2, 10)
    site.write("auth.log", edited)
    assert sorted(site.by_log().values()) == sorted([lines(10), edited])
    assert any("have changed since" in problem.what for problem in site.last.problems) or any(
        "have changed since" in problem.what for problem in site.problems()
    )


def test_the_oldest_of_a_family_may_go(site):
    for number in range(3):
        site.write(f"auth.log.{3 - number}", lines(3, number * 10))
    site.collect()
    (site.logs / "auth.log.3").unlink()
    (site.logs / "auth.log.2").rename(site.logs / "auth.log.3")
    (site.logs / "auth.log.1").rename(site.logs / "auth.log.2")
    site.collect()
    assert site.problems() == ()


def test_two_sources_do_not_share_identities(make_site):
    one, other = make_site(), make_site(name="auth2")
    one.write("auth.log", lines(3))
    first, second = one.segments()[0], other.segments()[0]
    assert first.file_id != second.file_id
    assert first.segment_id != second.segment_id
