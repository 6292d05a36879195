"""Times as syslog writes them, brought to UTC.

RFC 3164 (section 4.1.2) times have no year and no zone: `Apr  3 00:17:01`.

The year. No time of a segment is later than the file's modification time plus a day of slack (a clock ahead, a file
copied without its time). Where the months of neighbouring lines fall back by half a year or more (December, then
January) a new year has begun. Where they leap back to where they were (a device that booted with its clock at 1 January
among others that are right) or from January to December (a file in reverse order, a late line) it has not. So every
line has its year relative to the first line, and the whole is set as late as the slack allows. A segment that holds
several turns of the year is right as long as its lines are in order; which years lie between it and *later* segments of
the same file cannot be seen from it.

The zone is the source's. In the hour that the end of summer time repeats, the earlier reading is taken, unless it lies
more than a minute before the line above: then the second pass of that hour has begun. A time that the start of summer
time skips is read with the offset in force before the change. 29 February counts only in leap years.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
SLACK: Final = timedelta(days=1)

_YEARLESS = re.compile(rb"^(?:<\d{1,3}>)? ?([A-Z][a-z]{2}) {1,2}(\d{1,2}) \d\d:\d\d:\d\d", re.MULTILINE)
_NEW_YEAR = 6  # months by which neighbouring lines fall back when a year has begun between them
_OLD_YEAR = 11  # months by which they leap ahead when the lines run backwards
_FEW_LINES = 3
_SECOND_PASS = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_READ = 1024 * 1024
_LINE_HEAD = 64


class SyslogClock:
    """Reads the times of one segment, line by line in their order. Gives naive UTC datetimes, None for no such time."""

    def __init__(self, modified_at: datetime, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._latest = (modified_at + SLACK).astimezone(self._zone).replace(tzinfo=None)
        self._base_year: int | None = None
        self._years = Years()
        self._days: dict[tuple[str, int], tuple[int, int, int] | None] = {}
        self._offsets: dict[datetime, timedelta | None] = {}
        self._before: datetime | None = None
        self._changing = False  # the last time lay in an hour in which the zone's offset changes
        self._minute_text = ""
        self._minute: datetime | None = None
        self._last_text = ""
        self._last: datetime | None = None

    def look_ahead(self, data: BinaryIO) -> None:
        """Find the turns of the year in the whole segment; leaves `data` at its start."""
        years = Years()
        kept = b""
        data.seek(0)
        while chunk := data.read(_READ):
            lines = kept + chunk
            end = lines.rfind(b"\n") + 1
            kept = lines[end : end + _LINE_HEAD] if end else lines[:_LINE_HEAD]
            years.count(_YEARLESS.findall(lines, 0, end))
        years.count(_YEARLESS.findall(kept))
        data.seek(0)
        self.settle(years)

    def settle(self, years: Years) -> None:
        """Take the years from the days of all lines of the segment."""
        candidates = [self._latest_year(*latest) - turn for turn, latest in years.deciding()]
        self._base_year = min(candidates, default=None)

    def yearless(self, text: str) -> datetime | None:
        """The time of `Apr  3 00:17:01`, optionally with a fraction."""
        if text == self._last_text:
            return self._last
        if self._minute is not None and text[:-2] == self._minute_text and text[-2:] < "60":
            self._last_text, self._last = text, self._minute.replace(second=int(text[-2:]))
            return self._last
        clock = text[-8:] if "." not in text else text[text.rindex(" ") + 1 :]
        day_text = text[: -len(clock) - 1]
        month = MONTHS.get(day_text[:3])
        if month is None:
            return None
        turn = self._years.turn(month)
        day = self._days.get((day_text, turn), ())
        if day == ():
            day = self._days[day_text, turn] = self._day(month, day_text[4:], turn)
        self._last_text = text
        self._last = None if not day else self._at(*day, clock)
        # Within a minute only the seconds change, unless the clocks do.
        steady = self._last is not None and len(clock) == 8 and clock[6:] != "60" and not self._changing
        self._minute_text, self._minute = text[:-2], self._last if steady else None
        return self._last

    @property
    def steady(self) -> bool:
        """Whether the times of the hour that was read last differ by their minutes and seconds alone."""
        return self._minute is not None

    def with_year(self, year: int, month_name: str, day: str, clock: str) -> datetime | None:
        """The time of `Jan  6 2009 15:22:26`, in the source's zone."""
        month = MONTHS.get(month_name)
        return None if month is None else self._at(year, month, int(day), clock)

    def iso(self, text: str) -> datetime | None:
        """The time of RFC 3339 or ISO 8601; without an offset it is in the source's zone."""
        if text == self._last_text:
            return self._last
        self._last_text = text
        self._last = self._iso(text)
        return self._last

    def _iso(self, text: str) -> datetime | None:
        leap = text[17:19] == "60"  # a leap second is the second after :59
        try:
            moment = datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text)
            offset = moment.utcoffset()
            moment = moment.replace(tzinfo=None)
            moment = self._to_utc(moment) if offset is None else moment - offset
            return moment + timedelta(seconds=1) if leap else moment
        except (ValueError, OverflowError):
            return None

    def _day(self, month: int, day_text: str, turn: int) -> tuple[int, int, int] | None:
        day = int(day_text)
        latest = self._latest_year(month, day)
        year = latest if self._base_year is None else min(latest, self._base_year + turn)
        if month == 2 and day == 29:
            while not _exists(year, 2, 29) and year > 1970:
                year -= 1
        return (year, month, day) if _exists(year, month, day) else None

    def _latest_year(self, month: int, day: int) -> int:
        """The latest year in which that day is not after the file's time plus slack."""
        year = self._latest.year
        return year if (month, day) <= (self._latest.month, self._latest.day) else year - 1

    def _at(self, year: int, month: int, day: int, clock: str) -> datetime | None:
        try:
            second = int(clock[6:8])
            leap = second == 60
            fraction = int(clock[9:15].ljust(6, "0")) if len(clock) > 8 else 0
            local = datetime(year, month, day, int(clock[:2]), int(clock[3:5]), 59 if leap else second, fraction)  # noqa: DTZ001
            moment = self._to_utc(local)
            return moment + timedelta(seconds=1) if leap else moment
        except (ValueError, OverflowError):
            return None

    def _to_utc(self, local: datetime) -> datetime:
        hour = local.replace(minute=0, second=0, microsecond=0)
        if hour in self._offsets:
            offset = self._offsets[hour]
        else:
            offset = self._offsets[hour] = self._steady_offset(hour)
        self._changing = offset is None
        moment = self._in_change(local) if offset is None else local - offset
        self._before = moment
        return moment

    def _steady_offset(self, hour: datetime) -> timedelta | None:
        """The zone's offset if it is one and the same throughout this local hour, else None."""
        around = [hour + step for step in (timedelta(0), timedelta(minutes=30), _HOUR - timedelta(microseconds=1))]
        offsets = {moment.replace(tzinfo=self._zone, fold=fold).utcoffset() for moment in around for fold in (0, 1)}
        return offsets.pop() if len(offsets) == 1 else None

    def _in_change(self, local: datetime) -> datetime:
        earlier, later = (
            local.replace(tzinfo=self._zone, fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)
        )
        if later <= earlier:  # a time that was skipped, or an hour that is ambiguous only in part
            return earlier
        return later if self._before is not None and earlier < self._before - _SECOND_PASS else earlier


class Years:
    """Counts the turns of the year from the months of lines in their order."""

    def __init__(self) -> None:
        self._month = 0
        self._turn = 0
        self._months_before: list[int] = []  # the month before each turn that has not been taken back
        self._latest: dict[int, tuple[int, int]] = {}
        self._lines: dict[int, int] = {}

    def turn(self, month: int) -> int:
        """Years since the first line."""
        if month != self._month:
            if self._month:
                self._step(self._month, month)
            self._month = month
        return self._turn

    def _step(self, before: int, month: int) -> None:
        if before - month >= _NEW_YEAR:
            self._turn += 1
            self._months_before.append(before)
        elif month - before >= _NEW_YEAR and self._months_before and abs(self._months_before[-1] - month) <= 1:
            self._turn -= 1
            self._months_before.pop()
        elif month - before >= _OLD_YEAR:
            self._turn -= 1

    def count(self, days: list[tuple[bytes, bytes]]) -> None:
        """Take note of the (month name, day) of lines."""
        for (month_name, day_text), lines in groupby(days):
            self.note(month_name, day_text, sum(1 for _ in lines))

    def count_head(self, line: bytes) -> None:
        """Take note of the day that the head of a line tells, if it tells one."""
        found = _YEARLESS.match(line)
        if found is not None:
            self.note(found[1], found[2], 1)

    def note(self, month_name: bytes, day_text: bytes, lines: int) -> None:
        """Take note of lines of one day that follow each other."""
        month = MONTHS.get(month_name.decode("ascii"))
        if month is not None:
            turn, day = self.turn(month), (month, int(day_text))
            if day > self._latest.get(turn, (0, 0)):
                self._latest[turn] = day
            self._lines[turn] = self._lines.get(turn, 0) + lines

    def deciding(self) -> list[tuple[int, tuple[int, int]]]:
        """The turns that say which year it is, with the latest day of each.

        A turn that was taken back, or that has next to no lines, is a clock gone wrong and has no say.
        """
        enough = max(_FEW_LINES, sum(self._lines.values()) // 100)
        steady = {turn: day for turn, day in self._latest.items() if turn <= self._turn and self._lines[turn] >= enough}
        return list((steady or self._latest).items())


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
