"""Dormant rules: an account (or whatever the fields name) acts again after a long silence.

    breachwatch:
      dormant:
        days: 60
        by: user
        history_days: 366
        learning_days: 7

Of the rule's matches, those stay whose last match with the same values of `by` (a field or a list, regardless of case;
`user` where left out) lies at least `days` back and within `history_days`. Who was never seen before is not dormant but
new, which is what `first_seen` is for. A match tells a silence only where somebody listened: its source's log must have
gone on for `days`, and a log that says nothing at all for longer than `learning_days` begins anew. A rule that does not
say `learning_days` takes `detect.learning_days` of the settings; where the settings say 0, logs are taken to be whole.
All counts in the time of the events. An event without a value for one of the fields, or without a time, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from breachwatch.detect.analytics import asked
from breachwatch.detect.analytics.parts import BEGINNINGS, Part, SilenceSql, seen_before, with_before

KEY = "dormant"
HISTORY_DAYS = 366


@dataclass(frozen=True, slots=True)
class Dormant:
    """What a rule says under `dormant`."""

    fields: tuple[str, ...]
    silence: timedelta
    history: timedelta
    learning: timedelta | None = None  # None: what the settings say

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> Dormant | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        said = asked.mapping(custom, KEY, {"days", "by", "history_days", "learning_days"})
        if said is None:
            return None
        silence = asked.days(f"{KEY}.days", said.get("days"), least=1)
        history = asked.days(f"{KEY}.history_days", said.get("history_days", max(HISTORY_DAYS, 2 * silence.days)))
        if history <= silence:
            msg = f"`{KEY}.history_days` must be more than `{KEY}.days`: who was not seen at all cannot be dormant"
            raise ValueError(msg)
        return cls(asked.field_names(f"{KEY}.by", said.get("by", "user")), silence, history, asked.learning(KEY, said))

    def learning_where(self, settings: timedelta) -> timedelta:
        """For how long a log may say nothing and still count as whole, given what the settings say; 0 is for ever."""
        return settings if self.learning is None or not settings else self.learning

    def reach(self, settings: timedelta) -> timedelta:  # noqa: ARG002 - as of first-seen rules
        """How far before the window the rule looks."""
        return self.history

    def query(
        self,
        parts: Sequence[Part],
        histories: Sequence[str],  # noqa: ARG002 - as of first-seen rules
        learning: timedelta,
    ) -> SilenceSql:
        """Rows of `event_id, time`, what each part shows, and when the same values were seen last."""
        heard = ""
        wait = self.learning_where(learning)
        days = f"INTERVAL {int(self.silence.total_seconds())} SECONDS"
        if wait:
            # The last beginning before the match decides.
            heard = (
                f"\nASOF JOIN {BEGINNINGS} AS log ON found.source = log.source AND found.time >= log.began\n"
                f"WHERE found.time >= log.began + {days}"
            )
        history = f"INTERVAL {int(self.history.total_seconds())} SECONDS"
        shown = ", ".join(f"shown{number}" for number in range(len(parts[0].shown)))
        sql = (
            f"SELECT event_id, time, {shown}, strftime(before, '%Y-%m-%d %H:%M:%S') AS more FROM (\n"
            f"{with_before(parts)}\n"
            f"QUALIFY time - before >= {days} AND time - before <= {history}\n"
            f") AS found{heard}"
        )
        return SilenceSql(seen_before(parts), sql)
