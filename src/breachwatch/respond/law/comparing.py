"""What differs between two profiles: a new version and the one before, or two states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from breachwatch.respond.law.profile import Profile

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs; None stands for what one side does not have."""

    place: str
    before: str | None
    after: str | None


def compare(before: Profile, after: Profile) -> tuple[Change, ...]:
    """All places in which two profiles differ, in the order of the schema; lists of things with an id go by that id."""
    return tuple(_differences("", _plain(before), _plain(after)))


def _plain(profile: Profile) -> Any:
    return profile.model_dump(mode="json", by_alias=True)


def _differences(place: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, list) and isinstance(after, list):
        if _named(before) and _named(after):
            before, after = ({_name(item): item for item in side} for side in (before, after))
        elif before != after:
            yield Change(place, _words(before), _words(after))
            return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            yield from _differences(
                f"{place}.{key}" if place else str(key), before.get(key, _ABSENT), after.get(key, _ABSENT)
            )
    elif before != after:
        yield Change(place, _words(before), _words(after))


def _named(items: list[Any]) -> bool:
    return all(isinstance(item, Mapping) and "id" in item for item in items)


def _name(item: Mapping[str, Any]) -> str:
    """The id; with the day from which it holds where there are versions."""
    return f"{item['id']} ({item['effective_from']})" if "effective_from" in item else str(item["id"])


def _words(value: Any) -> str | None:
    if value is _ABSENT or value is None:
        return None
    if isinstance(value, Mapping):
        told = value.get("title") or value.get("text") or value.get("id")
        return (
            str(told) if told else ", ".join(f"{key}: {item}" for key, item in value.items() if item not in (None, []))
        )
    if isinstance(value, list):
        return "; ".join(str(_words(item)) for item in value) or "none"
    return str(value)
