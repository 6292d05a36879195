"""Values of papers as JSON and back, and as people type them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from breachwatch.errors import UsageError
from breachwatch.papers import Value
from breachwatch.papers.vocabulary import VOCABULARY, FieldKind

_YES = {"yes": True, "true": True, "no": False, "false": False}


def to_json(values: Mapping[str, Value]) -> str:
    """Values as JSON; days and times as tables with one key."""
    return json.dumps(dict(values), sort_keys=True, default=_plain)


def from_json(text: str) -> dict[str, Value]:
    """The opposite of `to_json`."""
    values: dict[str, Value] = json.loads(text, object_hook=_value)
    return values


def typed(name: str, text: str, zone: ZoneInfo) -> Value:
    """A value that somebody typed for a field, by the kind of the field. Raises UsageError for what it cannot be.

    Days are written as 2026-11-22, times as 2026-11-22T04:15 (in the city's zone where none is given), lists with `;`.
    """
    text = text.strip()
    field = VOCABULARY.get(name)
    if not text or field is None:
        return text or None
    match field.kind:
        case FieldKind.COUNT if text.isascii() and text.replace(",", "").isdigit():
            return int(text.replace(",", ""))
        case FieldKind.YES_NO:
            if text.lower() not in _YES:
                msg = f"{name}: write yes or no, not {text!r}."
                raise UsageError(msg)
            return _YES[text.lower()]
        case FieldKind.LIST if not field.columns:
            return [item.strip() for item in text.split(";") if item.strip()]
        case FieldKind.DATE:
            return _moment(name, text, zone)
    return text


def _moment(name: str, text: str, zone: ZoneInfo) -> Value:
    try:
        if len(text) == len("2026-11-22"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{name}: {text!r} is no day or time; write 2026-11-22 or 2026-11-22T04:15."
        raise UsageError(msg) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"~time": value.isoformat()}
    if isinstance(value, date):
        return {"~day": value.isoformat()}
    msg = f"a {type(value).__name__} cannot be kept as a value of a paper"
    raise UsageError(msg)


def _value(found: dict[str, Any]) -> object:
    if found.keys() == {"~time"}:
        return datetime.fromisoformat(found["~time"])
    if found.keys() == {"~day"}:
        return date.fromisoformat(found["~day"])
    return found
