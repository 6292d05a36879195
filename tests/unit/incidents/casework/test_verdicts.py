"""Verdicts on incidents and alerts, and what is said about the like later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from breachwatch import incidents
from breachwatch.errors import ChangedMeanwhileError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework import alerts, merging, verdicts
from breachwatch.incidents.casework.case import case
from breachwatch.model.casework import AlertState, Relation, Verdict
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState as S
from tests.somebody import SOMEBODY
from tests.unit.incidents.casework.conftest import ANALYST, AUDITOR, HELPDESK, Desk


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.FALSE_POSITIVE, S.FALSE_POSITIVE),
        (Verdict.BENIGN_TRUE_POSITIVE, S.CLOSED),
        (Verdict.TEST, S.CLOSED),
        (Verdict.NO_ACTION, S.CLOSED),
        (Verdict.TRUE_POSITIVE, S.NEW),
    ],
)
def test_a_verdict_ends_what_needs_no_work(desk: Desk, verdict: Verdict, state: S) -> None:
    number = desk.open()
    with pytest.raises(UsageError, match="the reason of the verdict is missing"):
        verdicts.set_verdict(desk.ws, number, verdict, by=ANALYST, reason="")
    assert verdicts.set_verdict(desk.ws, number, verdict, by=ANALYST, reason="asked the owner") is state
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    assert (found.state, found.verdict, found.verdict_reason) == (state, verdict.value, "asked the owner")
    assert (incidents.queue(desk.ws, by=SOMEBODY) == []) is state.ended


def test_a_duplicate_names_what_it_repeats(desk: Desk) -> None:
    first = desk.open(desk.make(user="u1"))
    second = desk.open(desk.make(user="u2"))
    with pytest.raises(UsageError, match="names the incident that it repeats"):
        verdicts.set_verdict(desk.ws, second, Verdict.DUPLICATE, by=ANALYST, reason="same mail")
    with pytest.raises(UsageError, match="of itself"):
        verdicts.set_verdict(desk.ws, second, Verdict.DUPLICATE, by=ANALYST, reason="same", duplicate_of=second)
    assert desk.state(second) is S.NEW
    verdicts.set_verdict(desk.ws, second, Verdict.DUPLICATE, by=ANALYST, reason="same mail", duplicate_of=first)
    [link] = merging.links(desk.ws, first, by=ANALYST)
    assert (link.incident, link.other, link.relation) == (second, first, Relation.DUPLICATE)
    assert desk.state(second) is S.CLOSED


def test_alerts_that_stand_alone(desk: Desk) -> None:
    desk.record(desk.make(level=Level.LOW), desk.make(1, rule="r2", user="other", level=Level.LOW))
    first, second = reversed(alerts.alerts(desk.ws, by=AUDITOR))
    assert (first.state, first.seen) == (AlertState.NEW, ())
    with pytest.raises(NotPermittedError):
        alerts.acknowledge(desk.ws, first.key, by=HELPDESK)
    alerts.acknowledge(desk.ws, first.key[:8], by=ANALYST, expected_version=1)
    with pytest.raises(ChangedMeanwhileError, match=r"ana, .*: new -> acknowledged"):
        alerts.close(desk.ws, first.key, Verdict.TEST, by=ANALYST, reason="a drill", expected_version=1)
    with pytest.raises(UsageError, match="belongs into an incident"):
        alerts.close(desk.ws, first.key, Verdict.TRUE_POSITIVE, by=ANALYST, reason="real")
    alerts.close(desk.ws, first.key, Verdict.TEST, by=ANALYST, reason="a drill", expected_version=2)
    with pytest.raises(UsageError, match=r"it is closed already \(ana: a drill\)"):
        alerts.acknowledge(desk.ws, first.key, by=ANALYST)
    assert [line.key for line in alerts.alerts(desk.ws, by=AUDITOR)] == [second.key]
    alerts.reopen(desk.ws, first.key, by=ANALYST, reason="the drill was tomorrow")
    assert {line.key for line in alerts.alerts(desk.ws, by=AUDITOR, limit=1)} == {second.key}
    assert [line.key for line in alerts.alerts(desk.ws, by=AUDITOR, limit=1, after=second.key)] == [first.key]
    with pytest.raises(UnknownNameError):
        alerts.close(desk.ws, "ffff" * 8, Verdict.TEST, by=ANALYST, reason="x")
    with pytest.raises(UsageError, match="no key of an alert"):
        alerts.close(desk.ws, "%' OR 1=1", Verdict.TEST, by=ANALYST, reason="x")


def test_a_closed_alert_joins_nothing_until_something_new_happens(desk: Desk) -> None:
    low = desk.make(level=Level.LOW, events=("e1", "e2"))
    desk.record(low)
    alerts.close(desk.ws, low.key, Verdict.FALSE_POSITIVE, by=ANALYST, reason="approved scan")
    [number] = desk.record(desk.make(1, rule="r2", level=Level.HIGH))
    assert [item.key for item in incidents.incident(desk.ws, number, by=SOMEBODY).alerts] == [
        desk.make(1, rule="r2").key
    ]
    desk.record(low)
    assert [line.key for line in alerts.alerts(desk.ws, by=ANALYST, states=[AlertState.CLOSED])] == [low.key]
    other = replace(desk, ws=desk.ws)
    assert other.record(replace(low, event_ids=("e1", "e2", "e3"), event_count=3)) == ()
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    [grown] = [item for item in found.alerts if item.key == low.key]  # it goes on, so it joins what is open
    assert grown.event_count == 3
    assert ("false positive", "approved scan") in {
        (item.verdict.value, item.reason) for item in case(desk.ws, number, by=ANALYST).seen
    }


def test_what_was_said_before_shows_on_the_next_alert(desk: Desk) -> None:
    number = desk.open(desk.make(user="jmeyer", ip="203.0.113.7"))
    verdicts.set_verdict(desk.ws, number, Verdict.FALSE_POSITIVE, by=ANALYST, reason="approved Nessus scan")
    again = desk.open(desk.make(30, user="jmeyer", ip="198.51.100.1"))
    other_rule = desk.open(desk.make(60, rule="r9", user="jmeyer"))
    [seen] = case(desk.ws, again, by=AUDITOR).seen
    assert (seen.incident, seen.verdict, seen.reason, seen.by) == (
        number,
        Verdict.FALSE_POSITIVE,
        "approved Nessus scan",
        "ana",
    )
    assert seen.shared == ("jmeyer",)
    assert case(desk.ws, other_rule, by=AUDITOR).seen == ()


def test_a_true_positive_that_comes_back_is_a_recurrence(desk: Desk) -> None:
    number = desk.open(desk.make(user="jmeyer"))
    desk.closed(number)
    soon = desk.later(days=20)
    again = soon.open(desk.make(200, user="jmeyer"))
    found = incidents.incident(desk.ws, again, by=SOMEBODY)
    assert found.recurrence_of == number
    assert f"recurrence of {number}" in desk.audit(again)
    assert f"came back as {again}" in desk.audit(number)
    assert [link.relation for link in merging.links(desk.ws, number, by=ANALYST)] == [Relation.RECURRENCE]
    elsewhere = soon.open(desk.make(300, rule="r7", user="jmeyer"))
    assert incidents.incident(desk.ws, elsewhere, by=SOMEBODY).recurrence_of == ""
    late = desk.later(days=40)
    assert incidents.incident(desk.ws, late.open(desk.make(400, user="jmeyer")), by=SOMEBODY).recurrence_of == ""


def test_an_alert_is_put_into_an_incident_by_hand(desk: Desk) -> None:
    number = desk.open(desk.make(user="jmeyer"))
    low = desk.make(5, rule="r3", user="kdoe", level=Level.LOW)
    desk.record(low)
    alerts.link(desk.ws, low.key, number, by=ANALYST, reason="the same laptop")
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    assert (found.last_time, {item.value for item in found.entities}) == (low.last_time, {"jmeyer", "kdoe"})
    assert [item.unsealed for item in found.alerts] == [0, 1]
    desk.seal()
    assert [item.unsealed for item in incidents.incident(desk.ws, number, by=SOMEBODY).alerts] == [0, 0]
    with pytest.raises(UsageError, match=f"it is in {number} already"):
        alerts.close(desk.ws, low.key, Verdict.TEST, by=ANALYST, reason="x")
