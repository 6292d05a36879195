"""Calendars of legal holidays, and the days on which a city's office is closed.

The calendar is part of a profile: lists of public holidays made for other purposes add days that are only optional or
"observed", and leave out days that the law counts (Tex. Gov't Code 662.003; Cal. Code Civ. Proc. 135).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, model_validator

from breachwatch.respond.law.words import Confidence, Part, Slug, Words

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_LONGEST = 4000
"""Days that a count of business days looks at before it gives up: a calendar that closes every day is an error."""


class HolidayClass(StrEnum):
    """Whose holiday it is. Only national ones are left out of the cautious count."""

    NATIONAL = "national"
    STATE = "state"


class Holiday(Part):
    """A holiday by its rule: a fixed date, the nth or last weekday of a month, or some days after the nth."""

    name: Words
    rule: Literal["fixed", "nth", "last", "after_nth"]
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    weekday: Weekday | None = None
    n: Annotated[int, Field(ge=1, le=5)] | None = None
    plus_days: Annotated[int, Field(ge=1, le=6)] | None = None
    kind: HolidayClass = HolidayClass.STATE
    since: date | None = None  # the first year in which it counts

    @model_validator(mode="after")
    def _complete(self) -> Holiday:
        needed = {
            "fixed": {"day"},
            "nth": {"weekday", "n"},
            "last": {"weekday"},
            "after_nth": {"weekday", "n", "plus_days"},
        }[self.rule]
        given = {key for key in ("day", "weekday", "n", "plus_days") if getattr(self, key) is not None}
        if given != needed:
            msg = f"a holiday by the rule {self.rule!r} needs {' and '.join(sorted(needed))}, and nothing else"
            raise ValueError(msg)
        if self.day is not None and self.day > monthrange(2024, self.month)[1]:
            msg = f"month {self.month} has no day {self.day}"
            raise ValueError(msg)
        return self

    def on(self, year: int) -> date | None:
        """The day in a year; None where that year has none, such as 29 February or a fifth Friday."""
        if self.since is not None and year < self.since.year:
            return None
        last = monthrange(year, self.month)[1]
        if self.rule == "fixed":
            return date(year, self.month, self.day) if self.day is not None and self.day <= last else None
        wanted = _WEEKDAYS.index(self.weekday or "mon")
        if self.rule == "last":
            end = date(year, self.month, last)
            return end - timedelta(days=(end.weekday() - wanted) % 7)
        first = date(year, self.month, 1)
        day = 1 + (wanted - first.weekday()) % 7 + 7 * ((self.n or 1) - 1)
        if day > last:
            return None
        return date(year, self.month, day) + timedelta(days=self.plus_days or 0)


class ClosedDays(Part):
    """A weekday on which the city's office is closed all day, such as every other Friday."""

    weekday: Weekday
    every_weeks: Annotated[int, Field(ge=1, le=8)] = 1
    first: date
    last: date | None = None
    reason: Words

    @model_validator(mode="after")
    def _fits(self) -> ClosedDays:
        if _WEEKDAYS[self.first.weekday()] != self.weekday:
            msg = f"the first closed day {self.first} is a {_WEEKDAYS[self.first.weekday()]}, not a {self.weekday}"
            raise ValueError(msg)
        if self.last is not None and self.last < self.first:
            msg = f"the last closed day {self.last} is before the first, {self.first}"
            raise ValueError(msg)
        return self

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day < self.first or (self.last is not None and day > self.last):
            return False
        return (day - self.first).days % (7 * self.every_weeks) == 0


class Closure(Part):
    """One day on which the city's office is closed all day."""

    day: date
    reason: Words


class Calendar(Part):
    """Which days are no business days."""

    id: Slug
    weekend: tuple[Weekday, ...] = ("sat", "sun")
    holidays: tuple[Holiday, ...]
    not_holidays: tuple[Words, ...] = ()  # days that other lists name and this law does not
    closed_days: tuple[ClosedDays, ...] = ()
    closures: tuple[Closure, ...] = ()
    note: str = ""
    citation: Words
    confidence: Confidence

    @model_validator(mode="after")
    def _some_days_are_left(self) -> Calendar:
        if len(set(self.weekend)) > 3:
            msg = "a week needs at least four days that are no weekend"
            raise ValueError(msg)
        return self

    def why_closed(self, day: date, *, cautious: bool = False) -> str:
        """Why a day is no business day, empty for one that is. `cautious` knows weekends and national holidays only."""
        if _WEEKDAYS[day.weekday()] in self.weekend:
            return f"{day:%A}"
        for holiday in self.holidays:
            if (not cautious or holiday.kind is HolidayClass.NATIONAL) and day in _days(holiday, day.year):
                return holiday.name
        if cautious:
            return ""
        closed = (item.reason for item in self.closures if item.day == day)
        regular = (item.reason for item in self.closed_days if day in item)
        return next(closed, "") or next(regular, "")

    def roll(self, day: date) -> tuple[date, tuple[str, ...]]:
        """The day itself, or the next business day after it; with what was stepped over."""
        steps = []
        while why := self.why_closed(day):
            steps.append(f"{day:%a %Y-%m-%d} is no business day ({why})")
            day += timedelta(days=1)
            if len(steps) > _LONGEST:
                raise ValueError(_endless(self.id))
        return day, tuple(steps)

    def add_business_days(self, start: date, amount: int, *, cautious: bool = False) -> tuple[date, tuple[str, ...]]:
        """The `amount`th business day after `start`, which does not count itself; with the days that were left out."""
        day, steps = start, []
        while amount:
            day += timedelta(days=1)
            why = self.why_closed(day, cautious=cautious)
            if not why:
                amount -= 1
            elif _WEEKDAYS[day.weekday()] not in self.weekend:
                steps.append(f"{day:%a %Y-%m-%d} does not count ({why})")
            if (day - start).days > _LONGEST:
                raise ValueError(_endless(self.id))
        return day, tuple(steps)

    def of_year(self, year: int) -> tuple[tuple[date, str], ...]:
        """The holidays of a year in order, each with its name."""
        return tuple(sorted((day, holiday.name) for holiday in self.holidays for day in _days(holiday, year)))


@lru_cache(maxsize=4096)
def _days(holiday: Holiday, year: int) -> tuple[date, ...]:
    """The holiday's days in a year; one some days after the nth weekday may come from the month before."""
    found: Iterable[date | None] = (holiday.on(near) for near in (year - 1, year))
    return tuple(day for day in found if day is not None and day.year == year)


def _endless(name: str) -> str:
    return f"the calendar {name!r} has no business day within ten years; check its closures"
