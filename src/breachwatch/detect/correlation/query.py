"""A correlation as one query: what it is, and what is told to it before it runs."""

from __future__ import annotations

from dataclasses import dataclass

READ_FROM = "read_from"
"""DuckDB variable: the earliest time of the events that were read. Unset means that all were."""

OBSERVED_UNTIL = "observed_until"
"""DuckDB variable: events before this time were read, and no later ones. Unset means that all were."""


@dataclass(frozen=True, slots=True)
class CorrelationSql:
    """A correlation as one query; a row an episode.

    Its columns: `grouped_by` (the group's values in lower case), `first_time`, `last_time` and `event_count` of the
    events, `event_ids` in time order, `named` (the group's values as written), `more` (what else is to be said, or
    NULL), `start` (when the episode's first window begins) and `first_match` (the event there): group and first match
    are the episode's identity, whatever is added to its end.
    """

    sql: str
    group_by: tuple[str, ...]
    seconds: int  # the longest time from the first event of a window to its end, inner correlations included
    ahead: bool = False  # some of its windows look ahead: what is found need not have an event that is new
    absent: tuple[str, ...] = ()  # ids (else names) of the rules whose absence it asks for
