"""How a clock stands against its safe date: half of the time gone, four fifths, all of it."""

from __future__ import annotations

from datetime import datetime

from breachwatch.model.duties import ClockState
from breachwatch.respond.clocks.due import Due
from breachwatch.respond.law.words import DeadlineKind


def clock_state(found: Due, kind: DeadlineKind, *, met: bool, now: datetime) -> ClockState:
    """The state of a clock at `now` (aware); a deadline in words has no other than met or not."""
    if met:
        return ClockState.MET
    if found.paused:
        return ClockState.PAUSED
    if found.safe is None:
        return ClockState.NOT_BEGUN if kind.counted else ClockState.IN_WORDS
    if now > found.safe:
        return ClockState.OVERDUE
    start = found.counted_from or now
    whole = (found.safe - start).total_seconds()
    gone = (now - start).total_seconds() / whole if whole > 0 else 1.0
    if gone >= 0.8:
        return ClockState.FOUR_FIFTHS
    return ClockState.HALF if gone >= 0.5 else ClockState.RUNNING
