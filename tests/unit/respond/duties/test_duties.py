"""From facts to a board of clocks: assessed, decided by counsel, sent; nothing lost by a correction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from breachwatch.clock import FixedClock
from breachwatch.errors import NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework.anchors import set_anchor
from breachwatch.model.casework import Anchor
from breachwatch.model.duties import ClockState, DutyOutcome, DutyStep
from breachwatch.model.people import Role
from breachwatch.records import audit, duties
from breachwatch.respond.assessment.weighing import Outcome
from breachwatch.respond.duties import assessing, deciding, standing
from breachwatch.respond.duties.board import board, calendar, keep_readings
from breachwatch.respond.duties.standing import Duty, duties_of, recalculate
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.respond.duties.conftest import ANALYST, COUNSEL, MAILBOX, at, later

INC, TO_PEOPLE, TO_STATE = "INC-2026-0001", "tx-individuals", "tx-cyber-command"


def assessed(ws: Workspace, **changes: object) -> assessing.Assessment:
    return assessing.assess(ws, INC, MAILBOX | changes, by=ANALYST, reason="reading of the mailbox")


def duty(ws: Workspace, name: str) -> Duty:
    return next(item for item in duties_of(ws, INC, by=ANALYST) if item.obligation.id == name)


def step(ws: Workspace, name: str, what: DutyStep, **detail: str) -> deciding.Step:
    return deciding.take_step(ws, INC, name, what, by=COUNSEL, at=ws.clock.now(), reason="by letter", detail=detail)


def test_an_assessment_is_kept_with_the_law_that_was_asked(city: Workspace) -> None:
    first = assessed(city)
    again = assessing.assessments(city, INC, by=ANALYST)
    assert again == (first,)
    assert (first.version, first.profile.id, first.profile.obligation("cjis-report").deadline.amount) == (
        1,
        "us-tx-city",
        1,
    )
    proposal = first.proposal("tx-attorney-general")
    assert proposal is not None
    assert proposal.outcome is Outcome.TRIGGERED


def test_facts_that_change_make_a_new_version_that_says_what_changed(city: Workspace) -> None:
    first = assessed(city)
    second = assessed(city, individuals=240, residents={"TX": 240})
    assert second.version == 2
    changed = assessing.fact_changes(first, second)
    assert [(item.fact, item.before, item.after) for item in changed] == [
        ("individuals", 612, 240),
        ("residents", {"TX": 612}, {"TX": 240}),
    ]
    outcomes = {item.obligation: (item.before, item.after) for item in assessing.outcome_changes(first, second)}
    assert outcomes == {
        "tx-attorney-general": (Outcome.TRIGGERED, Outcome.NOT_TRIGGERED),
        "hipaa-media": (Outcome.UNDETERMINED, Outcome.NOT_TRIGGERED),  # 240 people are no 500 of one state
        "hipaa-hhs-large": (Outcome.UNDETERMINED, Outcome.NOT_TRIGGERED),
        "hipaa-hhs-small": (Outcome.NOT_TRIGGERED, Outcome.UNDETERMINED),
    }
    assert len(assessing.assessments(city, INC, by=ANALYST)) == 2


def test_a_decision_of_counsel_is_open_again_when_what_it_rests_on_changed(city: Workspace) -> None:
    assessed(city)
    for name in (TO_PEOPLE, "tx-attorney-general"):
        deciding.decide(city, INC, name, DutyOutcome.REQUIRED, by=COUNSEL, basis="521.053")
    assessed(city, individuals=240, residents={"TX": 240})
    assert duty(city, TO_PEOPLE).reopened == ""
    again = duty(city, "tx-attorney-general")
    assert again.reopened == "decided on assessment 1, where it was triggered; it is not triggered now"
    assert not again.counts
    deciding.decide(city, INC, "tx-attorney-general", DutyOutcome.REQUIRED, by=COUNSEL, basis="to be safe")
    assert duty(city, "tx-attorney-general").counts


def test_counsel_alone_decides_and_approves(city: Workspace) -> None:
    assessed(city)
    for who in (ANALYST, a(Role.ADMIN), a(Role.IT_DIRECTOR)):
        with pytest.raises(NotPermittedError, match="that is for: counsel"):
            deciding.decide(city, INC, TO_PEOPLE, DutyOutcome.NOT_REQUIRED, by=who, basis="x")
        now = city.clock.now()
        with pytest.raises(NotPermittedError):
            deciding.take_step(city, INC, TO_PEOPLE, DutyStep.APPROVED, by=who, at=now, reason="x")


def test_nothing_is_sent_before_counsel_approved_it(city: Workspace) -> None:
    assessed(city)
    with pytest.raises(UsageError, match="not approved by counsel"):
        step(city, TO_PEOPLE, DutyStep.SENT)
    step(city, TO_PEOPLE, DutyStep.APPROVED)
    with pytest.raises(UsageError, match="nobody can have acknowledged"):
        step(city, TO_PEOPLE, DutyStep.ACKNOWLEDGED)
    step(city, TO_PEOPLE, DutyStep.SENT)
    assert duty(city, TO_PEOPLE).met
    assert duty(city, TO_PEOPLE).clock is ClockState.MET


def test_before_the_first_assessment_nothing_can_be_decided(city: Workspace) -> None:
    assert duties_of(city, INC, by=ANALYST) == ()
    with pytest.raises(UsageError, match="no assessment yet"):
        deciding.decide(city, INC, TO_PEOPLE, DutyOutcome.REQUIRED, by=COUNSEL, basis="x")
    assessed(city)
    with pytest.raises(UnknownNameError, match="tx-individuals"):
        deciding.decide(city, INC, "tx-individual", DutyOutcome.REQUIRED, by=COUNSEL, basis="x")


@pytest.mark.parametrize(
    ("hours", "state"),
    [
        (23, ClockState.RUNNING),
        (25, ClockState.HALF),
        (39, ClockState.FOUR_FIFTHS),
        (49, ClockState.OVERDUE),
    ],
)
def test_a_clock_of_48_hours_from_discovery(city: Workspace, hours: float, state: ClockState) -> None:
    assessed(city)  # it was detected, and so discovered, when the run opened it: now
    found = duty(later(city, hours=hours), TO_STATE)
    assert found.due.safe == city.clock.now() + timedelta(hours=48)
    assert found.clock is state


def test_a_deadline_that_moves_keeps_what_it_was_and_why(city: Workspace) -> None:
    assessed(city)
    assert {item.obligation for item in recalculate(city, INC, because="first assessment")} >= {TO_STATE}
    assert recalculate(city, INC, because="again") == ()
    two_days = later(city, days=2)
    set_anchor(two_days, INC, Anchor.DETERMINED, two_days.clock.now(), by=COUNSEL, reason="counsel's reading")
    moved = recalculate(two_days, INC, because="determined by counsel")
    assert TO_PEOPLE in {item.obligation for item in moved}
    kept = standing.readings(two_days, INC, by=ANALYST)
    general = [item for item in kept if item.obligation == "tx-attorney-general"]
    assert [item.because for item in general] == ["first assessment", "determined by counsel"]
    assert general[0].latest is None
    assert general[1].latest == at(
        city, "2026-12-28T23:59:59"
    )  # 24 December, its 30th day, is a holiday; then a weekend


def test_each_night_keeps_the_clocks_that_moved_and_looking_keeps_nothing(city: Workspace) -> None:
    assessed(city)
    duties_of(city, INC, by=ANALYST)
    board(city, by=ANALYST)
    assert standing.readings(city, INC, by=ANALYST) == ()
    assert keep_readings(city, because="the night") > 3
    assert keep_readings(city, because="the next") == 0


def test_law_enforcement_pauses_what_it_may_and_a_release_makes_it_due(city: Workspace) -> None:
    assessed(city)
    set_anchor(city, INC, Anchor.DETERMINED, city.clock.now(), by=COUNSEL, reason="counsel's reading")
    with pytest.raises(UsageError, match="who asked for it"):
        step(city, TO_PEOPLE, DutyStep.DELAY_BEGUN, extension="law_enforcement")
    with pytest.raises(UsageError, match="is not delayed by"):
        step(city, TO_STATE, DutyStep.DELAY_BEGUN, extension="law_enforcement", authority="Police, letter")
    with pytest.raises(UsageError, match="no delay can end"):
        step(city, TO_PEOPLE, DutyStep.DELAY_ENDED, extension="law_enforcement")
    step(city, TO_PEOPLE, DutyStep.DELAY_BEGUN, extension="law_enforcement", authority="Police, letter of today")
    assert duty(later(city, days=90), TO_PEOPLE).clock is ClockState.PAUSED
    released = later(city, days=90)
    step(released, TO_PEOPLE, DutyStep.DELAY_ENDED, extension="law_enforcement")
    found = duty(later(released, days=1), TO_PEOPLE)
    assert found.due.safe == released.clock.now()
    assert found.clock is ClockState.OVERDUE


def test_the_board_shows_what_counts_the_most_urgent_first(city: Workspace) -> None:
    assessed(city)
    now = later(city, hours=47)
    found = board(now, by=ANALYST)
    dates = [item.due.safe for item in found if item.due.safe is not None]
    assert dates == sorted(dates)
    assert (found[0].obligation.id, found[0].clock) == ("cjis-report", ClockState.OVERDUE)
    names = {item.obligation.id for item in found}
    assert TO_PEOPLE in names
    assert not {"tx-credit-agencies", "voluntary-sharing", "circia"} & names
    deciding.decide(now, INC, "cjis-report", DutyOutcome.NOT_REQUIRED, by=COUNSEL, basis="no police data there")
    assert "cjis-report" not in {item.obligation.id for item in board(now, by=ANALYST)}


def test_the_calendar_names_the_duty_and_nothing_of_what_was_found(city: Workspace) -> None:
    assessed(city)
    made = icalendar.Calendar.from_ical(calendar(city, board(city, by=ANALYST)))
    events = {str(item["uid"]): item for item in made.walk("VEVENT")}
    found = events[f"{INC}-{TO_STATE}@breachwatch"]
    assert found.decoded("dtstart") == city.clock.now() + timedelta(hours=48)
    assert "2063.302" in str(found["description"])
    assert "Safe: 2026-11-24 04:15 CST" in str(found["description"])
    text = made.to_ical().decode()
    assert "jmeyer" not in text
    assert "DTSTART:20261124T101500Z" in text
    assert "TZID" not in text  # RFC 5545, 3.2.19: a zone by name needs a VTIMEZONE with its rules
    assert len(found.walk("VALARM")) == 1


def test_every_change_is_in_the_audit_log_and_no_row_changes(city: Workspace) -> None:
    assessed(city)
    deciding.decide(city, INC, TO_PEOPLE, DutyOutcome.REQUIRED, by=COUNSEL, basis="521.053(b)")
    recalculate(city, INC, because="decided")
    with city.database.read() as connection:
        changes = [row.change for row in audit.trail(connection, INC)]
        assert audit.check_chain(connection).ok
        assert connection.execute(select(duties.clock_reading)).first() is not None
    assert changes[-2:] == ["assessment 0 -> 1", "tx-individuals: required"]
    for table in ("assessment", "duty_decision", "clock_reading"):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET incident = incident"):
            with pytest.raises(DatabaseError), city.database.write() as connection:
                connection.execute(text(change))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"individuals": -3}, "is no number"),
        ({"who": "x"}, "no such fact"),
        ({"individuals": 1, "residents": {"TX": 2}}, "more than 1"),
    ],
)
def test_facts_that_cannot_be_are_refused_and_nothing_is_kept(
    city: Workspace, facts: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        assessing.assess(city, INC, facts, by=ANALYST, reason="x")
    assert assessing.assessments(city, INC, by=ANALYST) == ()


def test_a_step_in_the_future_and_an_assessment_without_a_profile_are_refused(city: Workspace) -> None:
    assessed(city)
    ahead = city.clock.now() + timedelta(hours=1)
    with pytest.raises(UsageError, match="cannot have been drafted"):
        deciding.take_step(city, INC, TO_PEOPLE, DutyStep.DRAFTED, by=ANALYST, at=ahead, reason="x")
    settings = city.settings.model_copy(update={"city": city.settings.city.model_copy(update={"jurisdiction": ""})})
    without = replace(city, settings=settings, clock=FixedClock(city.clock.now()))
    with pytest.raises(UsageError, match=r"city\.jurisdiction"):
        assessing.assess(without, INC, MAILBOX, by=ANALYST, reason="x")
