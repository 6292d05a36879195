"""Randomness that is the same on every machine and Python: seeded by text, integers only.

Floating point is left out on purpose: the last digit of a logarithm differs between C libraries.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One stream of chance. Everybody who acts has their own, so that a new actor does not shift the others."""

    __slots__ = ("_random",)

    def __init__(self, name: str) -> None:
        self._random = random.Random(name)  # noqa: S311  (a simulation, nothing secret; text seeds go through SHA-512)

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self._random.randrange(high - low + 1)

    def chance(self, per_thousand: int) -> bool:
        """True in `per_thousand` of a thousand cases."""
        return self._random.randrange(1000) < per_thousand

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[self._random.randrange(len(items))]

    def weighted(self, items: Sequence[tuple[T, int]]) -> T:
        """One of the (item, weight) pairs' items, as likely as its whole-numbered weight."""
        ticket = self._random.randrange(sum(weight for _, weight in items))
        for item, weight in items:
            ticket -= weight
            if ticket < 0:
                return item
        raise AssertionError("the ticket is below the sum of the weights")

    def times(self, count: int, start: int, end: int) -> list[int]:
        """`count` moments in [start, end), in order."""
        return sorted(start + self._random.randrange(end - start) for _ in range(count))

    def amount(self, thousandths: int) -> int:
        """A whole number that is `thousandths`/1000 on average: 2500 gives 2 or 3."""
        whole, rest = divmod(thousandths, 1000)
        return whole + (1 if self.chance(rest) else 0)

    def port(self) -> int:
        """A port of the dynamic range that a client's side of a connection uses."""
        return self.between(49152, 65535)
