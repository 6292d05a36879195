"""Reminders of clocks: each step once, anew after a clock moved, quiet while it is paused; escalation; the digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from breachwatch import notify
from breachwatch.clock import FixedClock
from breachwatch.evidence import create_key
from breachwatch.incidents.casework import anchors
from breachwatch.model.casework import Anchor
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.intake import Relation, Report
from breachwatch.model.people import Role
from breachwatch.notify.outbox import Kind, State
from breachwatch.notify.reminders import due_now
from breachwatch.records import duties
from breachwatch.respond.duties import assessing, deciding
from breachwatch.respond.duties.standing import duties_of, recalculate
from breachwatch.respond.intake import following, receiving
from breachwatch.respond.reminders.running import Step, moved, running
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.somebody import a
from tests.unit.notify.conftest import SETTINGS, Town
from tests.unit.respond.duties.conftest import MAILBOX

ANALYST, COUNSEL, HELPDESK = a(Role.ANALYST), a(Role.COUNSEL), a(Role.HELPDESK)
CITY = '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\njurisdiction = "us-tx-city"\n'
ALONE = SETTINGS.replace("quiet = {analyst = [3, 7]}\n", "")
DUTY = "tx-individuals"


@pytest.fixture
def town(make_town: object) -> Town:
    """A city with one incident whose letters to people are due sixty days after it was determined."""
    made: Town = make_town(CITY + ALONE)  # type: ignore[operator]
    number = made.incident(state="triage")
    assessing.assess(made.ws, number, MAILBOX, by=ANALYST, reason="the mailbox was read")
    others = [item.obligation.id for item in duties_of(made.ws, number, by=ANALYST) if item.obligation.id != DUTY]
    with made.ws.database.write() as connection:
        row = {"incident": number, "assessment": 1, "basis": "a test", "decided_by": "counsel", "at": NOW}
        rows = [{**row, "obligation": name, "outcome": DutyOutcome.NOT_REQUIRED.value} for name in others]
        connection.execute(insert(duties.duty_decision), rows)
    deciding.decide(made.ws, number, DUTY, DutyOutcome.REQUIRED, by=COUNSEL, basis="521.053(b)")
    determine(made.ws, number, made.ws.clock.now())
    recalculate(made.ws, number, because="a test")
    return made


def determine(ws: Workspace, number: str, moment: datetime) -> None:
    anchors.set_anchor(ws, number, Anchor.DETERMINED, moment, by=COUNSEL, reason="a breach, says counsel")


def at(town: Town, moment: datetime) -> Workspace:
    return replace(town.ws, clock=FixedClock(moment))


def part(town: Town, share: float) -> Workspace:
    [found] = running(town.ws, by=ANALYST)
    return at(town, found.began + (found.safe - found.began) * share)


def reminders(ws: Workspace) -> list[tuple[int, str]]:
    return [(item.stage, item.channel) for item in notify.messages(ws) if item.kind is Kind.CLOCK]


def test_each_step_is_told_once(town: Town) -> None:
    assert town.post.titles == []
    for share, said in ((0.4, 0), (0.51, 2), (0.79, 2), (0.81, 4), (1.0, 6), (1.0, 6)):
        ws = part(town, share)
        notify.send(ws)
        assert len(town.post.titles) == said, share
    assert "INC-2026-0001, half of the time is gone" in town.post.titles[0]
    body = town.post.taken[-1]["message"]
    for words in ("Safe date: 20", "Latest that the law can be read to allow", "521", "confirm with counsel"):
        assert words in body
    assert {stage for stage, _ in reminders(town.ws)} == {0, 1, 2}


def test_what_passed_while_nothing_ran_is_told_as_it_stands_now(town: Town) -> None:
    notify.send(part(town, 0.9))
    assert {stage for stage, _ in reminders(town.ws)} == {1}


def test_escalation_to_the_it_director_and_counsel(town: Town) -> None:
    [found] = running(town.ws, by=ANALYST)
    notify.send(at(town, found.safe + timedelta(minutes=239)))
    assert {stage for stage, _ in reminders(town.ws)} == {2}
    notify.send(at(town, found.safe + timedelta(minutes=240)))
    told = [item for item in notify.messages(town.ws) if item.stage == 3]
    assert {role for item in told for role in item.roles} == {Role.IT_DIRECTOR, Role.COUNSEL}
    assert "it was due, and is not done" in told[0].title


def test_who_is_reached_by_nobody_is_escalated_at_once(make_town: object) -> None:
    settings = ALONE.replace('digest = ["analyst"]', 'digest = ["analyst"]\nclocks = {incident = ["auditor"]}')
    town: Town = make_town(CITY + settings)  # type: ignore[operator]
    number = town.incident(state="triage")
    assessing.assess(town.ws, number, MAILBOX, by=ANALYST, reason="x")
    determine(town.ws, number, NOW)
    [found] = [item for item in running(town.ws, by=ANALYST) if item.about == DUTY]
    notify.send(at(town, found.safe))
    told = [item for item in notify.messages(town.ws) if item.kind is Kind.CLOCK and item.stage == 2]
    assert {role for item in told for role in item.roles} == {Role.IT_DIRECTOR, Role.COUNSEL}


def test_a_clock_that_moved_reminds_anew(town: Town) -> None:
    notify.send(part(town, 0.6))
    assert len(reminders(town.ws)) == 2
    [before] = running(town.ws, by=ANALYST)
    determine(part_of(town.ws, 6), "INC-2026-0001", NOW + timedelta(days=5))
    [after] = running(town.ws, by=ANALYST)
    assert (after.safe > before.safe, after.reading) == (True, before.reading + 1)
    recalculate(town.ws, "INC-2026-0001", because="a test")
    assert running(town.ws, by=ANALYST)[0].reading == after.reading  # it counts the same before and after it was kept
    notify.send(part(town, 0.6))
    assert len(reminders(town.ws)) == 4
    assert "has moved" in town.post.taken[-1]["message"]


def test_a_paused_clock_is_quiet_and_what_waits_is_dropped(town: Town) -> None:
    detail = {"extension": "law_enforcement", "authority": "Police, letter"}
    take = deciding.take_step
    ws = part(town, 0.85)
    number = "INC-2026-0001"
    [wanted] = due_now(ws)
    assert wanted[1] is Step.FOUR_FIFTHS
    town.post.status = 500
    notify.send(ws)
    assert {item.state for item in notify.messages(ws)} == {State.WAITING}
    town.post.status = 200
    take(ws, number, DUTY, DutyStep.DELAY_BEGUN, by=COUNSEL, at=ws.clock.now(), reason="asked", detail=detail)
    notify.send(part_of(ws, 0.1))
    assert {item.state for item in notify.messages(ws)} == {State.DROPPED}
    assert due_now(part_of(ws, 40)) == []


def part_of(ws: Workspace, days: float) -> Workspace:
    return replace(ws, clock=FixedClock(ws.clock.now() + timedelta(days=days)))


def test_a_met_clock_is_quiet(town: Town) -> None:
    ws = part(town, 0.85)
    number = "INC-2026-0001"
    for step, how in ((DutyStep.APPROVED, None), (DutyStep.SENT, {"method": "mail"})):
        deciding.take_step(ws, number, DUTY, step, by=COUNSEL, at=ws.clock.now(), reason="x", detail=how)
    assert [item for item in due_now(ws) if item[0].about == DUTY] == []


def test_without_channels_the_digest_shows_them(make_town: object) -> None:
    town: Town = make_town(CITY)  # type: ignore[operator]
    number = town.incident(state="triage")
    assessing.assess(town.ws, number, MAILBOX, by=ANALYST, reason="x")
    determine(town.ws, number, NOW)
    [found] = [item for item in running(town.ws, by=ANALYST) if item.about == DUTY]
    late = at(town, found.safe)
    assert notify.send(late).planned == 0
    lines = notify.digest(late).kinds["Deadlines"]
    assert any(line.about == number and "it is due" in line.what for line in lines)


def test_reports_are_told_to_whom_they_are_for_and_answers_are_reminded_of(make_town: object) -> None:
    settings = ALONE.replace('roles = ["analyst", "it_director"]\n[[', 'roles = ["helpdesk"]\n[[')
    town: Town = make_town(CITY + settings)  # type: ignore[operator]
    create_key(town.ws.keys)
    said = Report("odd\n<b>mail</b> http://evil.example", relation=Relation.RESIDENT, contact="me@here.example")
    number = receiving.receive(town.ws, said, by=HELPDESK).number
    notify.send(town.ws)
    notify.send(town.ws)
    assert town.post.titles == [f"{number}: a suspicion was reported"]
    assert "evil" not in town.post.taken[0]["message"]
    assert "Reports that wait for triage" in notify.digest(town.ws).kinds
    week = part_of(town.ws, 7)
    notify.send(week)
    notify.send(week)
    assert [title for title in town.post.titles if "the next answer to the reporter" in title] == [town.post.titles[-1]]
    following.set_due(week, number, None, by=HELPDESK, reason="it is over")
    assert due_now(part_of(week, 3)) == []


def test_a_flood_of_reports_is_one_message(make_town: object) -> None:
    settings = ALONE.replace('roles = ["analyst", "it_director"]\n[[', 'roles = ["helpdesk"]\n[[')
    town: Town = make_town(CITY + settings)  # type: ignore[operator]
    create_key(town.ws.keys)
    for _ in range(12):
        receiving.receive(town.ws, Report("odd", relation=Relation.ANONYMOUS), by=receiving.the_form())
    notify.send(town.ws)
    notify.send(town.ws)
    assert town.post.titles == ["12 reports wait for you"]


@pytest.mark.parametrize(
    ("kept", "now", "count"), [([], 1, 1), ([1], 1, 1), ([1], 2, 2), ([1, 2], 2, 2), ([1, 2, 1], 1, 3), ([1, 1], 1, 1)]
)
def test_how_often_a_date_moved(kept: list[int], now: int, count: int) -> None:
    assert moved(kept, now) == count
