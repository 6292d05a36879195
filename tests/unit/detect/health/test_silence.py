"""What counts as an unusual silence, learned from a source's own past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from breachwatch.detect.health.kinds import Silence
from breachwatch.detect.health.silence import Heard, Silent, delay, is_silent

HOUR = timedelta(hours=1)
ASKED = Silence()
CHICAGO = ZoneInfo("America/Chicago")
# Monday, 2026-11-02, to the night of Thursday, 2026-11-26, all in standard time.
START = datetime(2026, 11, 2, 6, tzinfo=UTC)


def heard(hours: list[datetime], *, late: timedelta = timedelta(minutes=5)) -> Heard:
    """A source with events in these hours, read every night at 04:15 local time."""
    arrivals = []
    looked = START.replace(hour=10, minute=15)
    while looked <= max(hours) + 2 * timedelta(days=1):
        known = [hour for hour in hours if hour + late <= looked]
        if known:
            arrivals.append((looked, max(known)))
        looked += timedelta(days=1)
    return Heard("app", max(hours) + timedelta(minutes=50), frozenset(hours), tuple(arrivals))


def hours_of(days: int, local: range = range(24), weekend: bool = True) -> list[datetime]:
    every = (START + n * HOUR for n in range(days * 24))
    at = ((hour, hour.astimezone(CHICAGO)) for hour in every)
    return [hour for hour, here in at if here.hour in local and (weekend or here.weekday() < 5)]


def judged(source: Heard, hours_later: float) -> Silent | None:
    return is_silent(source, source.newest + hours_later * HOUR, CHICAGO, ASKED)


def test_a_log_that_never_rests_is_silent_after_a_few_hours() -> None:
    source = heard(hours_of(20))
    assert judged(source, 2) is None
    silent = judged(source, 6)
    assert silent is not None
    assert silent.lasts == 6 * HOUR


def test_nights_and_weekends_of_an_office_are_no_silence_and_a_working_day_is() -> None:
    source = heard(hours_of(19, range(8, 18), weekend=False))  # the last hour is on Friday afternoon
    assert source.newest.astimezone(CHICAGO).strftime("%a %H") == "Fri 17"
    assert judged(source, 58) is None  # Monday, 04:00
    assert judged(source, 58 + 24) is not None  # Tuesday, 04:00: nothing on Monday


def test_one_outage_does_not_hide_the_next() -> None:
    hours = hours_of(24)
    outage = [hour for hour in hours if not START + 200 * HOUR <= hour < START + 240 * HOUR]
    assert judged(heard(outage), 12) is not None


def test_silences_that_come_again_and_again_are_usual() -> None:
    hours = [hour for hour in hours_of(24) if (hour - START) // (10 * HOUR) % 2 == 0]  # ten hours on, ten off
    assert judged(heard(hours), 14) is None


def test_a_log_that_always_comes_late_is_not_silent_for_that() -> None:
    source = heard(hours_of(20), late=timedelta(hours=30))
    usual = delay(source.arrivals)
    assert timedelta(hours=29) < usual < timedelta(hours=32)
    assert judged(source, 31) is None
    assert judged(source, 60) is not None


@pytest.mark.parametrize(("days", "later"), [(10, 24.0), (20, 24.0 * 29)], ids=["too young", "an old story"])
def test_what_is_too_young_or_long_over_is_left_alone(days: int, later: float) -> None:
    assert judged(heard(hours_of(days)), later) is None


def test_logs_that_came_at_once_are_an_archive() -> None:
    source = heard(hours_of(20))
    archive = Heard("app", source.newest, source.hours, ((source.newest + HOUR, source.newest),))
    assert judged(archive, 24) is None
