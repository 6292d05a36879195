"""Metrics against a plain recount; months of the city's calendar; what is merged, missing or dismissed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.errors import UsageError
from breachwatch.model.finding import Level
from breachwatch.respond.metrics.measuring import Metrics, metrics, metrics_of_month
from breachwatch.respond.metrics.nights import SILENT
from breachwatch.respond.metrics.periods import month_of, month_period
from breachwatch.respond.metrics.spread import spread
from breachwatch.respond.metrics.times import Measure
from breachwatch.workspace import Workspace
from tests.postgresql.choosing import both
from tests.somebody import SOMEBODY
from tests.unit.respond.metrics.conftest import Past

CHICAGO = ZoneInfo("America/Chicago")
HOUR = timedelta(hours=1)


def november(past: Past) -> Metrics:
    return metrics_of_month(past.ws, "2026-11", by=SOMEBODY)[0]


@given(st.lists(st.none() | st.floats(0, 1e9)))
def test_a_spread_is_what_a_plain_count_gives(values: list[float | None]) -> None:
    found = spread(values)
    known = [value for value in values if value is not None]
    assert (found.measured, found.not_measured) == (len(known), values.count(None))
    if not known:
        assert found.median is None
        return
    low, high = found.median, found.percentile_90
    assert low is not None
    assert high in known
    assert 2 * sum(value < low for value in known) <= len(known) >= 2 * sum(value > low for value in known)
    assert 10 * sum(value <= high for value in known) >= 9 * len(known)
    assert not any(10 * sum(other <= value for other in known) >= 9 * len(known) for value in known if value < high)


ZONES = ("America/Chicago", "America/Los_Angeles", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo")


@given(st.integers(631_152_000, 2_840_000_000), st.sampled_from(ZONES))  # 1990 to 2059
def test_each_moment_lies_in_the_month_that_a_calendar_on_the_wall_shows(seconds: int, name: str) -> None:
    zone, at = ZoneInfo(name), datetime.fromtimestamp(seconds, UTC)
    month = month_of(at, zone)
    assert month == at.astimezone(zone).isoformat()[:7]
    assert month_period(month, zone).holds(at)
    assert month_period(month, zone).months == (month,)
    assert month_period(month, zone, months=12).months[-1] == month
    assert len(month_period(month, zone, months=12).months) == 12


def test_a_month_is_as_long_as_its_clock_changes_make_it() -> None:
    november, march = (month_period(name, CHICAGO) for name in ("2026-11", "2026-03"))
    assert november.until - november.since == timedelta(days=30, hours=1)
    assert march.until - march.since == timedelta(days=31, hours=-1)
    for wrong in ("2026-13", "2026-1", "11-2026", "month", "0000-01"):
        with pytest.raises(UsageError, match="is no month"):
            month_period(wrong, CHICAGO)


def test_the_last_hour_of_october_in_chicago_is_october(past: Past) -> None:
    past.incident(datetime(2026, 11, 1, 4, 59, tzinfo=UTC))
    past.incident(datetime(2026, 11, 1, 5, 0, tzinfo=UTC))
    assert november(past).incidents == 1


@both
def test_random_incidents_are_counted_as_by_hand(past: Past) -> None:
    chance = random.Random(6)
    begin = datetime(2026, 8, 20, tzinfo=UTC)
    made = []
    for _ in range(60):
        at = begin + timedelta(minutes=chance.randrange(100 * 24 * 60))
        level = chance.choice(list(Level))
        after = {
            name: timedelta(minutes=chance.randrange(1, 9000)) if chance.random() < 0.7 else None
            for name in ("taken_up", "contained", "decided", "recovered")
        }
        verdict = chance.choice(["", "true positive", "true positive", "false positive", "test"])
        past.incident(at, verdict=verdict, severity=level, **after)
        if verdict in {"", "true positive"}:
            made.append((at, level, after))
    period = month_period("2026-11", CHICAGO, months=4)
    found = metrics(past.ws, period, by=SOMEBODY)
    inside = [item for item in made if period.since <= item[0] < period.until]
    assert found.incidents == len(inside) > 20
    names = {Measure.ACKNOWLEDGE: "taken_up", Measure.CONTAIN: "contained", Measure.DECIDE: "decided",
             Measure.RECOVER: "recovered"}  # fmt: skip

    def by_hand(items: list[tuple[datetime, Level, dict[str, timedelta | None]]], name: str) -> list[float]:
        return sorted(long.total_seconds() for _, _, after in items if (long := after[name]) is not None)

    groups = [(found.times, inside)]
    groups += [
        (times, [i for i in inside if month_of(i[0], CHICAGO) == name]) for name, times in found.by_month.items()
    ]
    groups += [(times, [item for item in inside if item[1] is level]) for level, times in found.by_severity.items()]
    assert sum(len(items) for _, items in groups[1:]) == 2 * len(inside)
    for times, items in groups:
        for measure, name in names.items():
            values = by_hand(items, name)
            assert times[measure].measured == len(values)
            assert times[measure].not_measured == len(items) - len(values)
            if values:
                middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
                assert times[measure].median == middle
                assert times[measure].percentile_90 == values[-(-9 * len(values) // 10) - 1]
        assert times[Measure.DETECT].median == 7200


@both
def test_what_is_merged_is_counted_once_with_the_earliest_of_both(past: Past) -> None:
    at = datetime(2026, 11, 10, 12, tzinfo=UTC)
    whole = past.incident(at, taken_up=10 * HOUR, contained=5 * HOUR)
    past.incident(at - HOUR, merged_into=whole, taken_up=2 * HOUR, began=5 * HOUR, decided=3 * HOUR)
    found = november(past)
    assert (found.incidents, found.merged) == (1, 1)
    assert {measure: item.median for measure, item in found.times.items()} == {
        Measure.DETECT: 5 * 3600,  # the earliest occurrence and the earliest detection
        Measure.ACKNOWLEDGE: 2 * 3600,
        Measure.CONTAIN: 6 * 3600,
        Measure.DECIDE: 3 * 3600,
        Measure.RECOVER: None,
    }


def test_what_is_missing_or_impossible_is_not_measured_and_never_zero(past: Past) -> None:
    past.incident(datetime(2026, 11, 10, tzinfo=UTC), contained=-HOUR)
    found = november(past).times
    for measure in (Measure.ACKNOWLEDGE, Measure.CONTAIN, Measure.DECIDE, Measure.RECOVER):
        assert (found[measure].measured, found[measure].not_measured, found[measure].median) == (0, 1, None)


@both
def test_false_positives_by_rule_are_the_alerts_own_or_their_incidents(past: Past) -> None:
    at = datetime(2026, 11, 10, tzinfo=UTC)
    false, true = past.incident(at, verdict="false positive"), past.incident(at)
    child = past.incident(at, verdict="", merged_into=false)
    for incident, verdict in ((false, ""), (child, ""), (true, ""), (None, "false positive"), (None, "")):
        past.alert(at, "a", incident=incident, verdict=verdict)
    past.alert(at - timedelta(days=40), "a", verdict="false positive")  # of another month
    past.alert(at, "b", incident=true)
    first, second = november(past).rules
    assert (first.rule_id, first.alerts, first.judged, first.false_positives, first.share) == ("a", 5, 4, 3, 0.75)
    assert (first.incidents, first.false_incidents) == (2, 1)  # what was merged is one with where it went
    assert (second.rule_id, second.share) == ("b", 0.0)


@both
def test_nights_with_their_alerts_and_the_sources_that_said_nothing(past: Past) -> None:
    for day, alerts in ((3, 0), (4, 7), (5, 2)):
        run = past.run(datetime(2026, 11, day, 10, tzinfo=UTC), failed="no route" if day == 4 else "")
        past.alert(datetime(2026, 11, day, 10, tzinfo=UTC), "a", run=run, count=alerts)
    past.alert(datetime(2026, 11, 5, 10, tzinfo=UTC), SILENT)
    found = november(past).nights
    assert [night.alerts for night in found.nights] == [0, 7, 2]
    assert (found.alerts.median, found.alerts.percentile_90, found.without_run) == (2, 7, 27)
    assert (found.silent, found.failed) == ((("mail", 1),), (("vpn", 1),))


def test_the_rule_of_silent_sources_is_the_one_that_is_shipped() -> None:
    from pathlib import Path

    rules = Path(__file__).resolve().parents[4] / "detections" / "rules"
    assert f"id: {SILENT}" in (rules / "breachwatch_sources_silent.yml").read_text()


def test_a_frame_for_notebooks_has_the_same_times_in_hours(past: Past) -> None:
    from breachwatch.notebook.response import response_times

    whole = past.incident(datetime(2026, 11, 10, tzinfo=UTC), contained=6 * HOUR)
    past.incident(datetime(2026, 11, 11, tzinfo=UTC), merged_into=whole)
    past.incident(datetime(2026, 11, 12, tzinfo=UTC), verdict="false positive")
    frame = response_times(past.ws, "2026-11", months=1)
    assert list(frame["number"]) == [whole]
    assert (frame["detect"][0], frame["contain"][0], frame["month"][0]) == (2, 6, "2026-11")
    assert frame[["acknowledge", "decide", "recover"]].isna().all(axis=None)
    assert list(response_times(past.ws, "2026-08", months=1).columns) == list(frame.columns)


def test_a_month_that_has_not_begun_is_refused(make_ws: Callable[..., Workspace]) -> None:
    with pytest.raises(UsageError, match="has not begun"):
        metrics_of_month(make_ws(), "2027-01", by=SOMEBODY)
