"""The System part of an event of Windows, cut out of the JSON that the `evtx` library writes without reading all of it.

What stands before and behind what is an event's own is the same in all events of a kind, and is read once. That the
event's own members mean what they seem to is told by made-up values in their places.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from breachwatch.parse.windows_evtx_json import system_of

_NUMBER: Final = r'([0-9]{1,18}|"[^"\\]{0,18}")'
_BEGINS: Final = '"TimeCreated":'
_OWN: Final = re.compile(
    rf'"TimeCreated":{{"#attributes":{{"SystemTime":"([^"\\]*)"}}}},"EventRecordID":{_NUMBER},'
    r'(?:"Correlation":(null|{"#attributes":{(?:"[A-Za-z]+":"[^"\\]*",?)+}}),'
    rf'"Execution":{{"#attributes":{{"ProcessID":{_NUMBER},"ThreadID":{_NUMBER}}}}},)?(?="Channel":)'
)
_DATA: Final = ',"EventData":'
_END: Final = "}}"
_MADE_UP: Final = '"TimeCreated":{"#attributes":{"SystemTime":"T"}},"EventRecordID":1,'
_MORE_MADE_UP: Final = (
    '"Correlation":{"#attributes":{"ActivityID":"A"}},"Execution":{"#attributes":{"ProcessID":2,"ThreadID":3}},'
)
_LONGEST: Final = 4096  # of the texts that are remembered
_MEMBERS: Final = frozenset({"#attributes", "System", "EventData"})


class Head(NamedTuple):
    """`kind` and `own` are those of `windows_evtx_json.system_of`, `data` is the text of EventData, as yet unread."""

    kind: tuple[Any, ...]
    own: tuple[Any, ...]
    data: str


def head_of(text: str) -> Head | None:
    """The System part of the event in a JSON text, and its data; None where it is laid out otherwise."""
    start = text.find(_BEGINS)
    found = _OWN.match(text, start) if start >= 0 else None
    end = text.find(_DATA, found.end()) if found is not None else -1
    if found is None or end < 0 or not text.endswith(_END):
        return None
    if start + end - found.end() > _LONGEST:
        return None
    created, record, correlation, process, thread = found.groups()
    kind = _kind(text[:start], text[found.end() : end], correlation is None)
    if kind is None:
        return None
    data = text[end + len(_DATA) : -len(_END)]
    if correlation is None:
        return Head(kind, (_value(record), None, None, created, None, None), data)
    ids = (None, None) if correlation == "null" else _ids(correlation)
    return Head(kind, (_value(record), _value(process), _value(thread), created, *ids), data)


@lru_cache(maxsize=4096)
def _kind(before: str, behind: str, is_short: bool) -> tuple[Any, ...] | None:
    """What events have in common that begin and go on so; None where what is between is none of the event's own."""
    own = _MADE_UP if is_short else _MADE_UP + _MORE_MADE_UP
    expected = (1, None, None, "T", None, None) if is_short else (1, 2, 3, "T", "A", None)
    try:
        event = orjson.loads(f"{before}{own}{behind}{_DATA}4{_END}")["Event"]
        found = system_of(event["System"]) if event["EventData"] == 4 and event.keys() <= _MEMBERS else None
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return None
    return found[0] if found is not None and found[1] == expected else None


def _value(text: str) -> int | str:
    return text[1:-1] if text[0] == '"' else int(text)


@lru_cache(maxsize=8192)
def _ids(correlation: str) -> tuple[str | None, str | None]:
    attributes = orjson.loads(correlation)["#attributes"]
    return attributes.get("ActivityID"), attributes.get("RelatedActivityID")
