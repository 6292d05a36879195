"""Web server access logs."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.parse.support import one_event, parsed

LINE = '203.0.113.9 - jmeyer [22/Nov/2026:04:15:00 -0600] "GET /a.php?x=1&y=\\"2\\" HTTP/1.1" 404 512 "https://r.example/" "curl/8"'  # noqa: E501


def test_a_request() -> None:
    event = one_event("web-access", LINE.encode() + b"\n", host="web01")
    assert event["time"] == datetime(2026, 11, 22, 10, 15)  # noqa: DTZ001
    assert event["time_text"] == "22/Nov/2026:04:15:00 -0600"
    assert (event["action"], event["outcome"], event["user"]) == ("http-request", "failure", "jmeyer")
    assert (event["source_ip"], event["host"], event["message"]) == ("203.0.113.9", "web01", LINE)
    assert (event["cs_method"], event["cs_uri_stem"], event["cs_version"]) == ("GET", "/a.php", "HTTP/1.1")
    assert event["cs_uri_query"] == 'x=1&y=\\"2\\"'
    assert (event["cs_referer"], event["cs_user_agent"]) == ("https://r.example/", "curl/8")
    assert (event["sc_status"], event["sc_bytes"]) == (404, 512)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('203.0.113.9 - - [22/Nov/2026:04:15:00 -0600] "-" 408 -', {"outcome": "failure", "extra": {"request": "-"}}),
        (
            '203.0.113.9 - - [22/Nov/2026:04:15:00 -0600] "\\x16\\x03\\x01" 400 150 "-" "-"',
            {"outcome": "failure", "extra": {"request": "\\x16\\x03\\x01"}},
        ),
        (
            'city.example:443 203.0.113.9 - - [22/Nov/2026:04:15:00 -0600] "GET / HTTP/2.0" 200 5 "-" "x"',
            {"cs_host": "city.example:443", "source_ip": "203.0.113.9", "outcome": "success"},
        ),
        (
            '203.0.113.9 - first last [22/Nov/2026:04:15:00 -0600] "GET / HTTP/1.1" 200 5',
            {"user": "first last", "source_ip": "203.0.113.9"},
        ),
        (
            'pc7.example - - [22/Nov/2026:04:15:00 -0600] "GET / HTTP/1.1" 200 5 "-" "x" 0.003',
            {"extra": {"source_host": "pc7.example", "rest": "0.003"}},
        ),
        (
            '203.0.113.9 - - [22/Nov/2026:04:15:00 -0600] "GET /?q=<script>alert("1")</script> HTTP/1.0" 404 1164',
            {"cs_uri_query": 'q=<script>alert("1")</script>', "sc_status": 404},
        ),
    ],
)
def test_other_shapes(line: str, expected: dict[str, Any]) -> None:
    event = one_event("web-access", line.encode())
    assert {name: event[name] for name in expected} == expected


@pytest.mark.parametrize(
    "line", [b"", b"words", b"203.0.113.9 - - [no time", b'2026/11/22 04:15:00 [error] 31#31: "x"']
)
def test_lines_of_another_shape_are_rejects(line: bytes) -> None:
    result = parsed("web-access", LINE.encode() + b"\n" + line)
    assert len(result.events) == 1
    assert [reject["raw"] for reject in result.rejects] == ([line] if line else [])


def test_the_counts_of_a_real_log(shared_logs: Path) -> None:
    truth = json.loads((shared_logs / "_truth/web_counts.json").read_text(encoding="utf-8"))[
        "web-access/examples/apache_logs"
    ]
    result = parsed("web-access", (shared_logs / "web-access/examples/apache_logs").read_bytes())
    assert (len(result.events), len(result.rejects)) == (truth["clf_parsed"], truth["not_clf"])
    assert Counter(str(event["sc_status"]) for event in result.events) == truth["status"]
    addresses = Counter(event["source_ip"] for event in result.events)
    assert addresses.most_common(5) == [tuple(pair) for pair in truth["top_ip"]]
