"""Assessments: what triggers what, what stays open, and that what is decided stays decided."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.errors import DataError
from breachwatch.respond import load_profile
from breachwatch.respond.assessment.asking import answer, next_question
from breachwatch.respond.assessment.facts import facts_of, read_facts
from breachwatch.respond.assessment.weighing import Outcome, Proposal, weigh
from breachwatch.respond.law.facts import ELEMENTS, FACTS, FactKind

TEXAS, CALIFORNIA = load_profile("us-tx-city"), load_profile("us-ca-city")
TODAY = date(2026, 11, 23)
MAILBOX: dict[str, Any] = {
    "breach_confirmed": True,
    "good_faith": False,
    "data_elements": ["ssn"],
    "with_name": True,
    "encrypted": False,
    "public_information": False,
    "individuals": 612,
    "residents": {"TX": 612},
    "incident_type": ["breach"],
    "regulated_data": True,
    "utility_reporting": False,
}
"""The mailbox of a clerk: 612 residents of Texas with their Social Security numbers."""


def weighed(table: dict[str, Any], profile: Any = TEXAS, on: date = TODAY) -> dict[str, Proposal]:
    return {item.obligation: item for item in weigh(profile, facts_of(table), on)}


def outcome(name: str, table: dict[str, Any], profile: Any = TEXAS) -> str:
    return weighed(table, profile)[name].outcome.value


def test_a_mailbox_with_numbers_of_612_texans() -> None:
    found = weighed(MAILBOX)
    triggered = {name for name, item in found.items() if item.outcome is Outcome.TRIGGERED}
    assert triggered == {"tx-individuals", "tx-attorney-general", "tx-cyber-command", "tx-cyber-command-follow-up"} | {
        "voluntary-sharing"
    }
    assert found["tx-credit-agencies"].outcome is Outcome.NOT_TRIGGERED
    (ground,) = found["tx-credit-agencies"].deciding
    assert (ground.asked, ground.known) == ("more than 10,000 individuals", "612")
    covered = next(ground for ground in found["tx-individuals"].grounds if "law covers" in ground.asked)
    assert covered.citation == "Tex. Bus. & Com. Code 521.002(a)(2)(A)"
    assert "ssn" in covered.known


@pytest.mark.parametrize(("held", "expected"), [(True, "triggered"), (False, "not triggered"), (None, "undetermined")])
def test_data_that_a_vendor_held_is_asked_of_the_vendor(held: bool | None, expected: str) -> None:
    assert outcome("vendor-facts", MAILBOX | ({} if held is None else {"vendor_held": held})) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"residents": {"TX": 249}, "individuals": 249}, "not triggered"),
        ({"residents": {"TX": 250}}, "triggered"),
        ({"residents": {"TX": "200..300"}}, "undetermined"),
        ({"residents": {"TX": "300.."}}, "triggered"),
        ({"residents": "unknown"}, "undetermined"),
        ({"residents": {"OK": 500}}, "not triggered"),  # at most 112 are left for Texas
        ({"encrypted": True, "key_acquired": False}, "not triggered"),
        ({"encrypted": True, "key_acquired": True}, "triggered"),
        ({"encrypted": True}, "undetermined"),
        ({"encrypted": True, "data_elements": ["health_condition"], "identifies_individual": True}, "triggered"),
        ({"with_name": False}, "not triggered"),
        ({"data_elements": ["username_with_password_or_security_answer"]}, "not triggered"),
        ({"data_elements": [], "more_data_elements": True, "identifies_individual": True}, "undetermined"),
        ({"data_elements": "unknown"}, "undetermined"),
        ({"good_faith": True}, "not triggered"),
        ({"public_information": True}, "not triggered"),
        ({"breach_confirmed": "unknown"}, "undetermined"),
        ({"breach_confirmed": False, "residents": "unknown"}, "not triggered"),
    ],
)
def test_what_decides_the_report_to_the_attorney_general(change: dict[str, Any], expected: str) -> None:
    assert outcome("tx-attorney-general", MAILBOX | change) == expected


def test_in_california_credentials_alone_count_and_encryption_does_not_take_them_out() -> None:
    table = MAILBOX | {"data_elements": ["email_with_password_or_security_answer"], "residents": {"CA": 501}}
    assert outcome("ca-individuals", table | {"encrypted": True}, CALIFORNIA) == "triggered"
    assert outcome("ca-attorney-general", table, CALIFORNIA) == "triggered"
    assert outcome("ca-attorney-general", table | {"residents": {"CA": 500}}, CALIFORNIA) == "not triggered"
    assert outcome("ca-identity-theft-services", table, CALIFORNIA) == "not triggered"


def test_what_is_open_says_which_facts_would_decide_it() -> None:
    found = weighed({"breach_confirmed": True})["tx-attorney-general"]
    assert found.outcome is Outcome.UNDETERMINED
    missing = {name for ground in found.deciding for name in ground.facts}
    assert {"data_elements", "good_faith", "residents"} <= missing
    assert all(ground.holds.value == "unknown" for ground in found.deciding)


def test_an_obligation_that_hangs_on_another_goes_with_it() -> None:
    assert outcome("hipaa-media", {"unsecured_phi": False}) == "not triggered"
    assert outcome("hipaa-media", {}) == "undetermined"
    table = {"unsecured_phi": True, "hipaa_role": "covered_entity", "phi_low_probability": False}
    assert outcome("hipaa-media", {**table, "residents": {"TX": 501}}) == "triggered"
    assert outcome("hipaa-hhs-small", {**table, "individuals": 499}) == "triggered"
    assert outcome("hipaa-hhs-large", {**table, "individuals": "490..510"}) == "undetermined"


def test_a_rule_before_its_day_and_a_rule_that_is_off_trigger_nothing() -> None:
    early = weighed(MAILBOX, on=date(2019, 6, 1))["tx-individuals"]
    assert early.outcome is Outcome.NOT_TRIGGERED
    assert early.deciding[0].known == "from 2020-01-01"
    assert outcome("circia", MAILBOX) == "not triggered"


COUNTS = st.one_of(
    st.integers(0, 20_000).map(lambda n: (n, n)),
    st.tuples(st.integers(0, 700), st.integers(0, 20_000)).map(lambda pair: (pair[0], pair[0] + pair[1])),
)


@st.composite
def worksheets(draw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part of what is known, and all of it."""
    whole: dict[str, Any] = {}
    for fact in FACTS.values():
        if fact.kind is FactKind.YES_NO:
            whole[fact.name] = draw(st.booleans())
        elif fact.kind is FactKind.CHOICE:
            whole[fact.name] = draw(st.sampled_from(fact.choices))
        elif fact.kind is FactKind.SET:
            whole[fact.name] = draw(st.lists(st.sampled_from(fact.choices), unique=True, max_size=4))
    people = draw(st.integers(0, 20_000))
    texans = draw(st.integers(0, people))
    whole |= {"individuals": people, "residents": {"TX": texans, "OK": people - texans}, "notice_cost_usd": 1}
    part = {name: value for name, value in whole.items() if draw(st.booleans())}
    if "data_elements" in part and draw(st.booleans()):
        part["data_elements"] = part["data_elements"][:1]
        part["more_data_elements"] = True
    if "individuals" in part and draw(st.booleans()):
        part["individuals"] = f"{people // 2}..{people * 2 + 1}"
    if "residents" in part and draw(st.booleans()):
        part["residents"] = {"TX": f"{texans // 2}.."}
    return part, whole


@settings(max_examples=50)
@given(worksheets(), st.sampled_from([TEXAS, CALIFORNIA]))
def test_what_is_decided_stays_decided_whatever_else_is_learnt(
    sheets: tuple[dict[str, Any], dict[str, Any]], profile: Any
) -> None:
    part, whole = (weighed(sheet, profile) for sheet in sheets)
    for name, proposal in part.items():
        if proposal.outcome is not Outcome.UNDETERMINED:
            assert whole[name].outcome is proposal.outcome, name
        assert proposal.deciding or not proposal.grounds


@settings(max_examples=8)
@given(worksheets())
def test_asking_ends_with_everything_decided(sheets: tuple[dict[str, Any], dict[str, Any]]) -> None:
    table, whole = sheets
    asked: set[str] = set()
    while (fact := next_question(weigh(TEXAS, facts_of(table), TODAY), asked)) is not None:
        assert fact.name not in asked
        asked.add(fact.name)
        table = {**table, fact.name: whole[fact.name], "more_data_elements": False}
    assert all(item.outcome is not Outcome.UNDETERMINED for item in weigh(TEXAS, facts_of(table), TODAY))


@pytest.mark.parametrize(
    ("fact", "text", "entry"),
    [
        ("breach_confirmed", "Yes", {"breach_confirmed": True}),
        ("breach_confirmed", " ? ", {}),
        ("data_elements", "ssn, passport", {"data_elements": ["ssn", "passport"]}),
        ("data_elements", "none", {"data_elements": []}),
        ("individuals", "600..650", {"individuals": "600..650"}),
        ("residents", "tx 612, CA 3..5", {"residents": {"TX": "612", "CA": "3..5"}}),
    ],
)
def test_answers_become_entries_of_a_worksheet(fact: str, text: str, entry: dict[str, Any]) -> None:
    assert answer(FACTS[fact], text) == entry
    facts_of(entry)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("breach_confirmed = 1", "breach_confirmed: it is yes or no"),
        ("breach = true", "breach: there is no such fact"),
        ('data_elements = ["ssn", "shoe_size"]', "'shoe_size' is none of its values"),
        ("individuals = -1", "individuals: -1 is no number"),
        ("individuals = true", "individuals: True is no number"),
        ('individuals = "20..10"', "ends below its beginning"),
        ("individuals = 10\n[residents]\nTX = 9\nCA = 2", "11 residents of single states are more than 10"),
        ("[residents]\nTexas = 9", "two capital letters"),
        ("residents = 9", "two capital letters"),
        ("a = [", "not valid TOML"),
    ],
)
def test_worksheets_with_mistakes_are_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "facts.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words) as caught:
        read_facts(path)
    assert "facts.toml" in str(caught.value)


def test_every_data_element_is_somebodys() -> None:
    named = {element for profile in (TEXAS, CALIFORNIA) for kind in profile.covered_data for element in kind.any_of}
    assert named == set(ELEMENTS)
