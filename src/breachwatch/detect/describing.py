"""What a finding tells a person: who took part, and why the rule matched. Bounded, whatever the log holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from breachwatch.detect.backend import Table
from breachwatch.model.finding import MOST_OF_A_KIND, Entity

KINDS = ("user", "source_ip", "host")
OTHER_USER = "target_user"
"""What a rule calls the account that was acted on, under `entities`: a second `user` of the finding."""
VALUE_CHARS = 200
FIELDS = 12

# Accounts that every machine has: named with their host, or two hosts' root would look like one actor.
_ON_EVERY_MACHINE = frozenset(
    {
        "admin",
        "administrator",
        "anonymous logon",
        "daemon",
        "guest",
        "local service",
        "localsystem",
        "network service",
        "nobody",
        "root",
        "system",
    }
)
_NOBODY = frozenset({"", "-"})


Who = tuple[str | None, str | None, str | None, str | None]
"""Account, source address, host, and the account that was acted on, of one event."""


def entity_columns(table: Table, asked: Mapping[str, Sequence[str]]) -> list[str]:
    """SQL of a `Who` in a table: the first filled of the fields the rule names, else the event's own.

    `asked` is what the rule says under `breachwatch: {entities: {user: [TargetUserName]}}`. The account that was acted
    on takes part only where the rule names its field: `{target_user: TargetUserName}`.
    """
    columns = []
    for kind in (*KINDS, OTHER_USER):
        names = asked.get(kind, () if kind == OTHER_USER else (kind,))
        texts = [f"nullif(nullif({table.column(name).text}, ''), '-')" for name in names]
        columns.append(f"coalesce({', '.join([*texts, 'NULL::VARCHAR'])})")
    return columns


def asked_entities(custom: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The `entities` of a rule's own key: kind to field or fields. Raises ValueError."""
    asked = custom.get("entities") or {}
    known = (*KINDS, OTHER_USER)
    if not isinstance(asked, dict) or set(asked) - set(known):
        msg = f"`entities` must map {', '.join(known)} to fields"
        raise ValueError(msg)
    named: dict[str, tuple[str, ...]] = {}
    for kind, fields in asked.items():
        listed = [fields] if isinstance(fields, str) else fields
        if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
            msg = f"`entities.{kind}` must be a field or a list of fields"
            raise ValueError(msg)
        named[kind] = tuple(listed)
    return named


def entities(rows: Iterable[tuple[Who, int]]) -> tuple[Entity, ...]:
    """The distinct entities of rows with their number of events, the busiest first, some of each kind."""
    counts: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for (user, source_ip, host, other), number in rows:
        users = [("user", _with_host(name, host)) for name in (user, other) if name is not None]
        for kind, value in (*users, ("source_ip", source_ip), ("host", host)):
            if value is not None and value not in _NOBODY:
                of, name = counts[kind], value[:VALUE_CHARS]
                of[name] = of.get(name, 0) + number
    return tuple(
        Entity(kind, value)
        for kind, of in counts.items()
        for value in sorted(of, key=lambda name, of=of: (-of[name], name))[:MOST_OF_A_KIND]  # type: ignore[misc]
    )


def matched_fields(names: Sequence[str], values: Sequence[Any]) -> dict[str, str]:
    """The rule's fields with the values the event has, shortened."""
    filled = [(name, str(value)) for name, value in zip(names, values, strict=True) if value is not None]
    return {name: shortened(value) for name, value in filled[:FIELDS]}


def episode(
    group_by: Sequence[str], values: Sequence[str], events: int, first: datetime, last: datetime
) -> dict[str, str]:
    """Why a correlation fired: the values it grouped by, how many events, over how long."""
    why = {name: shortened(value) for name, value in zip(group_by, values, strict=True)}
    return {**why, "events": str(events), "span": spoken(last - first)}


def said(more: Mapping[str, str] | None) -> dict[str, str]:
    """What a query says of an episode itself, shortened, and a number of `seconds ...` in words: `time ...`."""
    told = {}
    for name, value in (more or {}).items():
        if name.startswith("seconds "):
            told[f"time {name.removeprefix('seconds ')}"] = spoken(timedelta(seconds=int(value)))
        else:
            told[name] = shortened(value)
    return told


def spoken(span: timedelta) -> str:
    """A span of time in words: `9 min 30 s`."""
    seconds = int(span.total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def shortened(text: str) -> str:
    """The text, cut to a bounded length."""
    return text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 3] + "..."


def _with_host(user: str | None, host: str | None) -> str | None:
    if user is None or host is None or user.rsplit("\\", 1)[-1].casefold() not in _ON_EVERY_MACHINE:
        return user
    return f"{user}@{host}"
