"""Which of the rule types beside Sigma a rule is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from breachwatch.detect.analytics.dormant import Dormant
from breachwatch.detect.analytics.first_seen import FirstSeen
from breachwatch.detect.analytics.impossible_travel import ImpossibleTravel

Silence = FirstSeen | Dormant
"""Rules that ask how long ago the same values were seen."""

Analytic = Silence | ImpossibleTravel

KEYS = ("first_seen", "dormant", "impossible_travel")


def analytic_of(custom: Mapping[str, Any]) -> Analytic | None:
    """The analytic type that a rule names under its own key; None for a plain rule. Raises ValueError."""
    named = [key for key in KEYS if custom.get(key) is not None]
    if len(named) > 1:
        msg = f"a rule can be of one type only, not `{named[0]}` and `{named[1]}`"
        raise ValueError(msg)
    if not named:
        return None
    return FirstSeen.of(custom) or Dormant.of(custom) or ImpossibleTravel.of(custom)
