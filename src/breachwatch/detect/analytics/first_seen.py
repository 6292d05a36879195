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

from breachwatch.detect.analytics import asked
from breachwatch.detect.analytics.parts import Part, SilenceSql, began, seen_before, with_before

KEY = "first_seen"


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """What a rule says under `first_seen`."""

    fields: tuple[str, ...]
    history: timedelta
    learning: timedelta | None = None  # None: what the settings say

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> FirstSeen | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        said = asked.mapping(custom, KEY, {"fields", "history_days", "learning_days"})
        if said is None:
            return None
        return cls(
            asked.field_names(f"{KEY}.fields", said.get("fields")),
            asked.days(f"{KEY}.history_days", said.get("history_days", 30), least=1 / 1440),
            asked.learning(KEY, said),
        )

    def learning_where(self, settings: timedelta) -> timedelta:
        """How long a source's log must have gone on, given what the settings say."""
        return settings if self.learning is None or not settings else self.learning

    def reach(self, settings: timedelta) -> timedelta:
        """How far before the window the rule looks."""
        return self.history + self.learning_where(settings)

    def query(self, parts: Sequence[Part], histories: Sequence[str], learning: timedelta) -> SilenceSql:
        """Rows of `event_id, time`, what each part shows, and NULL: nothing more is to be said.

        `histories` are the parts' tables of the time before the window (see `history`).
        """
        settled = ""
        wait = self.learning_where(learning)
        if wait:
            logs = "\nUNION ALL\n".join(
                f"SELECT {number} AS part, * FROM ({began(part, past)})"
                for number, (part, past) in enumerate(zip(parts, histories, strict=True))
            )
            settled = (
                f"\nJOIN (\n{logs}\n) AS log USING (part, source)\n"
                f"WHERE found.time >= log.began + INTERVAL {int(wait.total_seconds())} SECONDS"
            )
        shown = ", ".join(f"shown{number}" for number in range(len(parts[0].shown)))
        sql = (
            f"SELECT event_id, time, {shown}, CAST(NULL AS VARCHAR) AS more FROM (\n{with_before(parts)}\n"
            f"QUALIFY before IS NULL OR time - before > INTERVAL {int(self.history.total_seconds())} SECONDS\n"
            f") AS found{settled}"
        )
        return SilenceSql(seen_before(parts), sql)
