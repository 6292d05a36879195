"""Syslog lines: headers of RFC 3164, RFC 5424 and what daemons make of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from breachwatch.parse.priority import FACILITIES, SEVERITIES
from tests.unit.parse.support import one_event, parsed

HEADER = ("host", "program", "process_id", "facility", "severity", "msgid", "structured_data", "message", "time_text")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Nov 22 04:15:00 web01 app[12]: text: more",
            {
                "host": "web01",
                "program": "app",
                "process_id": 12,
                "message": "text: more",
                "time_text": "Nov 22 04:15:00",
            },
        ),
        (
            "<38>Nov  2 04:15:00 web01 app: text",
            {
                "host": "web01",
                "program": "app",
                "message": "text",
                "time_text": "Nov  2 04:15:00",
                "facility": "auth",
                "severity": "info",
            },
        ),
        (
            "2026-11-22T04:15:00.123456-06:00 web01 app[12]: text",
            {
                "host": "web01",
                "program": "app",
                "process_id": 12,
                "message": "text",
                "time_text": "2026-11-22T04:15:00.123456-06:00",
            },
        ),
        (
            '<34>1 2026-11-22T10:15:00Z web01 app 12 ID47 [x@1 a="b \\" \\] c"][y] \ufefftext',
            {
                "host": "web01",
                "program": "app",
                "process_id": 12,
                "message": "text",
                "msgid": "ID47",
                "facility": "auth",
                "severity": "crit",
                "structured_data": '[x@1 a="b \\" \\] c"][y]',
                "time_text": "2026-11-22T10:15:00Z",
            },
        ),
        ("<34>1 - - - - - -", {"facility": "auth", "severity": "crit", "message": ""}),
        (
            "62 <34>1 2026-11-22T10:15:00Z web01 app - - - counted octets",
            {
                "host": "web01",
                "program": "app",
                "message": "counted octets",
                "facility": "auth",
                "severity": "crit",
                "time_text": "2026-11-22T10:15:00Z",
            },
        ),
        (
            "<189>Nov 22 2026 04:15:00 fw01 : %ASA-6-302013: Built",
            {
                "host": "fw01",
                "program": "asa",
                "message": "%ASA-6-302013: Built",
                "facility": "local7",
                "severity": "notice",
                "time_text": "Nov 22 2026 04:15:00",
            },
        ),
        (
            "<167>Nov 22 04:15:00 172.20.245.8 %PIX-7-710005: UDP request",
            {
                "host": "172.20.245.8",
                "program": "asa",
                "message": "%PIX-7-710005: UDP request",
                "facility": "local4",
                "severity": "debug",
                "time_text": "Nov 22 04:15:00",
            },
        ),
        (
            "Nov 22 04:15:00    sshd[7]: no host",
            {"program": "sshd", "process_id": 7, "message": "no host", "time_text": "Nov 22 04:15:00"},
        ),
        (
            "Nov 22 04:15:00 sshd[7]: no host",
            {"program": "sshd", "process_id": 7, "message": "no host", "time_text": "Nov 22 04:15:00"},
        ),
        (
            "Nov 22 04:15:00 web01 -- MARK --",
            {"host": "web01", "message": "-- MARK --", "time_text": "Nov 22 04:15:00"},
        ),
        (
            "Nov 22 04:15:00 web01 words only: here",
            {"host": "web01", "message": "words only: here", "time_text": "Nov 22 04:15:00"},
        ),
        (
            "Nov 22 04:15:00 web01 app[x-1]: text",
            {"host": "web01", "program": "app", "message": "text", "time_text": "Nov 22 04:15:00"},
        ),
        ("<13>text without a time", {"facility": "user", "severity": "notice", "message": "text without a time"}),
        (
            "\ufeffNov 22 04:15:00 web01 app: x",
            {"host": "web01", "program": "app", "message": "x", "time_text": "Nov 22 04:15:00"},
        ),
        (
            "Nov 22 04:15:00 web01 app: a\x00b",
            {"host": "web01", "program": "app", "message": "a\x00b", "time_text": "Nov 22 04:15:00"},
        ),
    ],
)
def test_headers(line: str, expected: dict[str, Any]) -> None:
    event = one_event("syslog", line.encode() + b"\r\n")
    assert {name: event[name] for name in HEADER if name in event} == expected
    assert event["byte_length"] == len(line.encode())


def test_bytes_that_are_no_utf8_are_shown() -> None:
    assert one_event("syslog", b"Nov 22 04:15:00 web01 app: caf\xe9\n")["message"] == "caf\\xe9"


def test_a_time_that_does_not_exist_keeps_its_text() -> None:
    event = one_event("syslog", b"Feb 31 04:15:00 web01 app: x\n")
    assert "time" not in event
    assert event["time_text"] == "Feb 31 04:15:00"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\tat com.example.Main(Main.java:7)", "the line begins with neither a priority nor a time"),
        (b"Dec  2 13:14:2", "the line begins with neither a priority nor a time"),
        (b"<192>1 - - - - - -", "the priority in front is above 191"),
        (b"<999>Nov 22 04:15:00 web01 app: x", "the priority in front is above 191"),
    ],
)
def test_rejects(line: bytes, reason: str) -> None:
    result = parsed("syslog", b"\n" + line + b"\r\n", start=500, first_record=9)
    assert not result.events
    (reject,) = result.rejects
    assert (reject["raw"], reject["reason"]) == (line, reason)
    assert (reject["record_number"], reject["byte_offset"], reject["byte_length"]) == (10, 501, len(line))


# Where we differ from go-syslog's strict parser: all are kept as events, for a log line is evidence.
DIFFERENT_5424 = {
    "Invalid, appname too long": "program names longer than RFC 5424's 48 characters are met and are read",
    "Invalid, with duplicated structured data id": "structured data is kept as it is, twice named or not",
    "Valid, new line within message": "in a file a line break ends the record",
}


def read_as_5424(event: dict[str, Any], text: str) -> bool:
    """Whether the fields of an event are those that splitting an RFC 5424 header at its spaces gives."""
    parts = text.split(" ", 6)
    names = ("time_text", "host", "program", "pid", "msgid")
    pid = event.get("process_id", event["extra"].get("procid"))
    values = {**event, "pid": None if pid is None else str(pid)}
    return all(
        values.get(name) == (None if part == "-" else part) for name, part in zip(names, parts[1:6], strict=False)
    ) and (event.get("structured_data") is not None) == (parts[6].startswith("["))


def test_rfc5424_vectors(shared_logs: Path) -> None:
    vectors = (shared_logs / "syslog-rfc5424/go-syslog/rfc5424_vectors.jsonl").read_text(encoding="utf-8").splitlines()
    different = []
    for vector in map(json.loads, vectors):
        result = parsed("syslog", bytes.fromhex(vector["input_hex"]))
        header = {"time_text", "host", "program", "msgid", "structured_data"}
        if vector["valid"]:
            agrees = len(result.records) == 1 and read_as_5424(result.records[0], vector["input"])
        else:
            agrees = not any(header & set(event) for event in result.events)
        if not agrees:
            different.append(vector["comment"])
    assert set(different) == set(DIFFERENT_5424)
    assert (len(vectors), len(different)) == (47, 4)


def test_rfc3164_vectors(shared_logs: Path) -> None:
    vectors = (shared_logs / "syslog-rfc5424/go-syslog/rfc3164_vectors.jsonl").read_text(encoding="utf-8").splitlines()
    for vector in map(json.loads, vectors):
        event = one_event("syslog", bytes.fromhex(vector["input_hex"]))
        expected = vector["expected"]
        assert event["host"] == expected["hostname"]
        assert event.get("program") == expected.get("appname")
        assert event["message"] == expected["message"]
        assert event["time_text"] == expected["timestamp"]
        assert FACILITIES[expected["facility"]] == event["facility"]
        assert SEVERITIES[expected["severity"]] == event["severity"]
    assert len(vectors) == 3


# rsyslog gives the text after the tag with its space, and a tag even where no colon ends it.
DIFFERENT_RSYSLOG = {
    "1.parse1": "Cisco's %PIX-7-710005 is no program but the number of a message, and stays in its text",
    "mark.parse1": "'-- MARK --' has no colon: it is the message, not the tag '--' with the message ' MARK --'",
}


def test_rsyslog_parse_suite(shared_logs: Path) -> None:
    different = set()
    files = sorted((shared_logs / "syslog-rfc5424/rsyslog-parsesuite").glob("*.parse1"))
    for path in files:
        lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]
        for text, fields in zip(lines[::2], lines[1::2], strict=True):
            event = one_event("syslog", text.encode())
            pri, facility, severity, time, host, _, _, *_ = fields.split(",")
            tag = event.get("program") or ""
            if "process_id" in event:
                tag += f"[{event['process_id']}]"
            found_time = event["time"].strftime("%b %d %H:%M:%S").replace(" 0", "  ", 1) if "Z" not in text else time
            if "-07:00" in text:
                found_time = time  # rsyslog prints the time in the sender's zone
            agrees = (
                (event["host"], found_time) == (host, time) and event["message"].strip() in fields and tag in fields
            )
            if text.startswith("<"):
                agrees &= (event["facility"], event["severity"]) == (facility, severity)
                agrees &= FACILITIES.index(facility) * 8 + SEVERITIES.index(severity) == int(pri)
            if "MARK" in text and "program" not in event:
                agrees = False
            if not agrees:
                different.add(path.name)
    assert different == set(DIFFERENT_RSYSLOG)
    assert len(files) == 11


@pytest.mark.parametrize(
    ("modified_at", "expected"),
    [
        (datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2026, 1, 1, 5, 30)),  # noqa: DTZ001
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 5, 30)),  # noqa: DTZ001 - no file's time at all
        (datetime.max.replace(tzinfo=UTC), datetime(2026, 1, 1, 5, 30)),  # noqa: DTZ001 - from a clock gone wrong
    ],
)
def test_the_year_comes_from_the_files_time(modified_at: datetime, expected: datetime) -> None:
    line = b"Dec 31 23:30:00 web01 app: x\n"
    event = one_event("syslog", line, modified_at=modified_at, time_zone="America/Chicago")
    assert event["time"] == expected
