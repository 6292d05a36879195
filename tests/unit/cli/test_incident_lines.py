"""`breachwatch incident lines`: original lines with what matched, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from breachwatch.evidence import create_key
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.unit.evidence.making import City, Log

Call = Callable[..., Any]
HOSTILE = "Nov 22 02:00:41 vpn01 sshd[9]: Failed password for \x1b]0;owned\x07\u202e from 203.0.113.9\n"


@pytest.fixture
def log(ws: Workspace) -> Log:
    """Two lines that an alert is over, the first of them hostile."""
    create_key(ws.keys)
    city = City(ws)
    made = city.log([HOSTILE, "Nov 22 02:00:42 vpn01 sshd[9]: FAILED PASSWORD for jdoe from 203.0.113.9\n"])
    city.waiting(city.finding(made.event_ids))
    with ws.database.write() as connection:
        connection.execute(cases.incident.update().values(state="new"))
    return made


def test_lines_are_shown_with_marks(ws: Workspace, log: Log, call: Call) -> None:
    ended = call("-w", ws.root, "incident", "lines", "inc-2026-0001")
    assert ended.code == 0
    assert "sshd[9]: Failed password for \\x1b]0;owned\\x07\\u202e from" in ended.out
    assert "message contains 'failed password'" in ended.out
    assert not {"\x1b", "\u202e", "\x07"} & set(ended.out)
    assert "1 more event" in call("-w", ws.root, "incident", "lines", "INC-2026-0001", "--events", "1").out


def test_json_has_the_bytes_of_each_mark(ws: Workspace, log: Log, call: Call) -> None:
    (alert,) = json.loads(call("-w", ws.root, "incident", "lines", "INC-2026-0001", "--json").out)
    assert [event["event_id"] for event in alert["events"]] == log.event_ids
    (first,) = [event for event in alert["events"] if event["event_id"] == log.event_ids[0]]
    for mark in first["marks"]:
        assert log.records[0][mark["start"] : mark["end"]].lower() == b"failed password"
    assert first["text"] == HOSTILE.rstrip("\n")


def test_a_line_that_is_gone_says_where_else_it_is(ws: Workspace, log: Log, call: Call) -> None:
    for path in ws.segments.rglob("*"):
        if path.is_file():
            path.unlink()
    ended = call("-w", ws.root, "incident", "lines", "INC-2026-0001")
    assert ended.code == 0
    assert log.event_ids[0] in ended.out
    assert "FAILED PASSWORD" not in ended.out


def test_wrong_names_are_told(ws: Workspace, log: Log, call: Call) -> None:
    assert call("-w", ws.root, "incident", "lines", "INC-2026-0009").code == 2
    ended = call("-w", ws.root, "incident", "lines", "INC-2026-0001", "--alert", "zz")
    assert (ended.code, "alert" in ended.err) == (2, True)
