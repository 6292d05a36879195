"""Profiles: what breachwatch ships, a city's own on top, and every mistake named with its place and the mend."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.errors import BreachwatchError, DataError, UnknownNameError
from breachwatch.respond import load_profile, profile_names
from breachwatch.respond.law.calendars import Calendar, ClosedDays
from breachwatch.respond.law.comparing import Change, compare
from breachwatch.respond.law.loading import LARGEST, check_file
from breachwatch.respond.law.words import Confidence, DeadlineKind

TEXAS = load_profile("us-tx-city")
CITY = """\
schema: 1
extends: us-ca-city
id: the-city
title: The City
local:
  it_phone: {value: 555-0100, source: staff}
calendars:
  - id: ca-ccp-135
    closed_days:
      - {weekday: fri, every_weeks: 2, first: 2026-01-09, reason: office closed every other Friday}
obligations:
  - id: ca-individuals
    policy_target: {amount: 20, unit: calendar_days, start: discovered, note: resolution of the council}
"""


def own(workspace: Path, text: str, name: str = "the-city") -> Path:
    folder = workspace / "jurisdictions"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_shipped_can_be_used_and_says_that_counsel_has_not_confirmed_it() -> None:
    assert profile_names() == ("us-ca-city", "us-federal", "us-tx-city")
    for name in profile_names():
        profile = load_profile(name)
        assert profile.status.startswith("draft")
        assert all(item.citation and item.confidence for item in profile.obligations)


def test_a_california_city_has_no_number_of_days_and_texas_has_sixty() -> None:
    california = load_profile("us-ca-city").obligation("ca-individuals")
    assert (california.deadline.kind, california.deadline.amount) == (DeadlineKind.QUALITATIVE, None)
    texas = TEXAS.obligation("tx-individuals")
    assert (texas.deadline.amount, texas.clock and texas.clock.start.value) == (60, "determined")
    assert TEXAS.obligation("tx-attorney-general").confidence["start"] is Confidence.CONFLICTING


def test_what_the_guides_leave_open_stays_open() -> None:
    assert TEXAS.local["fines"].value == "not specified"
    assert TEXAS.retention is not None
    assert TEXAS.retention.minimum_years == "not specified"
    assert load_profile("us-ca-city").local["appeals"].value == "not specified"


def test_federal_obligations_come_with_each_state_and_a_pending_rule_is_off() -> None:
    assert TEXAS.obligation("cjis-report").deadline.amount == 1
    circia = TEXAS.obligation("circia")
    assert not circia.enabled
    assert "no final rule" in str(circia.disabled_because)


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2026, {"01-01", "01-19", "02-16", "03-02", "04-21", "05-25", "06-19", "07-04", "08-27", "09-07", "11-11"}),
        (2027, {"01-01", "01-18", "01-19", "02-15", "03-02", "04-21", "05-31", "06-19", "07-04", "08-27", "09-06"}),
    ],
)
def test_holidays_of_texas_up_to_the_autumn(year: int, expected: set[str]) -> None:
    found = {day for day, _ in TEXAS.calendars[0].of_year(year)}
    assert {f"{day:%m-%d}" for day in found if day <= date(year, 11, 11)} - {"11-11"} == expected - {"11-11"}


def test_holidays_of_california_are_those_of_its_courts() -> None:
    named = {name: day for day, name in load_profile("us-ca-city").calendars[0].of_year(2026)}
    assert named["Native American Day"] == date(2026, 9, 25)
    assert named["Lincoln Day"] == date(2026, 2, 12)
    assert not {"Columbus Day", "Admission Day", "Diwali"} & named.keys()


def test_a_citys_own_profile_changes_what_it_names_and_keeps_the_rest(tmp_path: Path) -> None:
    own(tmp_path, CITY)
    city, state = load_profile("the-city", tmp_path), load_profile("us-ca-city")
    assert city.local["it_phone"].value == "555-0100"
    assert city.local["fines"] == state.local["fines"]
    assert [item.id for item in city.obligations] == [item.id for item in state.obligations]
    target = city.obligation("ca-individuals").policy_target
    assert target is not None
    assert (target.amount, city.obligation("ca-individuals").citation) == (
        20,
        state.obligation("ca-individuals").citation,
    )
    calendar = city.calendar("ca-ccp-135")
    assert calendar.why_closed(date(2026, 1, 23)) == "office closed every other Friday"
    assert calendar.why_closed(date(2026, 1, 16)) == ""
    assert calendar.why_closed(date(2026, 1, 23), cautious=True) == ""
    assert len(calendar.holidays) == 14
    places = {change.place for change in compare(state, city)}
    assert {
        "id",
        "title",
        "local.it_phone.value",
        "obligations.ca-individuals (2014-01-01).policy_target.amount",
    } <= places


def test_a_comparison_of_the_same_is_empty_and_of_others_names_both_sides() -> None:
    assert compare(TEXAS, TEXAS) == ()
    changes = compare(TEXAS, load_profile("us-ca-city"))
    assert Change("time_zone", "America/Chicago", "America/Los_Angeles") in changes


MISTAKES = [
    (
        "unknown key",
        ("    deadline: {kind: calendar_days", "    deadlin: {kind: calendar_days"),
        ["deadlin", "no such key"],
    ),
    ("no citation", ("    citation: [45 CFR 164.406]\n", ""), ["hipaa-media.citation", "missing"]),
    ("empty citation", ("[45 CFR 164.406]", "[]"), ["hipaa-media.citation", "at least 1"]),
    ("unknown fact", ("fact: cji_involved", "fact: cij_involved"), ["no fact 'cij_involved'"]),
    ("wrong comparison", ("cji_involved, is: true", "cji_involved, at_least: 3"), ["yes or no"]),
    ("no amount", ("kind: hours, amount: 72", "kind: hours"), ["circia.deadline", "needs an amount"]),
    ("amount of words", ("kind: immediate, qual", "kind: immediate, amount: 3, qual"), ["has no amount"]),
    ("impossible count", ("at_least: 500", "at_least: -500"), ["hipaa-hhs-large.threshold", "greater than or equal"]),
    ("effective twice", ("2024-12-27   # version 6.0", "2024-12-27\n    effective_to: 2024-01-01"), ["ends", "before"]),
    ("no such date", ("as_of: 2026-11-23", "as_of: 2026-02-30"), ["day"]),
    ("reviewed before", ("review_by: 2027-05-31", "review_by: 2026-05-31"), ["review_by", "must be after"]),
    (
        "unknown obligation",
        ("{obligation: hipaa-individuals}", "{obligation: hipaa}"),
        ["'hipaa'", "no such obligation"],
    ),
    ("same id", ("id: hipaa-media", "id: hipaa-individuals"), ["two of the same obligation"]),
    ("off without reason", ("enabled: false\n", "enabled: true\n"), ["circia", "disabled_because"]),
    ("double key", ("as_of: 2026-11-23", "as_of: 2026-11-23\nas_of: 2026-11-24"), ["line 7", "stands twice"]),
    ("alias", ("applies_if: [{fact: fti", "applies_if: &a [{fact: fti"), []),
    ("object", ("as_of: 2026-11-23", "as_of: !!python/object/apply:os.getcwd []"), ["not valid YAML"]),
]


@pytest.mark.parametrize(("name", "change", "words"), MISTAKES, ids=[item[0] for item in MISTAKES])
def test_every_mistake_is_refused_with_its_place(
    tmp_path: Path, name: str, change: tuple[str, str], words: list[str]
) -> None:
    text = (Path(__file__).parents[3] / "src/breachwatch/respond/profiles/us-federal.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    path = own(tmp_path, text.replace(change[0], change[1]), "federal")
    if not words:  # an anchor that nothing refers to does no harm
        assert check_file(path, tmp_path).overlay
        return
    with pytest.raises(DataError) as caught:
        check_file(path, tmp_path)
    for word in ("federal.yaml", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [1]\nb: *a\n", "no aliases"),
        ("[" * 60 + "]" * 60, "nested"),
        ("- 1\n", "a table of keys"),
        ("a: [\n", "not valid YAML"),
        ("extends: us-zz-city\n", "Known: us-ca-city"),
        (CITY.replace("id: the-city", "id: us-ca-city"), "an id of its own"),
        (CITY.replace("2026-01-09", "2026-01-08"), "is a thu, not a fri"),
        (CITY.replace("start: discovered, ", "start: null, "), "has a start"),
        ("x" * (LARGEST + 1), "larger than"),
    ],
)
def test_hostile_and_broken_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        check_file(own(tmp_path, text), tmp_path)


def test_an_obligation_cannot_depend_on_itself(tmp_path: Path) -> None:
    text = (
        "extends: us-ca-city\nschema: 1\nid: x\ntitle: x\n"
        "obligations:\n  - {id: ca-individuals, applies_if: [{obligation: ca-attorney-general}]}\n"
    )
    with pytest.raises(DataError, match="depends on itself"):
        check_file(own(tmp_path, text), tmp_path)


def test_a_name_that_is_no_profile_and_a_path_as_a_name_are_refused(tmp_path: Path) -> None:
    for name in ("us-tx", "../us-tx-city", "/etc/passwd"):
        with pytest.raises(UnknownNameError):
            load_profile(name, tmp_path)


@given(st.text(max_size=200))
def test_no_text_gives_anything_but_a_profile_or_a_refusal(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        with pytest.raises(BreachwatchError, match=r"any\.yaml"):
            check_file(path)


def test_a_calendar_without_a_business_day_is_an_error_and_not_a_loop() -> None:
    every = tuple(
        ClosedDays(weekday=name, first=first, reason="closed")  # type: ignore[arg-type]
        for name, first in zip(
            ("mon", "tue", "wed", "thu", "fri"), (date(2026, 1, day) for day in (5, 6, 7, 8, 9)), strict=True
        )
    )
    calendar = Calendar(id="none", holidays=(), closed_days=every, citation="x", confidence=Confidence.UNVERIFIED)
    with pytest.raises(ValueError, match="no business day"):
        calendar.roll(date(2026, 2, 1))
