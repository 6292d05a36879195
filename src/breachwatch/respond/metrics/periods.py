"""Months and spans of the city's calendar. A day begins at midnight in the city's zone, also where clocks change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from breachwatch.errors import UsageError

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` up to and without `until` (both aware UTC), in a zone whose months it is cut into."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    @property
    def first_day(self) -> date:
        """The first day of the city's calendar of which some belongs to it."""
        return self.since.astimezone(self.zone).date()

    @property
    def months(self) -> tuple[str, ...]:
        """The months of which some belongs to it, in order, as 2026-11."""
        found, month = [], month_of(self.since, self.zone)
        while begin(month, self.zone) < self.until:
            found.append(month)
            month = _next(month)
        return tuple(found)

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the city's calendar of which some belongs to it, in order."""
        last = (self.until - timedelta(microseconds=1)).astimezone(self.zone).date()
        return tuple(self.first_day + timedelta(days=count) for count in range((last - self.first_day).days + 1))

    def holds(self, at: datetime) -> bool:
        """Whether a moment (aware) lies in it."""
        return self.since <= at.astimezone(UTC) < self.until


def span(since: datetime, until: datetime, zone: ZoneInfo) -> Period:
    """The period between two moments (aware). Raises UsageError where it ends before it begins."""
    if since >= until:
        msg = f"the period ends ({until.isoformat()}) before it begins ({since.isoformat()})."
        raise UsageError(msg)
    return Period(since.astimezone(UTC), until.astimezone(UTC), zone)


def month_period(month: str, zone: ZoneInfo, *, months: int = 1) -> Period:
    """A month (2026-11) of the city's calendar, or so many `months` of which it is the last. Raises UsageError."""
    if not _MONTH.fullmatch(month) or int(month[:4]) < 1970 or int(month[:4]) > 9000:
        msg = f"{month!r} is no month. Write it like 2026-11."
        raise UsageError(msg)
    first = month
    for _ in range(months - 1):
        first = _before(first)
    return Period(begin(first, zone), begin(_next(month), zone), zone)


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """The month of the city's calendar that a moment (aware) lies in, as 2026-11."""
    return f"{at.astimezone(zone):%Y-%m}"


def begin(month: str, zone: ZoneInfo) -> datetime:
    """Midnight of the first of a month in the zone, as aware UTC."""
    return datetime.combine(date(int(month[:4]), int(month[5:]), 1), time(), zone).astimezone(UTC)


def _next(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + 1:04d}-01" if number == 12 else f"{year:04d}-{number + 1:02d}"


def _before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1:04d}-12" if number == 1 else f"{year:04d}-{number - 1:02d}"
