"""A rule's search in one table as analytic rules put it together: one query over all tables of the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from breachwatch.detect.backend import Column

SEEN = "seen_before"
"""The temporary table with the last time of each combination before the window."""

BEGINNINGS = "log_beginnings"
"""The temporary table of `source, began`: where each source's log begins, and begins anew after a gap."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rule's search in one table, with the columns of the fields there."""

    sql: str  # SELECT * FROM ...
    table: str  # the table, quoted
    columns: Sequence[Column]
    shown: Sequence[str]  # further SQL expressions to hand on


@dataclass(frozen=True, slots=True)
class SilenceSql:
    """A rule about how long ago the same values were seen.

    `before` is run over the events before the window and fills the table `seen_before`; `sql` over the window.
    """

    before: str
    sql: str

    @property
    def text(self) -> str:
        """Both statements, to be kept as what was run."""
        return f"CREATE TEMP TABLE {SEEN} AS\n{self.before};\n\n{self.sql}"


def combination(columns: Sequence[Column]) -> str:
    """The values of the fields, regardless of case, as one SQL value."""
    return f"[{', '.join(f'lower({column.text})' for column in columns)}]"


def present(columns: Sequence[Column]) -> str:
    """SQL that is true for events with a time and a value for each of the fields."""
    return "time IS NOT NULL" + "".join(f" AND {column.text} IS NOT NULL" for column in columns)


def seen_before(parts: Sequence[Part]) -> str:
    """The last time of each combination, of the history's tables."""
    matches = "\nUNION ALL\n".join(
        f"SELECT {combination(part.columns)} AS combination, time\nFROM (\n{part.sql}\n) WHERE {present(part.columns)}"
        for part in parts
    )
    return f"SELECT combination, max(time) AS last FROM (\n{matches}\n) GROUP BY combination"


def with_before(parts: Sequence[Part]) -> str:
    """Matches of the window with `before`, when the same combination came last, and what each part shows."""
    shown = [f"shown{number}" for number in range(len(parts[0].shown))]
    matches = "\nUNION ALL\n".join(_matches(number, part, shown) for number, part in enumerate(parts))
    return (
        "SELECT *, coalesce(lag(time) OVER (PARTITION BY combination ORDER BY time, event_id), seen.last) AS before\n"
        f"FROM (\n{matches}\n) AS found LEFT JOIN {SEEN} AS seen USING (combination)"
    )


def _matches(number: int, part: Part, shown: Sequence[str]) -> str:
    more = "".join(f", {sql} AS {name}" for name, sql in zip(shown, part.shown, strict=True))
    return (
        f"SELECT {number} AS part, event_id, time, source, {combination(part.columns)} AS combination{more}\n"
        f"FROM (\n{part.sql}\n) WHERE {present(part.columns)}"
    )


def began(part: Part, history: str) -> str:
    """When the log of each source began, as far as was read: `source, began`."""
    return (
        "SELECT source, min(began) AS began FROM (\n"
        f"SELECT source, min(past_since) AS began FROM {history} GROUP BY source\n"
        f"UNION ALL SELECT source, min(time) FROM {part.table} WHERE time IS NOT NULL GROUP BY source\n"
        ") GROUP BY source"
    )
