"""Whether a legal clock was kept: the time of sending against the safe and the latest date."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.respond.duties.standing import Duty


class Kept(StrEnum):
    """How a clock was kept."""

    BEFORE_SAFE = "met before the safe date"
    BEFORE_LATEST = "met after the safe date, before the latest"
    MISSED = "missed"  # sent after the latest date, or not sent when it had passed
    OPEN = "open"  # required, not sent, and the latest date has not passed
    IN_WORDS = "in words"  # the law names no number of hours or days
    UNDECIDED = "not decided"  # proposed, and counsel has not decided


def sent_at(duty: Duty) -> datetime | None:
    """When it was first sent (aware UTC); None where it was not."""
    return min((step.at for step in duty.steps if step.step is DutyStep.SENT), default=None)


def kept(duty: Duty, now: datetime) -> Kept | None:
    """How the clock of one obligation was kept at `now`; None where it does not count, as counsel decided.

    Where the clock that the law names has not begun, and only a cautious reading has, nothing can be missed.
    """
    if not duty.counts:
        return None
    if duty.decision is None or duty.reopened or duty.decision.outcome is not DutyOutcome.REQUIRED:
        return Kept.UNDECIDED
    if not duty.obligation.deadline.kind.counted:
        return Kept.IN_WORDS
    sent, safe, latest = sent_at(duty), duty.due.safe, duty.due.latest
    if sent is None:
        passed = latest is not None and now > latest and not duty.due.paused
        return Kept.MISSED if passed else Kept.OPEN
    if safe is None or sent <= safe:
        return Kept.BEFORE_SAFE
    return Kept.BEFORE_LATEST if latest is None or sent <= latest else Kept.MISSED
