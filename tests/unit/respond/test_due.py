"""Deadlines: the vectors that were worked out by hand, and a plain count day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.errors import UsageError
from breachwatch.respond import Due, due, load_profile
from breachwatch.respond.clocks.due import Delay, Longer
from breachwatch.respond.law.profile import Profile
from breachwatch.respond.law.words import Start

CHICAGO, PACIFIC = ZoneInfo("America/Chicago"), ZoneInfo("America/Los_Angeles")
TEXAS, CALIFORNIA = load_profile("us-tx-city"), load_profile("us-ca-city")


def at(text: str, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def count(profile: Profile, name: str, more: dict[str, object] | None = None, **anchors: str) -> Due:
    zone = ZoneInfo(profile.time_zone or "UTC")
    moments = {Start(start): at(text, zone) for start, text in anchors.items()}
    return due(profile, profile.obligation(name), moments, zone, **(more or {}))  # type: ignore[arg-type]


def days(found: Due) -> tuple[str, str]:
    assert found.safe is not None
    assert found.latest is not None
    return found.safe.date().isoformat(), found.latest.date().isoformat()


@pytest.mark.parametrize(
    ("profile", "obligation", "anchors", "safe", "latest"),
    [
        (TEXAS, "tx-individuals", {"determined": "2026-02-03"}, "2026-04-04", "2026-04-06"),
        (TEXAS, "tx-attorney-general", {"determined": "2026-03-22"}, "2026-04-21", "2026-04-22"),
        (TEXAS, "tx-cyber-command-follow-up", {"recovered": "2026-04-17T16:00"}, "2026-05-01", "2026-05-04"),
        (TEXAS, "tx-records-decision", {"request_received": "2026-12-14"}, "2026-12-29", "2026-12-30"),
        (TEXAS, "tx-records-brief", {"request_received": "2026-12-14"}, "2027-01-06", "2027-01-07"),
        (CALIFORNIA, "ca-records-determination", {"request_received": "2026-09-15"}, "2026-09-25", "2026-09-28"),
        (CALIFORNIA, "ca-records-determination", {"request_received": "2026-02-02"}, "2026-02-12", "2026-02-13"),
        (CALIFORNIA, "hipaa-hhs-small", {"discovered": "2026-05-20"}, "2027-03-01", "2027-03-01"),
        (CALIFORNIA, "hipaa-hhs-small", {"discovered": "2027-12-31T23:59"}, "2028-02-29", "2028-02-29"),
    ],
)
def test_vectors_worked_out_by_hand(
    profile: Profile, obligation: str, anchors: dict[str, str], safe: str, latest: str
) -> None:
    found = count(profile, obligation, **anchors)
    assert days(found) == (safe, latest)
    assert found.citation
    assert "confirm with counsel" in found.confirm


def test_hours_run_through_the_clock_change() -> None:
    found = count(TEXAS, "tx-cyber-command", discovered="2026-03-07T10:00")
    assert found.safe == found.latest == datetime(2026, 3, 9, 16, tzinfo=UTC)
    assert found.safe.isoformat() == "2026-03-09T11:00:00-05:00"
    assert found.policy == datetime(2026, 3, 8, 16, tzinfo=UTC)


def test_the_safe_date_counts_from_the_earliest_start_that_can_be_argued() -> None:
    found = count(TEXAS, "tx-attorney-general", discovered="2026-03-02", determined="2026-03-20")
    assert days(found) == ("2026-04-01", "2026-04-20")
    alone = count(TEXAS, "tx-attorney-general", discovered="2026-03-02")
    assert alone.safe is not None
    assert (alone.safe.date(), alone.latest, alone.started_at) == (date(2026, 4, 1), None, None)


def test_no_number_is_made_up() -> None:
    found = count(CALIFORNIA, "ca-individuals", discovered="2026-01-20")
    assert (found.safe, found.latest) == (None, None)
    assert found.words == "in the most expedient time possible and without unreasonable delay"
    assert found.policy is not None
    assert found.policy.date() == date(2026, 2, 19)
    insurer = count(CALIFORNIA, "insurer", discovered="2026-01-20")
    assert (insurer.words, insurer.safe, insurer.policy) == ("not specified", None, None)


def test_a_clock_without_its_start_has_not_begun() -> None:
    found = count(TEXAS, "tx-individuals", discovered="2026-02-03")
    assert (found.safe, found.latest) == (None, None)
    assert found.steps == ("the clock has not begun: it runs from determination that it is a breach",)


class TestLawEnforcement:
    def delay(self, since: str, until: str | None) -> dict[str, object]:
        end = at(until) if until else None
        return {"delays": [Delay("law_enforcement", at(since), end, "Police Department, letter of 1 March")]}

    def test_a_request_that_lasts_pauses_and_names_who_asked(self) -> None:
        found = count(TEXAS, "tx-individuals", self.delay("2026-03-01", None), determined="2026-02-03")
        assert found.paused == "Police Department, letter of 1 March"
        assert days(found) == ("2026-04-04", "2026-04-06")

    def test_after_the_release_notice_is_due_at_once_and_no_days_come_back(self) -> None:
        found = count(TEXAS, "tx-individuals", self.delay("2026-03-01", "2026-06-10T09:00"), determined="2026-02-03")
        assert found.safe == at("2026-06-10T09:00")
        assert days(found) == ("2026-06-10", "2026-06-10")
        early = count(TEXAS, "tx-individuals", self.delay("2026-03-01", "2026-03-05"), determined="2026-02-03")
        assert days(early) == ("2026-04-04", "2026-04-06")

    def test_a_request_after_the_last_day_moves_nothing(self) -> None:
        found = count(TEXAS, "tx-individuals", self.delay("2026-04-07", None), determined="2026-02-03")
        assert found.paused == ""
        assert "moves nothing" in found.steps[-1]

    def test_what_the_law_does_not_let_it_pause_is_not_paused(self) -> None:
        with pytest.raises(UsageError, match="tx-cyber-command is not paused"):
            count(TEXAS, "tx-cyber-command", self.delay("2026-03-01", None), discovered="2026-03-01")


def test_fourteen_days_more_for_unusual_circumstances() -> None:
    taken = {"longer": [Longer("unusual_circumstances", at("2026-09-20", PACIFIC))]}
    found = count(CALIFORNIA, "ca-records-determination", taken, request_received="2026-09-15")
    assert days(found) == ("2026-10-09", "2026-10-12")  # Columbus Day is no judicial holiday
    late = {"longer": [Longer("unusual_circumstances", at("2026-09-29", PACIFIC))]}
    again = count(CALIFORNIA, "ca-records-determination", late, request_received="2026-09-15")
    assert days(again) == ("2026-09-25", "2026-09-28")
    with pytest.raises(UsageError, match="no extension 'more' by days"):
        count(CALIFORNIA, "ca-records-determination", {"longer": [Longer("more", at("2026-09-20"))]})


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused
    with pytest.raises(UsageError, match="no time zone"):
        due(TEXAS, TEXAS.obligation("tx-individuals"), {Start.DETERMINED: naive}, CHICAGO)


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31)).map(lambda m: m.replace(tzinfo=UTC))  # noqa: DTZ001


def plain_holidays(year: int) -> dict[date, bool]:
    """Holidays of Texas written out by hand, with whether each is a national one."""

    def nth(month: int, weekday: int, n: int) -> date:
        found = [day for day in month_days(year, month) if day.weekday() == weekday]
        return found[n - 1] if n > 0 else found[n]

    fixed = {(1, 1): True, (1, 19): False, (3, 2): False, (4, 21): False, (6, 19): False, (7, 4): True}
    fixed |= {(8, 27): False, (11, 11): True, (12, 24): False, (12, 25): True, (12, 26): False}
    found = {date(year, *day): national for day, national in fixed.items()}
    # Martin Luther King, Jr., Day can be Confederate Heroes Day as well: then it is national.
    for day in (nth(1, 0, 3), nth(2, 0, 3), nth(5, 0, -1), nth(9, 0, 1), nth(11, 3, 4)):
        found[day] = True
    found[nth(11, 3, 4) + timedelta(days=1)] = False
    return found


def month_days(year: int, month: int) -> list[date]:
    first = date(year, month, 1)
    return [day for day in (first + timedelta(days=n) for n in range(31)) if day.month == month]


def open_day(day: date, *, cautious: bool) -> bool:
    holidays = plain_holidays(day.year)
    return day.weekday() < 5 and not (day in holidays and (holidays[day] or not cautious))


@given(MOMENTS)
def test_business_days_are_those_of_a_plain_count(moment: datetime) -> None:
    found = due(TEXAS, TEXAS.obligation("tx-records-decision"), {Start.REQUEST_RECEIVED: moment}, CHICAGO)
    for cautious, counted in ((True, found.safe), (False, found.latest)):
        day, left = moment.astimezone(CHICAGO).date(), 10
        while left:
            day += timedelta(days=1)
            left -= open_day(day, cautious=cautious)
        assert counted == datetime.combine(day, time(23, 59, 59), CHICAGO)


@given(MOMENTS)
def test_calendar_days_are_those_of_a_plain_count(moment: datetime) -> None:
    found = due(TEXAS, TEXAS.obligation("tx-individuals"), {Start.DETERMINED: moment}, CHICAGO)
    day = moment.astimezone(CHICAGO).date()
    for _ in range(60):
        day += timedelta(days=1)
    assert found.safe == datetime.combine(day, time(23, 59, 59), CHICAGO)
    while not open_day(day, cautious=False):
        day += timedelta(days=1)
    assert found.latest == datetime.combine(day, time(23, 59, 59), CHICAGO)


@given(MOMENTS, MOMENTS, st.booleans())
def test_the_safe_date_is_never_after_the_latest(first: datetime, second: datetime, delayed: bool) -> None:
    anchors = dict.fromkeys(Start, first) | {Start.DISCOVERED: min(first, second)}
    for profile, zone in ((TEXAS, CHICAGO), (CALIFORNIA, PACIFIC)):
        for obligation in profile.obligations:
            pauses = [item.id for item in obligation.extensions if item.pauses]
            delays = [Delay(pauses[0], first, max(first, second), "x")] if delayed and pauses else []
            found = due(profile, obligation, anchors, zone, delays=delays)
            assert (found.safe is None) == (not obligation.deadline.kind.counted)
            if found.safe is not None and found.latest is not None:
                assert found.started_at is not None
                assert found.safe <= found.latest
                assert found.latest > found.started_at
