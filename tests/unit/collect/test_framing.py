from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.collect import framing
from breachwatch.collect.framing import JournalExport, first_record, make_framer


def feed_in_pieces(kind: str, data: bytes, cuts: list[int]) -> framing.Framer:
    framer = make_framer(kind, 0)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        framer.feed(data[start:end])
    return framer


field_name = st.from_regex(rb"[A-Z_]{1,8}", fullmatch=True)
text_field = st.builds(lambda n, v: n + b"=" + v.replace(b"\n", b"") + b"\n", field_name, st.binary(max_size=20))
binary_field = st.builds(
    lambda n, v: n + b"\n" + struct.pack("<Q", len(v)) + v + b"\n",
    field_name,
    st.one_of(st.binary(max_size=40), st.just(b"a\n\n__CURSOR=lie\n\n")),
)


@st.composite
def journal(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    data, ends = b"", []
    for number in range(draw(st.integers(0, 5))):
        fields = draw(st.lists(st.one_of(text_field, binary_field), max_size=5))
        data += b"__CURSOR=c%d\n" % number + b"".join(fields) + b"\n"
        ends.append(len(data))
    return data, ends


@given(journal(), st.binary(max_size=30), st.lists(st.integers(0, 10_000), max_size=12))
def test_journal_entries_end_where_they_were_written_to_end(entries, tail, cuts):
    data, ends = entries
    tail = tail.replace(b"\n", b"")  # an entry that is still being written
    framer = feed_in_pieces("journal-export", data + tail, cuts)
    assert isinstance(framer, JournalExport)
    assert framer.records == len(ends)
    assert framer.boundary == (ends[-1] if ends else 0)
    assert framer.last_cursor == (f"c{len(ends) - 1}" if ends else "")


def test_a_cursor_inside_a_message_is_not_believed():
    lie = b"x\n\n__CURSOR=lie\n\n"
    entry = b"__CURSOR=true\nMESSAGE\n" + struct.pack("<Q", len(lie)) + lie + b"\n__CURSOR=late\n\n"
    framer = make_framer("journal-export", 0)
    framer.feed(entry)
    assert (framer.records, framer.boundary, framer.last_cursor) == (1, len(entry), "true")


@given(st.binary(max_size=300), st.lists(st.integers(0, 10_000), max_size=8))
def test_lines_are_counted_however_they_arrive(data, cuts):
    framer = feed_in_pieces("lines", data, cuts)
    assert framer.records == data.count(b"\n")
    assert framer.boundary == data.rfind(b"\n") + 1


@given(st.integers(0, 2000), st.lists(st.integers(0, 10_000), max_size=8))
def test_utmp_records_have_384_bytes(size, cuts):
    framer = feed_in_pieces("utmp", bytes(size), cuts)
    assert (framer.records, framer.boundary) == (size // 384, size // 384 * 384)


@pytest.mark.parametrize(
    ("kind", "head", "whole", "expected"),
    [
        ("lines", b"one\ntwo\n", False, b"one\n"),
        ("lines", b"one", False, None),
        ("lines", b"one", True, b"one"),
        ("lines", b"x" * 5000, False, b"x" * 4096),
        ("lines", b"\nnext\n", True, b"\n"),
        ("journal-export", b"A=1\nB=2\n\nA=3\n", False, b"A=1\nB=2\n\n"),
        ("utmp", bytes(383), False, None),
        ("utmp", bytes(800), False, bytes(384)),
    ],
)
def test_the_first_record_names_a_log(kind, head, whole, expected):
    assert first_record(kind, head, whole) == expected
