"""Sigma correlations as DuckDB SQL: sliding windows per group, merged into episodes.

A *match* is one event of a rule that the correlation is over, or one moment at which an inner correlation held. At each
match a window of `timespan` is looked at; where the condition holds there, the match is an *anchor*. Windows of one
group that overlap are one *episode*: one finding, with every event that took part in any of its windows.

Windows look back: [time - timespan, time], both ends included. Two kinds of condition cannot be judged before their
time is over, and look ahead instead, from the first event of the window on: `a and not b` (b is absent in the timespan
that begins with a) and alternatives (`a or b`, two of three rules in order). Such a window counts only once it was
wholly read: one that would end at or after the end of a scan is left to the next, which finds it, once.

What the specification leaves open, and what holds here:

- Groups are compared regardless of case, as Sigma compares values, and shown as their first match writes them.
- An event without a time, or without a value for a group-by field or for the field that is counted or measured, takes
  no part. Values are counted regardless of case; several fields of value_count count their combinations.
- event_count counts what an event stands for (`repeat_count`), and an event that several rules match once.
- temporal_ordered wants the rules in their order, each by another event. Events of one log that have the same time are
  in the order of that log. Of events with the same time in different logs nobody can tell the order, since many logs
  write whole seconds: they count as in order.
- A condition that would hold where nothing happens (`not a`) is refused.
- An inner correlation takes part at the moments at which its condition held, each once, and brings its events along. It
  has no other fields than those it groups by.

Sigma specification 2.1, "Correlation rules"; boolean conditions as pySigma 2 reads them (specification issue 198).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from breachwatch.detect.correlation.query import OBSERVED_UNTIL, READ_FROM, CorrelationSql

if TYPE_CHECKING:
    from breachwatch.detect.correlation.build import correlation_sql
    from breachwatch.detect.correlation.matches import BaseSearch, Searches
    from breachwatch.detect.correlation.plan import RANGE_KEY

__all__ = [
    "OBSERVED_UNTIL",
    "RANGE_KEY",
    "READ_FROM",
    "BaseSearch",
    "CorrelationSql",
    "Searches",
    "correlation_sql",
]

_MAKERS = {"BaseSearch": "matches", "RANGE_KEY": "plan", "Searches": "matches", "correlation_sql": "build"}


def __getattr__(name: str) -> Any:
    # pySigma is loaded by what makes queries, not by what runs one that was kept.
    if name in _MAKERS:
        return getattr(import_module(f"{__name__}.{_MAKERS[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
