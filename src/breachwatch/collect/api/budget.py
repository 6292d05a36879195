"""How long pulling may take. Waiting is part of it: who is told to wait longer than is left stops at once."""

from __future__ import annotations

from time import monotonic, sleep

from breachwatch.collect.api.errors import OutOfTimeError


class Budget:
    """Seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; 0 when it is over."""
        return max(0.0, self._end - monotonic())

    def check(self) -> None:
        """Raises OutOfTimeError where nothing is left."""
        if not self.left:
            raise OutOfTimeError("the time that this run may take is over")

    def wait(self, seconds: float) -> None:
        """Sleep. Raises OutOfTimeError at once where less than that is left."""
        if seconds >= self.left:
            raise OutOfTimeError(f"the service asks to wait {seconds:.0f} s, longer than this run may take")
        if seconds > 0:
            sleep(seconds)

    def share(self, parts: int) -> Budget:
        """What one of `parts` that are still to come may take."""
        return Budget(self.left / max(1, parts))
