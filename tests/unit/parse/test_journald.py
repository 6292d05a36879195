"""The journal's two renderings: the same entries give the same events."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.model.segment import make_event_id
from breachwatch.settings import Limits
from tests.unit.parse.support import one_event, parsed

ENTRY: dict[str, bytes] = {
    "__CURSOR": b"s=3f;i=1;b=0b;m=39;t=54;x=5b",
    "__REALTIME_TIMESTAMP": b"1795342500123456",
    "_HOSTNAME": b"web01",
    "SYSLOG_IDENTIFIER": b"sshd",
    "_PID": b"812",
    "PRIORITY": b"6",
    "SYSLOG_FACILITY": b"10",
    "MESSAGE": b"Failed password for root from 203.0.113.9 port 1 ssh2",
    "_TRANSPORT": b"syslog",
}


def as_json(entry: dict[str, Any]) -> bytes:
    def value(raw: Any) -> Any:
        if isinstance(raw, list):
            return [value(item) for item in raw]
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return list(raw)

    return json.dumps({name: value(raw) for name, raw in entry.items()}).encode() + b"\n"


def as_export(entry: dict[str, Any]) -> bytes:
    out = b""
    for name, values in entry.items():
        for raw in values if isinstance(values, list) else [values]:
            if b"\n" in raw or b"\xff" in raw:
                out += name.encode() + b"\n" + len(raw).to_bytes(8, "little") + raw + b"\n"
            else:
                out += name.encode() + b"=" + raw + b"\n"
    return out + b"\n"


def test_an_entry() -> None:
    event = one_event("journald-export", as_export(ENTRY))
    assert event["time"] == datetime(2026, 11, 22, 10, 15, 0, 123456)  # noqa: DTZ001
    assert event["time_text"] == "1795342500123456"
    assert event["event_id"] == make_event_id("test", "file-1", ENTRY["__CURSOR"].decode())
    assert (event["host"], event["program"], event["process_id"]) == ("web01", "sshd", 812)
    assert (event["facility"], event["severity"]) == ("authpriv", "info")
    assert (event["action"], event["outcome"], event["user"]) == ("logon", "failure", "root")
    assert event["extra"] == {"_TRANSPORT": "syslog", "_PID": "812"}
    assert event["byte_length"] == len(as_export(ENTRY)) - 2


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"MESSAGE": b"two\nlines"},
        {"MESSAGE": b"bytes \xff that are no text"},
        {"MESSAGE": b""},
        {"PRIORITY": b"77", "SYSLOG_FACILITY": b"local"},
        {"OBJECT": [b"first", b"second\nthird"]},
        {"MESSAGE": [b"first text", b"second text"]},
        {"_PID": b"not a number"},
        {"__REALTIME_TIMESTAMP": b"99999999999999999999"},
    ],
)
def test_both_renderings_give_the_same_event(change: dict[str, Any]) -> None:
    entry = {**ENTRY, **change}
    exported, in_json = one_event("journald-export", as_export(entry)), one_event("journald-json", as_json(entry))
    for name in ("byte_length",):
        del exported[name], in_json[name]
    assert exported == in_json


def test_json_may_leave_a_long_message_out() -> None:
    fields = {name: raw.decode() for name, raw in ENTRY.items()}
    event = one_event("journald-json", json.dumps({**fields, "MESSAGE": None}).encode())
    assert "message" not in event
    assert event["dataset"] == "linux.syslog"


def test_a_repeated_message_counts_as_what_it_stands_for() -> None:
    entry = {**ENTRY, "MESSAGE": b"message repeated 5 times: [ " + ENTRY["MESSAGE"] + b"]"}
    assert one_event("journald-json", as_json(entry))["repeat_count"] == 5


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'"text"', b"{}", b'{"A": "b"}', b"[" * 100_000, b'{"MESSAGE": ' + b"1" * 5000 + b"}"]
)
def test_lines_that_are_no_entries_are_rejects(line: bytes) -> None:
    result = parsed("journald-json", as_json(ENTRY) + line + b"\n" + as_json(ENTRY))
    assert [event["record_number"] for event in result.events] == [1, 3]
    assert result.rejects[0]["raw"] == line


@pytest.mark.parametrize(
    "damaged",
    [
        b"no field at all\n",
        b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7fshort\n",
        b"_PID=1\nbad name=1\n",
        b"=value\n",
        b"A=only an own field\n",
    ],
)
def test_a_damaged_entry_is_one_reject(damaged: bytes) -> None:
    data = as_export(ENTRY) + damaged + b"\n" + as_export(ENTRY)
    result = parsed("journald-export", data)
    assert [event["record_number"] for event in result.events] == [1, 3]
    assert [reject["raw"] for reject in result.rejects] == [damaged.rstrip(b"\n")]


def test_an_entry_beyond_the_limit_is_one_reject_that_keeps_its_bytes() -> None:
    long = {**ENTRY, "MESSAGE": b"x" * 5000}
    result = parsed("journald-export", as_export(long) + as_export(ENTRY), limits=Limits(record_bytes=1024))
    assert len(result.events) == 1
    assert result.rejects[0]["raw"] == as_export(long)[:-2]


_VALUES = st.binary(max_size=40)
_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True)


@given(st.lists(st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=5), max_size=6), st.booleans())
def test_export_entries_are_split_where_they_end(entries: list[dict[str, bytes]], ended: bool) -> None:
    def field(name: str, raw: bytes) -> bytes:
        return name.encode() + b"\n" + len(raw).to_bytes(8, "little") + raw + b"\n"

    pieces = [b"MESSAGE=m\n" + b"".join(field(name, raw) for name, raw in entry.items()) for entry in entries]
    data = b"".join(piece + b"\n" for piece in pieces)
    result = parsed("journald-export", data if ended else data.removesuffix(b"\n"))
    assert not result.rejects
    assert [data[event["byte_offset"] :][: event["byte_length"]] for event in result.events] == [
        piece[:-1] for piece in pieces
    ]
