"""Median and 90th percentile of what was measured; what could not be measured is counted, and is never zero."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """How values lie. The median is the middle value, or the mean of the two in the middle.

    The 90th percentile is by nearest rank: the smallest value that at least nine tenths do not exceed. Both are None
    where nothing was measured.
    """

    measured: int
    not_measured: int
    median: float | None
    percentile_90: float | None


def spread(values: Iterable[float | None]) -> Spread:
    """The spread of values; None stands for one that could not be measured."""
    every = list(values)
    known = sorted(value for value in every if value is not None)
    missing = len(every) - len(known)
    if not known:
        return Spread(0, missing, None, None)
    rank = math.ceil(len(known) * 9 / 10)
    return Spread(len(known), missing, float(median(known)), float(known[rank - 1]))
