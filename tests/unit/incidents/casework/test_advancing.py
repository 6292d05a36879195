"""The way of an incident: each step, who may take it, what must be true first, and the way back."""

from __future__ import annotations

import pytest

from breachwatch import incidents
from breachwatch.errors import ChangedMeanwhileError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework import actions, advancing, decisions, verdicts
from breachwatch.incidents.casework.guards import _CHECKS
from breachwatch.incidents.casework.states import GUARDS, STEPS, Guard, steps_from
from breachwatch.model.casework import ActionKind, Anchor, DecisionKind, Verdict
from breachwatch.model.incident import IncidentState as S
from breachwatch.records import audit, duties, outbox
from tests.somebody import SOMEBODY
from tests.unit.incidents.casework.conftest import ANALYST, AUDITOR, COUNSEL, DIRECTOR, HELPDESK, Desk


def test_the_table_has_a_way_from_every_state_to_an_end() -> None:
    assert set(GUARDS) == set(Guard) == set(_CHECKS)
    assert len({(step.source, step.to) for step in STEPS}) == len(STEPS)
    for state in S:
        if not state.waits:
            continue
        reached, fresh = {state}, [state]
        while fresh:
            fresh = [step.to for item in fresh for step in steps_from(item) if step.to not in reached]
            reached.update(fresh)
        assert {S.CLOSED, S.FALSE_POSITIVE} <= reached, state
    assert steps_from(S.MERGED) == steps_from(S.PRESERVING) == ()


def test_the_whole_way_of_the_guides(desk: Desk) -> None:
    number = desk.open()
    desk.closed(number)
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    assert (found.state, found.closed_by, found.closed_at) == (S.CLOSED, "dora", desk.ws.clock.now())
    steps = [change for change in desk.audit(number) if " -> " in change and not change.startswith("severity")]
    assert steps == [
        "none -> preserving",
        "preserving -> new",
        "new -> triage",
        "triage -> contained",
        "contained -> investigating",
        "investigating -> assessing",
        "assessing -> no notice required",
        "no notice required -> remediating",
        "remediating -> verifying",
        "verifying -> closed",
    ]
    with desk.ws.database.read() as connection:
        assert audit.check_chain(connection).ok


def test_a_guard_says_what_is_missing_and_how_to_go_on(desk: Desk) -> None:
    number = desk.open()
    advancing.advance(desk.ws, number, S.TRIAGE, by=ANALYST)
    with pytest.raises(UsageError, match=r"no containment action is done.*incident advance"):
        advancing.advance(desk.ws, number, S.CONTAINED, by=ANALYST)
    [contained, *_] = advancing.ways(desk.ws, number, by=AUDITOR)
    assert [(item.guard, item.waivable) for item in contained.missing] == [(Guard.CONTAINMENT, True)]
    decisions.decide(desk.ws, number, DecisionKind.WAIVER, "containment", by=ANALYST, reason="a log of last year")
    assert advancing.advance(desk.ws, number, S.CONTAINED, by=ANALYST) is S.CONTAINED


def test_an_order_alone_contains_nothing(desk: Desk) -> None:
    number = desk.open()
    advancing.advance(desk.ws, number, S.TRIAGE, by=ANALYST)
    actions.order(desk.ws, number, ActionKind.CONTAINMENT, "web01", by=ANALYST)
    with pytest.raises(UsageError, match="no containment action is done"):
        advancing.advance(desk.ws, number, S.CONTAINED, by=ANALYST)


def test_the_three_insiders_are_told_before_it_is_assessed(desk: Desk) -> None:
    number = desk.open()
    desk.contained(number)
    advancing.advance(desk.ws, number, S.INVESTIGATING, by=ANALYST)
    decisions.decide(desk.ws, number, DecisionKind.NOTIFIED, "counsel", by=ANALYST, reason="by telephone")
    with pytest.raises(UsageError, match="not told yet: IT director, records officer"):
        advancing.advance(desk.ws, number, S.ASSESSING, by=ANALYST)


def test_only_counsel_decides_whether_a_notice_is_required(desk: Desk) -> None:
    number = desk.open()
    desk.assessing(number)
    with pytest.raises(UsageError, match="counsel has not decided"):
        advancing.advance(desk.ws, number, S.NOTIFYING, by=ANALYST)
    with pytest.raises(NotPermittedError, match=r"dora \(IT director\) may not decide as counsel"):
        decisions.decide(desk.ws, number, DecisionKind.NOTICE, "required", by=DIRECTOR, reason="x")
    with pytest.raises(UnknownNameError):
        decisions.decide(desk.ws, number, DecisionKind.WAIVER, "notice-required", by=DIRECTOR, reason="in a hurry")
    decisions.decide(desk.ws, number, DecisionKind.NOTICE, "required", by=COUNSEL, reason="SSNs of 300 residents")
    with pytest.raises(UsageError, match="cole decided that a notice is required"):
        advancing.advance(desk.ws, number, S.NO_NOTICE_REQUIRED, by=ANALYST)
    assert advancing.advance(desk.ws, number, S.NOTIFYING, by=COUNSEL) is S.NOTIFYING
    with pytest.raises(UsageError, match="nobody confirmed"):
        advancing.advance(desk.ws, number, S.REMEDIATING, by=ANALYST)
    with pytest.raises(UsageError, match="why INC-2026-0001 goes back to assessing is missing"):
        advancing.advance(desk.ws, number, S.ASSESSING, by=COUNSEL)
    advancing.advance(desk.ws, number, S.ASSESSING, by=COUNSEL, reason="the count was wrong")
    decisions.decide(desk.ws, number, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason="all of it encrypted")
    assert advancing.advance(desk.ws, number, S.NO_NOTICE_REQUIRED, by=COUNSEL) is S.NO_NOTICE_REQUIRED


def test_closing_asks_for_everything_that_the_guides_ask_for(desk: Desk) -> None:
    number = desk.open()
    desk.assessing(number)
    decisions.decide(desk.ws, number, DecisionKind.NOTICE, "not-required", by=COUNSEL, reason="no data")
    for state in (S.NO_NOTICE_REQUIRED, S.REMEDIATING, S.VERIFYING):
        advancing.advance(desk.ws, number, state, by=ANALYST)
    late = desk.later(days=2)  # the evidence was verified two days ago
    closing = next(way for way in advancing.ways(late.ws, number, by=ANALYST) if way.step.to is S.CLOSED)
    assert {item.guard for item in closing.missing} == {
        *(Guard.VERDICT, Guard.ACTIONS_VERIFIED, Guard.TASKS_DONE, Guard.EVIDENCE_VERIFIED),
        *(Guard.HOLDS_CONSIDERED, Guard.LESSONS, Guard.STATEMENT),
    }
    told = " ".join(item.what for item in closing.missing)
    assert "not verified yet: action 1" in told
    assert "not verified today: EV-2026-000001" in told


def test_people_work_while_preservation_has_failed_but_do_not_close(desk: Desk) -> None:
    [number] = desk.record(desk.make())
    with pytest.raises(UsageError, match=r"not sealed yet\. The next run seals it"):
        advancing.advance(desk.ws, number, S.TRIAGE, by=ANALYST)
    with desk.ws.database.write() as connection:
        incidents.mark_failed(connection, incident=number, reason="disk full", at=desk.ws.clock.now())
    desk.contained(number)
    with desk.ws.database.write() as connection:  # a later run fails again, and the state stays
        incidents.mark_failed(connection, incident=number, reason="disk full", at=desk.ws.clock.now())
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    assert (found.state, found.failure) == (S.CONTAINED, "disk full")
    with desk.ws.database.read() as connection:
        from breachwatch.incidents.casework.finding import row_of
        from breachwatch.incidents.casework.guards import facts_of

        facts = facts_of(connection, row_of(connection, number), desk.ws.clock.now(), desk.ws.settings.city.zone)
    assert _CHECKS[Guard.EVIDENCE_SEALED](facts) == "its evidence could not be sealed: disk full"


def test_a_step_that_does_not_exist_names_those_that_do(desk: Desk) -> None:
    number = desk.open()
    with pytest.raises(UsageError, match="Open from there: triage, false positive, closed"):
        advancing.advance(desk.ws, number, S.VERIFYING, by=ANALYST)
    with pytest.raises(UsageError, match="is new already"):
        advancing.advance(desk.ws, number, S.NEW, by=ANALYST)
    with pytest.raises(UnknownNameError):
        advancing.advance(desk.ws, "INC-2026-0099", S.TRIAGE, by=ANALYST)


def test_who_may_not_says_who_may(desk: Desk) -> None:
    number = desk.open()
    for person in (HELPDESK, AUDITOR):
        with pytest.raises(NotPermittedError, match="that is for: IT director, admin, analyst"):
            advancing.advance(desk.ws, number, S.TRIAGE, by=person)
    assert desk.state(number) is S.NEW


def test_somebody_else_was_faster(desk: Desk) -> None:
    number = desk.open()
    seen = incidents.incident(desk.ws, number, by=SOMEBODY).version
    advancing.advance(desk.ws, number, S.TRIAGE, by=DIRECTOR, expected_version=seen)
    with pytest.raises(ChangedMeanwhileError, match=r"dora, 2026-11-22 10:15 UTC: new -> triage") as told:
        verdicts.set_verdict(
            desk.ws, number, Verdict.FALSE_POSITIVE, by=ANALYST, reason="a test", expected_version=seen
        )
    assert "preserving" not in str(told.value)  # only what came since
    assert desk.state(number) is S.TRIAGE


def test_reopening_takes_the_verdict_back_and_needs_a_reason(desk: Desk) -> None:
    number = desk.open()
    verdicts.set_verdict(desk.ws, number, Verdict.FALSE_POSITIVE, by=ANALYST, reason="the scanner")
    assert desk.state(number) is S.FALSE_POSITIVE
    with pytest.raises(UsageError, match="why it is opened again is missing"):
        advancing.reopen(desk.ws, number, by=ANALYST, reason=" ")
    later = desk.later(hours=1)
    assert advancing.reopen(later.ws, number, by=ANALYST, reason="the scanner was off") is S.INVESTIGATING
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    assert (found.verdict, found.closed_at) == ("", None)
    assert "verdict: false positive" in desk.audit(number)
    from breachwatch.incidents.casework.anchors import anchors

    assert Anchor.CLOSED not in anchors(desk.ws, number, by=ANALYST)
    with pytest.raises(UsageError, match="is not closed"):
        advancing.reopen(desk.ws, number, by=ANALYST, reason="again")


def test_a_referral_is_a_flag_beside_the_state(desk: Desk) -> None:
    number = desk.open()
    decisions.decide(
        desk.ws,
        number,
        DecisionKind.REFERRAL,
        "law-enforcement",
        by=DIRECTOR,
        reason="report 26-117",
        decided_by="chief",
    )
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    assert (found.state, found.referred) == (S.NEW, True)
    [decision] = decisions.decisions(desk.ws, number)
    assert (decision.decided_by, decision.recorded_by, decision.outcome) == ("chief", "dora", "referred")


def test_what_the_records_know_by_themselves_is_not_asked_again(desk: Desk) -> None:
    number = desk.open()
    desk.contained(number)
    advancing.advance(desk.ws, number, S.INVESTIGATING, by=ANALYST)
    at = desk.ws.clock.now()
    sent = {
        "kind": "incident", "subject": number, "severity": 3, "stage": 0, "channel": "mail", "title": "", "body": "",
        "created_at": at, "not_before": at, "attempts": 1, "sent_at": at, "error": "",
    }  # fmt: skip
    with desk.ws.database.write() as connection:
        for key, roles, state in (("1", '["it_director", "records_officer"]', "sent"), ("2", '["counsel"]', "failed")):
            connection.execute(outbox.notification.insert().values(key=key, roles=roles, state=state, **sent))
    with pytest.raises(UsageError, match="not told yet: counsel"):
        advancing.advance(desk.ws, number, S.ASSESSING, by=ANALYST)
    decisions.decide(desk.ws, number, DecisionKind.NOTIFIED, "counsel", by=ANALYST, reason="in person")
    advancing.advance(desk.ws, number, S.ASSESSING, by=ANALYST)
    with desk.ws.database.write() as connection:
        connection.execute(
            duties.assessment.insert().values(
                seq=1, incident=number, version=1, profile="tx", profile_sha256="0", law="{}", law_of="2026-11-22",
                facts="{}", proposals="{}", made_by="ana", made_at=at, reason="x",
            )
        )  # fmt: skip
        for obligation, outcome in (("individuals", "not required"), ("state", "required")):
            connection.execute(
                duties.duty_decision.insert().values(
                    incident=number, obligation=obligation, assessment=1, outcome=outcome, basis="x",
                    decided_by="cole", at=at,
                )
            )  # fmt: skip
    with pytest.raises(UsageError, match="counsel decided that this is required: state"):
        advancing.advance(desk.ws, number, S.NO_NOTICE_REQUIRED, by=ANALYST)
    advancing.advance(desk.ws, number, S.NOTIFYING, by=ANALYST)
    with pytest.raises(UsageError, match="not sent yet: state"):
        advancing.advance(desk.ws, number, S.REMEDIATING, by=ANALYST)
    with desk.ws.database.write() as connection:
        connection.execute(
            duties.duty_step.insert().values(
                incident=number, obligation="state", step="sent", at=at, detail="{}", reason="x", recorded_by="ana",
                recorded_at=at,
            )
        )  # fmt: skip
    assert advancing.advance(desk.ws, number, S.REMEDIATING, by=ANALYST) is S.REMEDIATING
