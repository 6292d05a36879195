"""Times of syslog: the missing year, the source's zone, changes of the clock."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from breachwatch.parse.syslogtime import SyslogClock


def times(lines: list[str], modified_at: datetime, zone: str = "UTC") -> list[datetime | None]:
    clock = SyslogClock(modified_at, zone)
    clock.look_ahead(io.BytesIO("".join(f"{line} web01 sshd[1]: x\n" for line in lines).encode()))
    return [clock.yearless(line) for line in lines]


def at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[misc,arg-type]  # noqa: DTZ001 - the parser gives naive UTC


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Amsterdam", at(2026, 11, 21, 22, 30)),
        ("Pacific/Honolulu", at(2026, 11, 22, 9, 30)),
        ("America/Nuuk", at(2026, 11, 22, 1, 30)),
        ("Asia/Kathmandu", at(2026, 11, 21, 17, 45)),
    ],
)
def test_a_time_is_in_the_sources_zone(zone: str, expected: datetime) -> None:
    assert times(["Nov 21 23:30:00"], datetime(2026, 11, 23, tzinfo=UTC), zone) == [expected]


@pytest.mark.parametrize(
    ("text", "modified_at", "year"),
    [
        ("Nov 22 10:00:00", datetime(2026, 11, 22, 10, 1, tzinfo=UTC), 2026),
        ("Nov 23 09:00:00", datetime(2026, 11, 22, 10, 1, tzinfo=UTC), 2026),  # within a day of slack
        ("Nov 24 00:00:00", datetime(2026, 11, 22, 10, 1, tzinfo=UTC), 2025),
        ("Dec 31 23:59:59", datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC), 2025),
        ("Jan  1 00:00:01", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), 2026),
        ("Feb 29 12:00:00", datetime(2026, 11, 22, tzinfo=UTC), 2024),  # the last leap year
    ],
)
def test_the_year_is_the_latest_that_the_files_time_allows(text: str, modified_at: datetime, year: int) -> None:
    (moment,) = times([text], modified_at)
    assert moment is not None
    assert moment.year == year


def test_years_roll_over_more_than_once() -> None:
    lines = (
        ["Nov 30 10:00:00"] * 5 + ["Feb  1 10:00:00", "Aug 15 10:00:00", "Dec 31 23:59:59"] + ["Jan  1 00:00:01"] * 4
    )
    years = [moment.year for moment in times(lines, datetime(2026, 1, 2, tzinfo=UTC)) if moment]
    assert years == [2024] * 5 + [2025] * 3 + [2026] * 4


def test_late_lines_around_new_year_keep_their_year() -> None:
    lines = ["Dec 31 23:59:58", "Jan  1 00:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01"]
    years = [moment.year for moment in times(lines, datetime(2026, 1, 1, 1, tzinfo=UTC)) if moment]
    assert years == [2025, 2026, 2025, 2026]


def test_a_file_in_reverse_order() -> None:
    lines = ["Jan  2 10:00:00", "Jan  1 10:00:00", "Dec 31 10:00:00", "Dec 30 10:00:00"]
    years = [moment.year for moment in times(lines, datetime(2026, 1, 2, 11, tzinfo=UTC)) if moment]
    assert years == [2026, 2026, 2025, 2025]


def test_a_device_that_booted_without_a_clock_does_not_move_the_others() -> None:
    lines = ["Nov 21 10:00:00"] * 6 + ["Jan  1 00:00:07"] * 2 + ["Nov 21 10:01:00"] * 6
    years = [moment.year for moment in times(lines, datetime(2026, 11, 22, tzinfo=UTC)) if moment]
    assert years == [2026] * 14


def test_summer_time_begins() -> None:
    # Chicago, 8 March 2026: 02:00 to 03:00 does not exist; a time in it is read with the offset before the change.
    lines = ["Mar  8 01:59:59", "Mar  8 02:30:00", "Mar  8 03:00:00"]
    assert times(lines, datetime(2026, 3, 9, tzinfo=UTC), "America/Chicago") == [
        at(2026, 3, 8, 7, 59, 59),
        at(2026, 3, 8, 8, 30),
        at(2026, 3, 8, 8, 0),
    ]


def test_summer_time_ends() -> None:
    # Chicago, 1 November 2026: the hour from 01:00 comes twice. The order of the lines tells which.
    lines = ["Nov  1 00:59:00", "Nov  1 01:10:00", "Nov  1 01:50:00", "Nov  1 01:49:59", "Nov  1 01:05:00"]
    lines += ["Nov  1 01:59:00", "Nov  1 02:00:00"]
    assert times(lines, datetime(2026, 11, 2, tzinfo=UTC), "America/Chicago") == [
        at(2026, 11, 1, 5, 59),
        at(2026, 11, 1, 6, 10),
        at(2026, 11, 1, 6, 50),
        at(2026, 11, 1, 6, 49, 59),  # a second late, not an hour later
        at(2026, 11, 1, 7, 5),
        at(2026, 11, 1, 7, 59),
        at(2026, 11, 1, 8, 0),
    ]


def test_fractions_and_leap_seconds() -> None:
    modified = datetime(2026, 11, 22, tzinfo=UTC)
    assert times(["Nov 21 10:00:00.25"], modified) == [at(2026, 11, 21, 10, 0, 0, 250_000)]
    assert times(["Nov 21 10:00:59", "Nov 21 10:00:60"], modified) == [
        at(2026, 11, 21, 10, 0, 59),
        at(2026, 11, 21, 10, 1),
    ]


@pytest.mark.parametrize(
    "text", ["Feb 30 10:00:00", "Nov  0 10:00:00", "Nov 21 24:00:00", "Nov 21 10:61:00", "Foo  1 10:00:00"]
)
def test_a_time_that_does_not_exist_is_none(text: str) -> None:
    assert times([text], datetime(2026, 11, 22, tzinfo=UTC)) == [None]


def test_a_second_that_does_not_exist_within_a_minute_that_does() -> None:
    lines = ["Nov 21 10:00:58", "Nov 21 10:00:59", "Nov 21 10:00:75", "Nov 21 10:00:30"]
    assert [moment is None for moment in times(lines, datetime(2026, 11, 22, tzinfo=UTC))] == [
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T04:15:00-06:00", at(2026, 11, 22, 10, 15)),
        ("2026-11-22T10:15:00Z", at(2026, 11, 22, 10, 15)),
        ("2026-11-22T04:15:00-0600", at(2026, 11, 22, 10, 15)),
        ("2026-11-22T04:15:00.123456789-06:00", at(2026, 11, 22, 10, 15, 0, 123_456)),
        ("2026-11-22 04:15:00", at(2026, 11, 22, 10, 15)),  # in the source's zone
        ("2016-12-31T23:59:60Z", at(2017, 1, 1)),
        ("2026-02-29T04:15:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_iso_times(text: str, expected: datetime | None) -> None:
    assert SyslogClock(datetime(2026, 11, 22, tzinfo=UTC), "America/Chicago").iso(text) == expected


def test_every_hour_of_a_year_agrees_with_the_zone() -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/Chicago")
    clock = SyslogClock(datetime(2026, 12, 31, 23, tzinfo=UTC), "America/Chicago")
    moment = datetime(2026, 1, 3, 6, tzinfo=UTC)
    while moment.year == 2026:
        text = f"{moment.astimezone(zone):%b %d %H:%M:%S}".replace(" 0", "  ", 1)
        assert clock.yearless(text) == moment.replace(tzinfo=None)
        moment += timedelta(minutes=20)
