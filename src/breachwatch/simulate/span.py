"""The simulated span of time: its days, its hours in the city's zone, its log rotations.

Moments are whole microseconds since 1970-01-01 UTC: exact, fast to compare, and the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SATURDAY = 6
_ROTATION_DAY = 3


def moment(when: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (when - _EPOCH) // timedelta(microseconds=1)


def utc(at: int) -> datetime:
    """The aware UTC time of a moment."""
    return _EPOCH + timedelta(microseconds=at)


def iso(at: int) -> str:
    """ISO 8601 in UTC with microseconds: `2026-11-20T07:01:02.000003Z`."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Span:
    """The time from `start` up to, not including, `end`, seen from a city in `zone`."""

    start: int
    end: int
    zone: ZoneInfo
    _offsets: dict[int, timedelta] = field(default_factory=dict, repr=False, compare=False)

    @property
    def days(self) -> tuple[date, ...]:
        """The city's calendar days that the span touches."""
        first, last = self.local(self.start).date(), self.local(self.end - 1).date()
        return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))

    def local(self, at: int) -> datetime:
        """The moment on the city's clocks. Offsets are remembered by the hour: zones change theirs on full hours."""
        hour = at // HOUR
        offset = self._offsets.get(hour)
        if offset is None:
            offset = utc(hour * HOUR).astimezone(self.zone).utcoffset() or timedelta()
            self._offsets[hour] = offset
        return _EPOCH.replace(tzinfo=None) + timedelta(microseconds=at) + offset

    def offset(self, at: int) -> timedelta:
        """How far the city's clocks are ahead of UTC at that moment."""
        return self.local(at) - utc(at).replace(tzinfo=None)

    def at(self, day: date, hour: int, minute: int = 0, second: int = 0) -> int:
        """The moment at which the city's clocks show this. In the hour that comes twice, the first time round."""
        return moment(datetime.combine(day, time(hour, minute, second), self.zone))

    def midnight(self, day: date) -> int:
        """The moment at which that day begins in the city."""
        return self.at(day, 0)

    def hours(self, day: date) -> list[int]:
        """The moments at which the hours of that day begin: 23, 24 or 25 of them."""
        return list(range(self.midnight(day), self.midnight(day + timedelta(days=1)), HOUR))

    def rotations(self) -> tuple[int, ...]:
        """When weekly logs are rotated within the span: Wednesdays at 00:00 (`weekly 3` in logrotate.conf)."""
        moments = (self.midnight(day) for day in self.days if day.isoweekday() == _ROTATION_DAY)
        return tuple(at for at in moments if self.start < at < self.end)

    def day_before_end(self, back: int) -> date:
        """The `back`-th last day (1: the last), or the first day where the span is shorter."""
        days = self.days
        return days[max(0, len(days) - back)]

    def working_day_before_end(self, back: int) -> date:
        """The `back`-th last day from Monday to Friday; the last of any kind where the span holds too few."""
        working = [day for day in self.days if is_working_day(day)]
        return working[-back] if back <= len(working) else self.days[-1]


def is_working_day(day: date) -> bool:
    """Monday to Friday."""
    return day.isoweekday() < _SATURDAY
