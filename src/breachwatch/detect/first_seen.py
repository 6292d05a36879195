"""First-seen rules: a rule whose matches count only when their values were not seen for a while.

Sigma has no word for it, so a rule says it under its own key:

    breachwatch:
      first_seen:
        fields: [user, host]
        history_days: 30
        learning_days: 7

Of the rule's matches, those stay that no match with the same values of `fields` (regardless of case) came before within
`history_days`, in the whole lake, not only in the window. Of a source whose log began less than `learning_days` before
the match, none stays: else the first nights would report everybody. A rule that does not say `learning_days` takes
`detect.learning_days` of the settings; where the settings say 0, nothing is learned, whatever rules say. Both count in
the time of the events, not of the runs: a year of old logs has been learned as soon as it is in the lake. An event
without a value for one of the fields, or without a time, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from breachwatch.detect.backend import Column


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """What a rule says under `first_seen`."""

    fields: tuple[str, ...]
    history: timedelta
    learning: timedelta | None = None  # None: what the settings say

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> FirstSeen | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        asked = custom.get("first_seen")
        if asked is None:
            return None
        if not isinstance(asked, dict) or set(asked) - {"fields", "history_days", "learning_days"}:
            msg = "`first_seen` must be a mapping with `fields`, `history_days` and `learning_days`"
            raise ValueError(msg)
        fields, days = asked.get("fields"), asked.get("history_days", 30)
        if not isinstance(fields, list) or not fields or not all(isinstance(name, str) for name in fields):
            msg = "`first_seen.fields` must be a list of field names"
            raise ValueError(msg)
        if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 3660:
            msg = "`first_seen.history_days` must be a number of days from 0 to 3660"
            raise ValueError(msg)
        learning = asked.get("learning_days")
        if learning is None:
            return cls(tuple(fields), timedelta(days=days))
        if isinstance(learning, bool) or not isinstance(learning, int | float) or not 0 <= learning <= 366:
            msg = "`first_seen.learning_days` must be a number of days from 0 to 366"
            raise ValueError(msg)
        return cls(tuple(fields), timedelta(days=days), timedelta(days=learning))

    def learning_where(self, settings: timedelta) -> timedelta:
        """How long a source's log must have gone on, given what the settings say."""
        return settings if self.learning is None or not settings else self.learning


@dataclass(frozen=True, slots=True)
class Part:
    """The rule's search in one table, with the columns of the fields there."""

    sql: str  # SELECT * FROM ...
    table: str  # the table, quoted
    columns: Sequence[Column]
    shown: Sequence[str]  # further SQL expressions to hand on


def first_seen_sql(parts: Sequence[Part], asked: FirstSeen, learning: timedelta) -> str:
    """One query over all tables of the rule: `event_id, time` of each first time, then what each part shows."""
    shown = [f"shown{number}" for number in range(len(parts[0].shown))]
    began = "\nUNION ALL\n".join(
        f"SELECT {number} AS part, source, min(time) AS began FROM {part.table} GROUP BY source"
        for number, part in enumerate(parts)
    )
    matches = "\nUNION ALL\n".join(
        f"SELECT {number} AS part, * FROM ({_matches(part, shown)})" for number, part in enumerate(parts)
    )
    settled = ""
    if learning:
        settled = (
            f"\nJOIN (\n{began}\n) AS log USING (part, source)\n"
            f"WHERE seen.time >= log.began + INTERVAL {int(learning.total_seconds())} SECONDS"
        )
    history = f"INTERVAL {int(asked.history.total_seconds())} SECONDS"
    columns = ", ".join(["event_id", "time", *shown])
    return (
        f"SELECT {columns} FROM (\n"
        "SELECT *, lag(time) OVER (PARTITION BY combination ORDER BY time, event_id) AS before FROM (\n"
        f"{matches}\n)\nQUALIFY before IS NULL OR time - before > {history}\n) AS seen{settled}"
    )


def _matches(part: Part, shown: Sequence[str]) -> str:
    texts = [column.text for column in part.columns]
    present = "".join(f" AND {text} IS NOT NULL" for text in texts)
    combination = f"[{', '.join(f'lower({text})' for text in texts)}]"
    more = "".join(f", {sql} AS {name}" for name, sql in zip(shown, part.shown, strict=True))
    return (
        f"SELECT event_id, time, source, {combination} AS combination{more}\n"
        f"FROM (\n{part.sql}\n) WHERE time IS NOT NULL{present}"
    )
