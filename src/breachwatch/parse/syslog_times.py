"""The times of many syslog lines at once, in their order: an hour is read once, minutes and seconds are added."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from breachwatch.parse.columns import EARLIEST, LATEST
from breachwatch.parse.syslog_heads import NO_TIME, STAMP, Bytes, Flags, Ints, is_traditional
from breachwatch.parse.syslogtime import SyslogClock, Years

_DAY: Final = 6  # characters of `Apr  3`
_HOUR: Final = 10  # and of `Apr  3 00:`
_MINUTE: Final = 13
_LINES: Final = 8192  # that are looked at together
_SECOND: Final = 1_000_000
_FEW: Final = 6  # lines that are read faster one by one
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST, _LATEST = (int(np.datetime64(moment, "us").astype(np.int64)) for moment in (EARLIEST, LATEST))


class HourRuns:
    """Runs of lines with the same hour; `starts` says where each begins."""

    def __init__(self, clock: SyslogClock, stamp: Bytes, times: Ints, traditional: Flags) -> None:
        self._clock = clock
        self._stamp = stamp
        self._times = times
        changed = np.ones(len(stamp), np.bool_)
        if len(stamp) > 1:
            changed[1:] = (stamp[1:, :_HOUR] != stamp[:-1, :_HOUR]).any(axis=1)
            changed[1:] |= ~traditional[:-1]  # the lines between may have moved the clock on
        self.starts: Ints = np.flatnonzero(changed & traditional)
        breaks = np.flatnonzero(changed | ~traditional)
        after = np.searchsorted(breaks, self.starts, "right")
        ends: Ints = np.append(breaks, len(stamp))[after]
        digits = stamp[:, _HOUR:STAMP].astype(np.int64) - ord("0")
        minutes, seconds = digits[:, 0] * 10 + digits[:, 1], digits[:, 3] * 10 + digits[:, 4]
        self._since = (minutes * 60 + seconds) * _SECOND
        wrong = np.append(0, np.cumsum((minutes >= 60) | (seconds >= 60)))
        minute = np.flatnonzero((stamp[1:, :_MINUTE] != stamp[:-1, :_MINUTE]).any(axis=1)) + 1
        last = np.append(minute, 0)[np.searchsorted(minute, ends) - 1]
        in_order = wrong[ends] == wrong[self.starts]
        self._runs = list(zip(*(found.tolist() for found in (self.starts, ends, last, in_order)), strict=True))

    def read(self, number: int) -> None:
        """Read the times of one run; runs, and lines read elsewhere, must come in the order of the lines."""
        start, end, last, in_order = self._runs[number]
        first = self._clock.yearless(self._text(start)) if end - start >= _FEW else None
        if first is not None and self._clock.steady and in_order:
            self._times[start:end] = self._since[start:end] + (micros(first) - int(self._since[start]))
            # Leave the clock as if it had read all: it looks at the first line of each minute, and at the last.
            if last > start:
                self._clock.yearless(self._text(last))
            self._clock.yearless(self._text(end - 1))
            return
        for line in range(start, end):
            self._put(line, self._clock.yearless(self._text(line)))

    def _text(self, line: int) -> str:
        return self._stamp[line, :STAMP].tobytes().decode("ascii")

    def _put(self, line: int, moment: datetime | None) -> None:
        self._times[line] = NO_TIME if moment is None else micros(moment)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a naive time in UTC."""
    return (moment - EARLIEST) // _MICROSECOND


def in_bounds(times: Ints) -> Flags:
    """Which times a column holds (see `parse.columns`)."""
    return (times >= _EARLIEST) & (times < _LATEST)


def years_of(text: bytes, starts: Ints, ends: Ints) -> Years:
    """The days that the lines of a segment tell; what `SyslogClock.look_ahead` finds, many lines at once."""
    years = Years()
    for first in range(0, len(starts), _LINES):
        here, there = starts[first : first + _LINES], ends[first : first + _LINES]
        base = int(here[0])
        block: Bytes = np.frombuffer(text[base : int(there[-1])] + bytes(STAMP + 1), np.uint8)
        stamp = block[(here - base)[:, None] + np.arange(STAMP + 1)]
        plain = is_traditional(stamp) & (there - here >= STAMP)
        # No other line can tell a day unless it begins like this.
        others = ~plain & ((stamp[:, 0] == ord("<")) | (stamp[:, 0] == ord(" ")) | ((stamp[:, 0] & 0xE0) == 0x40))
        changed = np.ones(len(here), np.bool_)
        changed[1:] = (stamp[1:, :_DAY] != stamp[:-1, :_DAY]).any(axis=1)
        changed |= others
        changed[1:] |= others[:-1]
        runs = np.flatnonzero(changed & (plain | others))
        lines = np.add.reduceat(plain.astype(np.int64), runs) if len(runs) else runs
        for run, count in zip(runs.tolist(), lines.tolist(), strict=True):
            if others[run]:
                years.count_head(text[int(here[run]) : int(there[run])])
            else:
                day = stamp[run, :_DAY].tobytes()
                years.note(day[:3], day[4:].strip(), count)
    return years
