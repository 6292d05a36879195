"""Events in XML are found however they are laid out, broken or not, and in pieces of any size."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.collect.framing import first_record, make_framer
from breachwatch.collect.xml_records import XmlRecords

EVENT = b"<Event xmlns='a'><System><EventID>1</EventID></System><EventData/></Event>"
PRETTY = EVENT.replace(b"><", b">\r\n  <")


def records(data: bytes, cuts: tuple[int, ...] = ()) -> list[bytes]:
    scanner = XmlRecords(7)
    spans = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, end in pairwise(edges):
        spans += scanner.feed(data[begin:end])
    last = scanner.close()
    return [data[begin - 7 : end - 7] for begin, end in [*spans, *([last] if last else [])]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<?xml version='1.0'?>\r\n<Events>" + EVENT + EVENT + b"</Events>\r\n", [EVENT, EVENT]),
        (EVENT + b"\n" + EVENT + b"\n", [EVENT, EVENT]),
        (b"\xef\xbb\xbf- " + PRETTY + b"\n\n- " + PRETTY, [PRETTY, PRETTY]),
        (EVENT[:30] + EVENT, [EVENT[:30], EVENT]),
        (EVENT + EVENT[:30], [EVENT, EVENT[:30]]),
        (b"x < y\n" + EVENT + b"rest\n", [b"x < y", EVENT, b"rest"]),
        (b"<Eventual/>\n" + EVENT, [b"<Eventual/>", EVENT]),
        (b"<Events", [b"<Events"]),
        (b"\n \n", []),
        (b"", []),
    ],
)
def test_what_is_a_record(data: bytes, expected: list[bytes]) -> None:
    assert records(data) == expected


_PIECES = st.sampled_from(
    [
        EVENT,
        PRETTY,
        EVENT[:20],
        b"<Events>",
        b"</Events>",
        b"<?xml version='1.0'?>",
        b"- ",
        b"\n",
        b"<",
        b"-",
        b"text",
        b"\xef\xbb\xbf",
    ]
)


@given(st.lists(_PIECES, max_size=8).map(b"".join), st.lists(st.integers(0, 2000), max_size=6).map(tuple))
def test_how_the_bytes_were_cut_changes_nothing(data: bytes, cuts: tuple[int, ...]) -> None:
    whole = records(data)
    assert records(data, cuts) == whole
    framer = make_framer("xml", 0)
    framer.feed(data)
    framer.close_record()
    assert framer.records == len(whole)


def test_a_log_is_known_by_its_first_event() -> None:
    head = b"<?xml version='1.0'?><Events>" + EVENT
    assert first_record("xml", head + EVENT, True) == head
