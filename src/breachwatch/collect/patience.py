"""How long the files of a source may take, and how often a place that does not answer is asked again.

The library is stamina (tenacity with exponential back-off and jitter as the only choice).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import monotonic

from breachwatch.collect.places import CutOffError

TRIES = 5
_FIRST_WAIT = 1.0  # seconds; doubled from try to try
_LONGEST_WAIT = 30.0

# Where nobody set up logging, a retry would be printed on the terminal: what matters of it becomes a Problem.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Patience:
    """Counts from when it is made; `minutes` bounds the run of one source."""

    def __init__(self, minutes: float, tick: Callable[[], float] = monotonic) -> None:
        self.minutes = minutes
        self._tick = tick
        self._until = tick() + minutes * 60

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when the time is over."""
        return max(0.0, self._until - self._tick())

    def check(self) -> None:
        """Raises CutOffError where the time is over."""
        if not self.left:
            what = f"the time of this source is over (max_minutes = {self.minutes:g}); the next run goes on from here"
            raise CutOffError(what, lost_data=False)

    def tries(self, on: type[Exception]) -> Iterator[AbstractContextManager[object]]:
        """Context managers, each for one try: `for trial in patience.tries(LostError): with trial: ...`.

        The block is run again where it raises `on`, with growing waits, until it was tried often enough or the time is
        over; then the error comes through.
        """
        from stamina import retry_context

        return iter(
            retry_context(
                on=on,
                attempts=TRIES,
                timeout=max(1.0, self.left),
                wait_initial=_FIRST_WAIT,
                wait_max=_LONGEST_WAIT,
            )
        )
