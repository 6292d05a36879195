"""Where JSON records begin and end: in every layout, after damage, however the bytes arrive."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachwatch.collect.framing import first_record, make_framer
from breachwatch.collect.json_records import ENVELOPE_HEAD, JsonRecords, Span

RECORDS = [
    {"eventName": "a", "nested": {"deep": [{"x": "}{"}, {"y": '"\\'}]}},
    {"id": 1, "text": 'a "quoted" {brace} and a \\ at the end\\'},
    {},
    {"umlaut": "größe \U0001f600", "list": [[], [{}]], "none": None},
]


def spans(data: bytes, cuts: list[int] = (), start: int = 0) -> tuple[list[Span], Span | None, int]:  # type: ignore[assignment]
    scanner = JsonRecords(start)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found = [span for begin, end in pairwise(edges) for span in scanner.feed(data[begin:end])]
    boundary = scanner.boundary
    return found, scanner.close(), boundary


def texts(data: bytes) -> list[bytes]:
    found, last, _ = spans(data)
    return [data[begin:end] for begin, end in [*found, *([last] if last else [])]]


LAYOUTS = {
    "lines": "\n".join(json.dumps(record) for record in RECORDS) + "\n",
    "lines without the last ending": "\r\n".join(json.dumps(record) for record in RECORDS),
    "list": json.dumps(RECORDS),
    "list, one record a line": "[\n" + ",\n".join(json.dumps(record) for record in RECORDS) + "\n]\n",
    "pretty list": "\ufeff" + json.dumps(RECORDS, indent=3) + "\n",
    "pretty, one after another": "".join(json.dumps(record, indent=1) + "\n" for record in RECORDS),
    "indented by nothing": json.dumps(RECORDS, indent=0),
    "envelope": json.dumps({"Records": RECORDS}),
    "pretty envelope": json.dumps({"Records": RECORDS}, indent=2),
    "envelope with other members": json.dumps(
        {"kind": "a", "etag": '"b"', "n": -1.5e3, "items": RECORDS, "next": None}
    ),
    "pages, one a line": (json.dumps({"@odata.context": "x", "value": RECORDS[:2], "@odata.nextLink": "y"}) + "\n")
    + (json.dumps({"value": RECORDS[2:]}) + "\n"),
    "mixed": json.dumps(RECORDS[0]) + "\n" + json.dumps({"Records": RECORDS[1:3]}, indent=2) + json.dumps(RECORDS[3:]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
@settings(max_examples=8, deadline=None)
def test_records_are_found_in_every_layout(layout: str, cuts: list[int]) -> None:
    data = LAYOUTS[layout].encode()
    found, last, _ = spans(data, cuts)
    assert last is None
    assert [json.loads(data[begin:end]) for begin, end in found] == RECORDS


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_scan_begun_at_any_record_finds_the_rest(layout: str) -> None:
    data = LAYOUTS[layout].encode()
    found, _, _ = spans(data)
    for number, (_, end) in enumerate(found, 1):
        assert spans(data[end:], start=end)[0] == found[number:]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_boundary_leaves_only_closing_brackets(layout: str) -> None:
    data = LAYOUTS[layout].encode()
    boundary = spans(data)[2]
    assert re.fullmatch(rb'(\]\s*(,\s*"[^"]*": (null|"y"))?\s*\}?\s*)?', data[boundary:])


def test_a_line_that_was_cut_short_costs_itself_only() -> None:
    whole = [json.dumps(record).encode() for record in RECORDS[:2]]
    for cut in range(1, len(whole[0])):
        broken = whole[0][:cut]
        found = texts(broken + b"\n" + whole[1] + b"\n" + whole[1] + b"\n")
        assert found == [broken, whole[1], whole[1]], broken


def test_text_between_records_is_a_record_of_its_own() -> None:
    assert texts(b'noise\n{"a":1}\nnull\n"text"\n[1,{"b":2}]\n') == [
        *(b"noise", b'{"a":1}', b"null", b'"text"', b"1,", b'{"b":2}')
    ]
    assert texts(b'<86>1 host app {"a":1}\n') == [b"<86>1 host app ", b'{"a":1}']


def test_an_unfinished_record_waits_and_a_list_does_not() -> None:
    for data, waits in (
        (b'[{"a":1}', False),
        (b'[{"a":1}]', False),
        (b'[{"a":1},{"b"', True),
        (b'{"Records":[', False),
    ):
        framer = make_framer("json", 0)
        framer.feed(data)
        assert bool(framer.waiting) is waits, data
    framer = make_framer("json", 0)
    framer.feed(b'[{"a":1},{"b"')
    assert (framer.records, framer.boundary) == (1, 8)
    framer.close_record()
    assert (framer.records, framer.boundary) == (2, 13)


def test_the_first_record_names_a_log_and_brackets_do_not() -> None:
    assert first_record("json", b'[\n  {"a": 1},\n {"b": 2}]', whole=False) == b'[\n  {"a": 1}'
    assert first_record("json", b'[\n  {"a": ', whole=False) is None
    assert first_record("json", b'{"Records":[{"a":"' + b"x" * 5000, whole=False) == b'{"Records":[{"a":"' + b"x" * 4078


@pytest.mark.parametrize(
    "record",
    [
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a":"' + b"x" * 3_000_000 + b'"}',
        b'{"a":"' + b'\\"' * 300_000 + b'"}',
        b'{"a":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b"{" + b" " * (2 * ENVELOPE_HEAD) + b'"a":1}',
        b'{"a":1,' + b'"b":2,' * 30_000 + b'"Records":[{"c":3}]}',
    ],
    ids=["deep", "long text", "escapes", "lists", "blanks", "a list too far in"],
)
def test_hostile_records_are_one_record(record: bytes) -> None:
    data = record + b'\n{"b":2}\n'
    step = 65_536
    scanner = JsonRecords(0)
    found = [span for at in range(0, len(data), step) for span in scanner.feed(data[at : at + step])]
    assert found == [(0, len(record)), (len(record) + 1, len(data) - 1)]


_PIECES = st.lists(
    st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b"\\",
            b"\n",
            b",",
            b":",
            b" ",
            b'"Records":[',
            b'{"a":1}',
            b"x",
            b"\xef\xbb\xbf",
        ]
    ),
    max_size=40,
).map(b"".join)


@given(data=_PIECES, cuts=st.lists(st.integers(0, 200), max_size=6))
@example(data=b'{"a"\n{"b"}', cuts=[5])
@example(data=b"\xef\xbb\xbf{", cuts=[1, 2])
@example(data=b'{"\\', cuts=[2])
@settings(max_examples=150, deadline=None)
def test_whatever_the_bytes(data: bytes, cuts: list[int]) -> None:
    found, last, boundary = spans(data, cuts)
    assert (found, last, boundary) == spans(data)
    places = [*found, *([last] if last else [])]
    assert all(begin < end for begin, end in places)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    # Nothing is dropped that could be content: outside stand brackets, blanks, and an envelope's own members.
    outside = b"".join(data[a[1] : b[0]] for a, b in pairwise([(0, 0), *places, (len(data), len(data))]))
    assert re.fullmatch(rb'(?:[\s,\[\]{}:\\"x]|"Records"|\xef\xbb\xbf|"[^"]*")*', outside)
    assert b"x" not in re.sub(rb'"[^"\n]*"', b"", outside)
    for number, (_, end) in enumerate(found, 1):
        rest = spans(data[end:], start=end)
        assert (rest[0], rest[1]) == (found[number:], last)
