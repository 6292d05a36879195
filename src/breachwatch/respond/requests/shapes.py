"""The shapes of values that may leave without anybody's reading them: times, counts, and words of closed lists.

A value that does not fit its shape, whatever put it there, is no such value and does not leave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from breachwatch.model.finding import Level


@dataclass(frozen=True, slots=True)
class Around:
    """What some shapes ask for: the city's zone, and the obligations of the request's law."""

    zone: ZoneInfo
    obligations: frozenset[str]


Shape = Callable[[Any, Around], str | None]
"""From a value of the database to what is printed; None where it does not fit."""

_MOST = 10**15


def moment(value: Any, around: Around) -> str | None:
    """A time, in the city's zone with its offset (ISO 8601)."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    return value.astimezone(around.zone).isoformat(timespec="seconds")


def count(value: Any, around: Around) -> str | None:  # noqa: ARG001
    """A number of things."""
    return str(value) if isinstance(value, int) and 0 <= value <= _MOST else None


def yes_or_no(value: Any, around: Around) -> str | None:  # noqa: ARG001
    """A flag."""
    return {0: "no", 1: "yes"}.get(value) if isinstance(value, int) else None


def level(value: Any, around: Around) -> str | None:  # noqa: ARG001
    """A level by its name; -1 stands for none."""
    known = {item.value: str(item) for item in Level}
    return known.get(value) if isinstance(value, int) else None


def obligation(value: Any, around: Around) -> str | None:
    """The id of an obligation of the city's profile."""
    return value if isinstance(value, str) and value in around.obligations else None


def numbered(pattern: str) -> Shape:
    """A number that breachwatch gave, such as that of an incident."""
    compiled = re.compile(pattern, re.ASCII)

    def fits(value: Any, around: Around) -> str | None:  # noqa: ARG001
        return value if isinstance(value, str) and compiled.fullmatch(value) else None

    return fits


def word(*known: Iterable[str]) -> Shape:
    """A word of a closed list."""
    words = frozenset(str(item) for items in known for item in items)

    def fits(value: Any, around: Around) -> str | None:  # noqa: ARG001
        return value if isinstance(value, str) and value in words else None

    return fits


def words(*known: Iterable[str]) -> Shape:
    """A JSON list of words of a closed list; those that are none make it no such list."""
    one = word(*known)

    def fits(value: Any, around: Around) -> str | None:
        found = [one(item, around) for item in _list(value)]
        return ", ".join(str(item) for item in found) if found and None not in found else None

    return fits


_STATE = numbered(r"[A-Z]{2}")


def residents(value: Any, around: Around) -> str | None:
    """A JSON list of states with numbers of residents."""
    found = []
    for pair in _list(value):
        state, number = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        shown = "not known" if number is None else count(number, around)
        if _STATE(state, around) is None or shown is None:
            return None
        found.append(f"{state} {shown}")
    return ", ".join(found) or None


def _list(value: Any) -> list[Any]:
    try:
        found = json.loads(value) if isinstance(value, str) else []
    except ValueError:
        return []
    return found if isinstance(found, list) else []
