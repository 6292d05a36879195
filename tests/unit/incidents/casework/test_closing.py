"""Closing, word by word: obligations terminal, evidence verified today, and what an earlier closing does not lend."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from breachwatch.errors import UsageError
from breachwatch.incidents.casework import advancing, decisions, verdicts
from breachwatch.incidents.casework.states import GUARDS, Guard
from breachwatch.model.casework import DecisionKind, Verdict
from breachwatch.model.incident import IncidentState as S
from breachwatch.records import cases, duties
from tests.unit.incidents.casework.conftest import ANALYST, COUNSEL, DIRECTOR, Desk

LAW = {"obligations": [{"id": "people", "kind": "notify individuals"}, {"id": "state", "kind": "notify a regulator"},
                       {"id": "request", "kind": "answer a public-records request"}]}  # fmt: skip


def missing(desk: Desk, number: str) -> dict[Guard, str]:
    """What stands between the incident and `closed`."""
    ways = advancing.ways(desk.ws, number, by=ANALYST)
    return {item.guard: item.what for way in ways if way.step.to is S.CLOSED for item in way.missing}


def verify(desk: Desk, at: datetime, ok: int = 1) -> None:
    with desk.ws.database.write() as connection:
        connection.execute(cases.evidence.update().values(verified_at=at, verified_ok=ok))


def assess(desk: Desk, number: str, **outcomes: str) -> int:
    proposals = [{"obligation": name, "title": name, "outcome": outcome} for name, outcome in outcomes.items()]
    with desk.ws.database.write() as connection:
        version = len(connection.execute(duties.assessment.select()).all()) + 1
        connection.execute(
            duties.assessment.insert().values(
                incident=number, version=version, profile="tx", profile_sha256="0", law=json.dumps(LAW),
                law_of="2026-11-22", facts="{}", proposals=json.dumps(proposals), made_by="ana",
                made_at=desk.ws.clock.now(), reason="x",
            )
        )  # fmt: skip
    return version


def decide(desk: Desk, number: str, obligation: str, outcome: str, assessment: int = 1) -> None:
    with desk.ws.database.write() as connection:
        connection.execute(
            duties.duty_decision.insert().values(
                incident=number, obligation=obligation, assessment=assessment, outcome=outcome, basis="x",
                decided_by="cole", at=desk.ws.clock.now(),
            )
        )  # fmt: skip


def send(desk: Desk, number: str, obligation: str) -> None:
    at = desk.ws.clock.now()
    with desk.ws.database.write() as connection:
        connection.execute(
            duties.duty_step.insert().values(
                incident=number, obligation=obligation, step="sent", at=at, detail="{}", reason="x",
                recorded_by="ana", recorded_at=at,
            )
        )  # fmt: skip


def verifying(desk: Desk) -> str:
    """An incident that waits for its closing, about which nobody outside must be told."""
    number = desk.open()
    desk.assessing(number)
    decisions.decide(desk.ws, number, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason="no data")
    for state in (S.NO_NOTICE_REQUIRED, S.REMEDIATING, S.VERIFYING):
        advancing.advance(desk.ws, number, state, by=ANALYST)
    return number


def test_each_obligation_of_the_latest_assessment_is_decided_and_sent_or_not_required(desk: Desk) -> None:
    number = verifying(desk)
    guard = Guard.OBLIGATIONS_TERMINAL
    assert guard not in missing(desk, number)  # counsel decided about the whole, and nothing was assessed
    assess(desk, number, people="triggered", state="not triggered", request="triggered")
    assert missing(desk, number)[guard] == "not decided by counsel: people, state"  # a request has its own end
    decide(desk, number, "state", "not required")
    decide(desk, number, "people", "required")
    assert missing(desk, number)[guard] == "required, and not sent: people"
    send(desk, number, "people")
    assert guard not in missing(desk, number)
    assess(desk, number, people="triggered", state="triggered")
    assert missing(desk, number)[guard] == "open again: state"
    decide(desk, number, "state", "not required", assessment=2)
    assert guard not in missing(desk, number)


def test_what_counsel_decides_cannot_be_set_aside(desk: Desk) -> None:
    assert not GUARDS[Guard.OBLIGATIONS_TERMINAL].waivable
    number = verifying(desk)
    assess(desk, number, people="undetermined")
    decisions.decide(desk.ws, number, DecisionKind.OBLIGATIONS, "met", by=DIRECTOR, reason="all told")
    assert "not decided by counsel: people" in missing(desk, number)[Guard.OBLIGATIONS_TERMINAL]


def test_a_word_does_not_stand_for_what_counsel_requires_and_nobody_sent(desk: Desk) -> None:
    number = desk.open()
    desk.assessing(number)
    decisions.decide(desk.ws, number, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason="no data")
    decisions.decide(desk.ws, number, DecisionKind.OBLIGATIONS, "met", by=DIRECTOR, reason="all told")
    assess(desk, number, people="triggered")
    decide(desk, number, "people", "required")
    ways = {way.step.to: way for way in advancing.ways(desk.ws, number, by=ANALYST)}
    [stands_against] = ways[S.NO_NOTICE_REQUIRED].missing
    assert stands_against.what == "counsel decided that this is required: people"
    advancing.advance(desk.ws, number, S.NOTIFYING, by=ANALYST)
    [way] = [way for way in advancing.ways(desk.ws, number, by=ANALYST) if way.step.to is S.REMEDIATING]
    assert [item.what for item in way.missing] == ["not sent yet: people"]
    assert way.missing[0].meet == ("duty", "step", "NUMBER", "people", "sent", "--reason", "HOW")
    send(desk, number, "people")
    advancing.advance(desk.ws, number, S.REMEDIATING, by=ANALYST)


def test_obligations_of_what_was_merged_into_it_count(desk: Desk) -> None:
    from breachwatch.incidents.casework import merging

    number = verifying(desk)
    other = desk.open(desk.make(200, user="other", rule="rule-b"))
    assess(desk, other, people="triggered")
    decide(desk, other, "people", "required")
    merging.merge(desk.ws, other, number, by=ANALYST, reason="one intruder")
    assert missing(desk, number)[Guard.OBLIGATIONS_TERMINAL] == "required, and not sent: people"
    send(desk, number, "people")
    assert Guard.OBLIGATIONS_TERMINAL not in missing(desk, number)


@pytest.mark.parametrize(
    ("verified", "told"),
    [
        ("2026-11-22T06:00:00+00:00", ""),  # midnight in Chicago: today has begun
        ("2026-11-22T05:59:59+00:00", "not verified today: EV-2026-000001"),
    ],
)
def test_evidence_is_verified_on_the_day_of_closing_in_the_citys_zone(desk: Desk, verified: str, told: str) -> None:
    number = verifying(desk)
    verify(desk, datetime.fromisoformat(verified))
    assert missing(desk, number).get(Guard.EVIDENCE_VERIFIED, "") == told


def test_evidence_that_is_not_what_was_sealed_is_named_as_such(desk: Desk) -> None:
    number = verifying(desk)
    verify(desk, desk.ws.clock.now(), ok=0)
    assert missing(desk, number)[Guard.EVIDENCE_VERIFIED] == "does not verify: EV-2026-000001"


def test_a_reopened_incident_is_not_closed_by_what_was_said_for_the_earlier_closing(desk: Desk) -> None:
    number = desk.open()
    desk.closed(number)
    again = desk.later(hours=1)
    advancing.reopen(again.ws, number, by=ANALYST, reason="the same account, again")
    decisions.decide(again.ws, number, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason="nothing new")
    # That the three were told, and the measures that were verified, stay so.
    for state in (S.ASSESSING, S.NO_NOTICE_REQUIRED, S.REMEDIATING, S.VERIFYING):
        advancing.advance(again.ws, number, state, by=ANALYST)
    verdicts.set_verdict(again.ws, number, Verdict.TRUE_POSITIVE, by=ANALYST, reason="it went on")
    assert set(missing(again, number)) == {Guard.TASKS_DONE, Guard.HOLDS_CONSIDERED, Guard.LESSONS, Guard.STATEMENT}
    with pytest.raises(UsageError, match="there is no closing statement"):
        advancing.advance(again.ws, number, S.CLOSED, by=DIRECTOR)
    assert len(decisions.decisions(again.ws, number)) == 9  # nothing of the earlier closing is lost
    later = again.later(minutes=1)
    for kind, value in (
        (DecisionKind.WAIVER, "tasks-done"),
        (DecisionKind.HOLDS, "none"),
        (DecisionKind.LESSONS, "learnt"),
        (DecisionKind.STATEMENT, "made"),
    ):
        decisions.decide(later.ws, number, kind, value, by=DIRECTOR, reason="for this closing")
    assert advancing.advance(later.ws, number, S.CLOSED, by=DIRECTOR) is S.CLOSED
