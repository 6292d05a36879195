"""The times of many syslog lines at once, in their order: a minute is read once, its seconds are added."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from breachwatch.parse.columns import EARLIEST, LATEST
from breachwatch.parse.syslog_heads import NO_TIME, STAMP, Bytes, Flags, Ints
from breachwatch.parse.syslogtime import SyslogClock

_MINUTE: Final = 13  # characters of `Apr  3 00:17:`
_SECOND: Final = 1_000_000
_FEW: Final = 6  # lines that are read faster one by one
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST, _LATEST = (int(np.datetime64(moment, "us").astype(np.int64)) for moment in (EARLIEST, LATEST))


class MinuteRuns:
    """Runs of lines with the same minute; `starts` says where each begins."""

    def __init__(self, clock: SyslogClock, stamp: Bytes, times: Ints, traditional: Flags) -> None:
        self._clock = clock
        self._stamp = stamp
        self._times = times
        changed = np.ones(len(stamp), np.bool_)
        if len(stamp) > 1:
            changed[1:] = (stamp[1:, :_MINUTE] != stamp[:-1, :_MINUTE]).any(axis=1)
            changed[1:] |= ~traditional[:-1]  # the lines between may have moved the clock on
        self.starts: Ints = np.flatnonzero(changed & traditional)
        breaks = np.flatnonzero(changed | ~traditional)
        after = np.searchsorted(breaks, self.starts, "right")
        self._ends: Ints = np.append(breaks, len(stamp))[after]

    def read(self, number: int) -> None:
        """Read the times of one run; runs, and lines read elsewhere, must come in the order of the lines."""
        start, end = int(self.starts[number]), int(self._ends[number])
        if end - start < _FEW:
            for line in range(start, end):
                self._put(line, self._clock.yearless(self._text(line)))
            return
        first = self._clock.yearless(self._text(start))
        seconds = (self._stamp[start:end, 13].astype(np.int64) - 48) * 10 + self._stamp[start:end, 14] - 48
        steady = self._clock.minute() if first is not None else None
        if steady is not None and int(seconds.max()) < 60:
            self._times[start:end] = micros(steady) + seconds * _SECOND
            return
        self._put(start, first)
        for line in range(start + 1, end):
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
