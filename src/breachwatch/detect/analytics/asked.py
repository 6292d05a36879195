"""Reading what a rule says under its own key, with sentences for what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

LONGEST_DAYS = 3660


def mapping(custom: Mapping[str, Any], key: str, known: set[str]) -> Mapping[str, Any] | None:
    """What stands under `key`; None where nothing does. Raises ValueError."""
    asked = custom.get(key)
    if asked is None:
        return None
    if not isinstance(asked, dict) or set(asked) - known:
        msg = f"`{key}` must be a mapping with {_listed(known)}"
        raise ValueError(msg)
    return asked


def field_names(key: str, value: object) -> tuple[str, ...]:
    """A field, or a list of fields. Raises ValueError."""
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not named or not all(isinstance(name, str) and name for name in named):
        msg = f"`{key}` must be a field name or a list of field names"
        raise ValueError(msg)
    return tuple(named)


def days(key: str, value: object, least: float = 0.0, most: float = LONGEST_DAYS) -> timedelta:
    """A number of days. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        msg = f"`{key}` must be a number of days from {least:g} to {most:g}"
        raise ValueError(msg)
    return timedelta(days=value)


def learning(key: str, asked: Mapping[str, Any]) -> timedelta | None:
    """`learning_days`; None where the rule leaves it to the settings. Raises ValueError."""
    value = asked.get("learning_days")
    return None if value is None else days(f"{key}.learning_days", value, most=366)


def number(key: str, value: object, least: float, most: float) -> float:
    """A number within bounds. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        msg = f"`{key}` must be a number from {least:g} to {most:g}"
        raise ValueError(msg)
    return float(value)


def _listed(names: set[str]) -> str:
    *most, last = (f"`{name}`" for name in sorted(names))
    return f"{', '.join(most)} and {last}" if most else last
