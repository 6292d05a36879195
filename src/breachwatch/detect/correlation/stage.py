"""One correlation on its way into SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from breachwatch.detect.correlation.plan import Plan


@dataclass
class Stage:
    """A correlation, its number in the query, and the correlations inside it by the step at which they take part.

    `seconds` is the longest time from the first event of one of its windows to that window's end, inner ones included.
    """

    name: str
    plan: Plan
    seconds: int
    inner: list[tuple[int, Stage]] = field(default_factory=list)

    def cte(self, part: str) -> str:
        """The name of one of its common table expressions."""
        return f"{self.name}_{part}"


def listed(steps: Iterable[int]) -> str:
    """Steps as an SQL list's inside."""
    return ", ".join(map(str, steps))
