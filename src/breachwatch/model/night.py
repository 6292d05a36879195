"""Which night a run does: taken from the time it was scheduled for, so that a late run still does its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from datetime import date as Day  # noqa: N812  `Night.date` hides the type inside the class
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Night:
    """One nightly run's night.

    `until` (aware UTC) is the scheduled moment: events from then on are left to the next night. `date` is the calendar
    day of `until` in the city's time zone and names the run.
    """

    date: Day
    until: datetime

    @classmethod
    def scheduled_at(cls, moment: datetime, zone: ZoneInfo) -> Night:
        """The night of a run that was scheduled for `moment` (aware; any zone)."""
        if moment.tzinfo is None:
            msg = "a night needs an aware time"
            raise ValueError(msg)
        return cls(moment.astimezone(zone).date(), moment.astimezone(UTC))

    @classmethod
    def on(cls, day: Day, time_of_day: time, zone: ZoneInfo) -> Night:
        """The night that is scheduled on `day` at `time_of_day` in the city's time zone."""
        return cls.scheduled_at(datetime.combine(day, time_of_day, zone), zone)
