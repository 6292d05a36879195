"""Whether a source has been silent for longer than is usual for it.

Learned from the source's own events of the last weeks, hour by hour of the week in the city's time zone: `usual` is
the share of weeks in which an hour had events. A silence weighs as many hours as it would usually have heard: a night
without sign-ins weighs nothing, a working day eight or nine. It is unusual where it weighs three hours or more and
twice as much as the heaviest of the past silences but one (one outage does not hide the next).

Logs arrive late (a file copied at midnight is hours old when it is read): the usual delay, the median over the runs
that brought something, is taken off the silence first. A source that came in fewer than three runs, or not for
`history`, is an archive and no live log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from breachwatch.detect.health.kinds import Silence

_HOUR = timedelta(hours=1)
_LEAST_WEIGHT = 3.0
_TIMES = 2.0
_LEAST_RUNS = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a source: its first and newest event, the hours with events, and what each run brought.

    All times are aware UTC; `hours` are whole hours. `arrivals`: when a run looked, and the newest event it brought.
    """

    source: str
    newest: datetime
    hours: frozenset[datetime]
    arrivals: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Silent:
    """A silence that is too long: how long, and what it weighs beside those of the past (None: the settings say)."""

    lasts: timedelta
    weight: float | None = None
    usual: float | None = None


def is_silent(heard: Heard, until: datetime, zone: ZoneInfo, asked: Silence) -> Silent | None:
    """The silence of a source at `until` (aware), where it is longer than its own past lets expect."""
    lasts = until - heard.newest
    begin = heard.newest - asked.history
    hours = sorted(hour for hour in heard.hours if begin <= hour <= heard.newest)
    if lasts < asked.floor or lasts > asked.history or not hours or len(heard.arrivals) < _LEAST_RUNS:
        return None
    if heard.newest - hours[0] < asked.least:
        return None
    usual = _usual(hours, zone)
    past = sorted((_weight(one + _HOUR, two, usual, zone) for one, two in _pairs(hours)), reverse=True)
    heaviest = past[1] if len(past) > 1 else 0.0
    end = until - delay(heard.arrivals)
    weight = _weight(hours[-1] + _HOUR, end, usual, zone)
    if weight < _LEAST_WEIGHT or weight < _TIMES * heaviest:
        return None
    return Silent(lasts, weight, heaviest)


def delay(arrivals: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """How old the newest event usually is when a run looks."""
    newest: datetime | None = None
    lags = []
    for looked, brought in sorted(arrivals):
        newest = brought if newest is None else max(newest, brought)
        lags.append(max(looked - newest, timedelta()))
    return timedelta(seconds=median(lag.total_seconds() for lag in lags)) if lags else timedelta()


def _usual(hours: Sequence[datetime], zone: ZoneInfo) -> dict[tuple[int, int], float]:
    """For each hour of the week (weekday, hour, local) the share of the weeks in which it had events."""
    active = Counter(_slot(hour, zone) for hour in hours)
    listed: Counter[tuple[int, int]] = Counter()
    at = hours[0]
    while at <= hours[-1]:
        listed[_slot(at, zone)] += 1
        at += _HOUR
    return {slot: active[slot] / count for slot, count in listed.items()}


def _weight(start: datetime, end: datetime, usual: dict[tuple[int, int], float], zone: ZoneInfo) -> float:
    """How many hours of [start, end) usually have events; `start` is a whole hour."""
    weight, at = 0.0, start
    while at + _HOUR <= end:
        weight += usual.get(_slot(at, zone), 0.0)
        at += _HOUR
    return weight


def _slot(hour: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = hour.astimezone(zone)
    return local.weekday(), local.hour


def _pairs(hours: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    return [(one, two) for one, two in pairwise(hours) if two - one > _HOUR]
