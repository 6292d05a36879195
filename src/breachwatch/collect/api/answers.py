"""Reading an answer: what it says is wrong, how long to wait, what time it is over there.

Retry-After: RFC 9110, section 10.2.3. X-Rate-Limit-Reset: Okta, "Rate limits" (epoch seconds of their clock).
Errors: Microsoft Graph "error resource type", Google "Reports API: error responses", Okta "Error codes", AWS JSON
protocol "error serialization", OAuth 2.0 (RFC 6749, section 5.2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from breachwatch.collect.paths import shown

LONGEST_TEXT = 300
_LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer: its bytes as they were received, and the JSON value in them. Header names are lower-case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    document: Any = None


def read_json(body: bytes) -> Any:
    """The JSON value of a body. Raises ValueError where it is none, cut short, not UTF-8, or nests too deep."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except RecursionError:
        msg = "it nests too deep"
        raise ValueError(msg) from None


def told(answer: Answer) -> tuple[str, str]:
    """(code, text) of an error as the service words it, both cleaned and short; empty where it says nothing."""
    try:
        document = read_json(answer.body)
    except ValueError:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    inner = document.get("error")
    found = inner if isinstance(inner, dict) else document
    code = _first(found, "code", "errorCode", "__type", "error")
    text = _first(found, "message", "Message", "errorSummary", "error_description")
    return clean(code.rpartition("#")[2]), clean(text)


def _first(document: dict[str, Any], *names: str) -> str:
    return next((str(document[name]) for name in names if isinstance(document.get(name), str | int)), "")


def clean(text: str) -> str:
    """A text from elsewhere for people: short, one line, nothing that steers a terminal."""
    short = " ".join(text[: 2 * LONGEST_TEXT].split())[:LONGEST_TEXT]
    return shown(short.encode("utf-8", "replace").decode())


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """What the service's clock said (header Date), aware UTC."""
    return _http_date(headers.get("date", ""))


def wait_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """How many seconds the service asks to wait, None where it does not say. `now` is the service's time."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal() and text.isascii() and len(text) <= 9:
        return float(text)
    until = _http_date(text)
    if until is None:
        reset = headers.get("x-rate-limit-reset", "").strip()
        if reset.isdecimal() and reset.isascii() and len(reset) <= 11 and headers.get("x-rate-limit-remaining") == "0":
            until = datetime.fromtimestamp(int(reset), UTC)
    return None if until is None else min(max(until - now, timedelta(0)), _LONGEST_WAIT).total_seconds()


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
