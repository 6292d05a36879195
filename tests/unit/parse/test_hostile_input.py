"""Every parser over bytes of all kinds: arbitrary ones, changed samples, one endless record (see `promises`)."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from breachwatch.parse import PARSERS, parse
from breachwatch.parse.evtx_records import FILE_HEADER
from breachwatch.settings import Limits
from tests.unit.parse.golden import seed
from tests.unit.parse.promises import check
from tests.unit.parse.support import make_segment

FORMATS = sorted(PARSERS)


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.binary(max_size=3000))
@example(data=b"")
@example(data=b"\n")
@example(data=b"\x00" * 1000)
@example(data=b"x" * 5000)
@example(data=gzip.compress(b"compressed by mistake"))
@settings(max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_arbitrary_bytes(form: str, data: bytes) -> None:
    check(form, data)


_EDITS = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.integers(0, 30),
        st.sampled_from(
            [
                b"",
                b"\n",
                b"\x00",
                b"\xff",
                b'"',
                b"[",
                b"]",
                b"=",
                b" ",
                b"9" * 25,
                b"{",
                b"\\",
                b"\r\n",
                b"\xed\xa0\x80",
            ]
        ),
    ),
    max_size=6,
)


@pytest.mark.parametrize("form", FORMATS)
@given(edits=_EDITS)
@settings(max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_mutated_records(form: str, edits: list[tuple[int, int, bytes]]) -> None:
    data = seed(form)
    for place, length, put in edits:
        where = place % (len(data) + 1)
        data = data[:where] + put + data[where + length :]
    check(form, data)


@pytest.mark.parametrize("form", FORMATS)
def test_a_record_of_ten_megabytes(form: str) -> None:
    data = b"x" * 10_000_000
    heading = FILE_HEADER if form == "evtx" else 0
    batches = list(parse(make_segment(form, data), io.BytesIO(data), Limits()))
    assert (
        sum(int(length) for batch in batches for length in batch.table["byte_length"].to_pylist())
        == len(data) - heading
    )
