"""The driver, the batches and the splitting into lines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.errors import DataError, UnknownNameError
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET
from breachwatch.model.formats import FORMATS
from breachwatch.model.segment import make_event_id
from breachwatch.parse import PARSERS, Rejected, Row, parser_for
from breachwatch.parse.batches import Batches
from breachwatch.parse.driver import read_records
from breachwatch.parse.lines import split_lines
from breachwatch.settings import Limits
from tests.unit.parse.support import PLANNED, make_segment, parsed


def table_of(rows: list[Row | Rejected], **segment: Any) -> list[dict[str, Any]]:
    batches = Batches(make_segment("syslog", b"", **segment))
    for row in rows:
        assert batches.add(row) is None
    return [row for batch in batches.rest() for row in batch.table.to_pylist()]


def row(values: dict[str, Any], extra: dict[str, Any] | None = None, position: str | None = None) -> Row:
    return Row("linux.auth", 7, 120, 30, values, extra or {}, position)


def test_every_format_has_a_parser() -> None:
    assert set(PARSERS) == set(FORMATS)
    with pytest.raises(UnknownNameError, match="no parser is named 'syslogg'"):
        parser_for("syslogg")


def test_the_driver_fills_what_every_event_has() -> None:
    (event,) = table_of([row({"time": datetime(2026, 11, 22, 4)})], host="fallback01")  # noqa: DTZ001
    assert event["event_id"] == make_event_id("test", "file-1", 120)
    assert event["observed_at"] == PLANNED.replace(tzinfo=None)
    assert event["source"] == "test"
    assert event["host"] == "fallback01"
    assert event["repeat_count"] == 1
    assert event["extra"] is None
    assert (event["segment_id"], event["record_number"], event["byte_offset"], event["byte_length"]) == (
        "0" * 32,
        7,
        120,
        30,
    )


def test_a_position_replaces_the_offset_in_the_event_id() -> None:
    (event,) = table_of([row({}, position="s=1;i=2")])
    assert event["event_id"] == make_event_id("test", "file-1", "s=1;i=2")


@pytest.mark.parametrize(
    ("name", "value", "column", "extra"),
    [
        ("uid", 2**63, None, '{"uid":9223372036854775808}'),
        ("uid", "1000", 1000, None),
        ("uid", "one", None, '{"uid":"one"}'),
        ("uid", True, None, '{"uid":true}'),
        ("source_port", 2**31, None, '{"source_port":2147483648}'),
        ("user", 1000, "1000", None),
        ("user", ["a", "b"], None, '{"user":["a","b"]}'),
        ("user", "a\ud800b", "a\\ud800b", None),
        ("user", "a\x00b", "a\x00b", None),
        ("message", b"\xff", "\\xff", None),
        ("no_such_column", "x", None, '{"no_such_column":"x"}'),
        ("repeat_count", "many", 1, '{"repeat_count":"many"}'),
        ("repeat_count", 0, 1, None),
        ("repeat_count", 2**40, 2**31 - 1, None),
    ],
)
def test_a_value_that_does_not_fit_never_costs_the_row(name: str, value: Any, column: Any, extra: str | None) -> None:
    first, event = table_of([row({"user": "jmeyer"}), row({name: value})])
    assert first["user"] == "jmeyer"
    assert event.get(name) == column
    assert event["extra"] == extra


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(1969, 12, 31, 23, 59, 59), None),  # noqa: DTZ001
        (datetime(2200, 1, 1), None),  # noqa: DTZ001
        (datetime(1970, 1, 1), datetime(1970, 1, 1)),  # noqa: DTZ001
        (datetime(2026, 11, 22, 4, 15, tzinfo=timezone(timedelta(hours=-6))), datetime(2026, 11, 22, 10, 15)),  # noqa: DTZ001
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-6))), None),
        ("yesterday", None),
    ],
)
def test_times(value: Any, expected: datetime | None) -> None:
    event, other = table_of([row({"time": value, "time_text": "text"}), row({"time": datetime(2026, 1, 1)})])  # noqa: DTZ001
    assert event["time"] == expected
    assert event["time_text"] == "text"
    assert other["time"] == datetime(2026, 1, 1)  # noqa: DTZ001


def test_extra_is_json_whatever_it_holds() -> None:
    import json

    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    odd = {"nan": float("nan"), "bytes": b"\xff", "time": datetime(2026, 1, 1, tzinfo=UTC), "é\udcff": "\udcff"}
    for extra in (odd, {"deep": deep}):
        (event,) = table_of([row({}, extra)])
        assert json.loads(event["extra"]).keys()
        assert event["extra"].encode("utf-8")


def test_batches_have_the_datasets_schema_and_a_fixed_size() -> None:
    data = b"".join(b"Nov 22 04:15:00 web01 app[1]: %d\n" % number for number in range(25)) + b"stray\n" * 3
    from breachwatch.parse import parse

    segment = make_segment("syslog", data)
    batches = list(parse(segment, io.BytesIO(data), Limits(), batch_rows=10))
    assert [(batch.dataset, batch.table.num_rows) for batch in batches] == [
        ("linux.syslog", 10),
        ("linux.syslog", 10),
        ("linux.syslog", 5),
        ("rejects", 3),
    ]
    for batch in batches:
        expected = REJECTS_DATASET if batch.dataset == "rejects" else DATASETS[batch.dataset]
        assert batch.table.schema.equals(expected.schema)
    assert parsed("syslog", data, batch_rows=10) == parsed("syslog", data)


def broken_parser(segment: Any, data: Any, limits: Any) -> Iterator[Row]:
    data.read(5)
    yield Row("linux.syslog", segment.first_record, segment.start, 5, {}, {})
    raise ZeroDivisionError


def test_a_parser_that_breaks_loses_nothing() -> None:
    data = b"first\r\nsecond\n\nfourth"
    segment = make_segment("syslog", data, start=1000, first_record=41)
    records = list(read_records(broken_parser, segment, io.BytesIO(data), Limits()))
    assert [(type(record), record.record_number, record.byte_offset, record.byte_length) for record in records] == [
        (Row, 41, 1000, 5),
        (Rejected, 42, 1007, 6),
        (Rejected, 44, 1015, 6),
    ]
    assert isinstance(records[1], Rejected)
    assert records[1].reason == "the parser failed on this record (ZeroDivisionError)"
    utmp = make_segment("utmp", b"first" + bytes(600))
    records = list(read_records(broken_parser, utmp, io.BytesIO(b"first" + bytes(600)), Limits()))
    assert [(record.record_number, record.byte_offset, record.byte_length) for record in records] == [
        (1, 0, 5),
        (2, 5, 600),
    ]


def unreadable_parser(segment: Any, data: Any, limits: Any) -> Iterator[Row]:
    raise DataError("the stored segment is damaged")
    yield


def test_bytes_that_cannot_be_read_are_no_rejects() -> None:
    with pytest.raises(DataError):
        list(read_records(unreadable_parser, make_segment("syslog", b"x"), io.BytesIO(b"x"), Limits()))


class Dribble(io.BytesIO):
    """Gives fewer bytes than asked for, as pipes and decompressors may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([b"", b" ", b"\t", b"a", b"b\r", b"\r", b"\x00", "é".encode(), b"\xff", b"x" * 40, b"y" * 5000])
    ),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_lines_are_exactly_their_bytes(pieces: list[bytes], ending: bytes, ended: bool, dribble: bool) -> None:
    data = ending.join(pieces) + (ending if ended and pieces else b"")
    stream = Dribble(data) if dribble else io.BytesIO(data)
    lines = list(split_lines(stream, Limits(record_bytes=1024)))
    assert all(data[offset : offset + length] == raw for _, offset, length, raw in lines)
    physical = data.split(b"\n")
    wanted = [(number, line) for number, line in enumerate(physical) if line.strip(b" \t\n\r\x0b\x0c")]
    assert [number for number, _, _, _ in lines] == [number for number, _ in wanted]
    for (number, line), (_, _, _, raw) in zip(wanted, lines, strict=True):
        has_ending = number < len(physical) - 1
        assert raw == (line.removesuffix(b"\r") if has_ending else line)


def test_an_endless_line_keeps_its_true_length_and_bounded_bytes() -> None:
    limits = Limits(record_bytes=1024, segment_bytes=64 * 1024)
    data = b"before\n" + b"x" * 3_000_000 + b"\r\nafter\n"
    lines = list(split_lines(io.BytesIO(data), limits))
    assert [(number, offset, length) for number, offset, length, _ in lines] == [
        (0, 0, 6),
        (1, 7, 3_000_000),
        (2, 3_000_009, 5),
    ]
    assert len(lines[1][3]) == 64 * 1024
    result = parsed("syslog", b"<13>ok\n" + b"y" * 2000 + b"\n<13>ok\n", limits=limits)
    assert [event["record_number"] for event in result.events] == [1, 3]
    assert result.rejects[0]["raw"] == b"y" * 2000
    assert result.rejects[0]["reason"] == "the record is longer than 1024 bytes"


def test_times_are_stored_without_a_zone() -> None:
    assert all(dataset.schema.field("time").type == pa.timestamp("us") for dataset in DATASETS.values())
