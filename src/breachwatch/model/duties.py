"""The words of duties: what counsel decided, how far a notice is, how a clock stands."""

from __future__ import annotations

from enum import StrEnum


class DutyOutcome(StrEnum):
    """What counsel decided about an obligation."""

    REQUIRED = "required"
    NOT_REQUIRED = "not required"


class DutyStep(StrEnum):
    """What happened on the way to meeting an obligation."""

    DRAFTED = "drafted"
    APPROVED = "approved"  # by counsel
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"  # by who received it
    DELAY_BEGUN = "delay_begun"  # by an extension that pauses, such as a request of law enforcement
    DELAY_ENDED = "delay_ended"
    EXTENDED = "extended"  # by days, where the law gives them


class ClockState(StrEnum):
    """How a clock stands against its safe date: half of the time, four fifths, all of it."""

    NOT_BEGUN = "not begun"
    RUNNING = "running"
    HALF = "half gone"
    FOUR_FIFTHS = "four fifths gone"
    OVERDUE = "overdue"
    PAUSED = "paused"
    IN_WORDS = "in words"  # the law names no number
    MET = "met"


URGENCY = {
    ClockState.OVERDUE: 0,
    ClockState.FOUR_FIFTHS: 1,
    ClockState.HALF: 2,
    ClockState.RUNNING: 3,
    ClockState.IN_WORDS: 4,
    ClockState.PAUSED: 5,
    ClockState.NOT_BEGUN: 6,
    ClockState.MET: 7,
}
"""The order of a board of clocks."""
