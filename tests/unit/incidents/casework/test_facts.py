"""Moments, measures, tasks, notes, timeline, who is affected: who may say what; nothing is overwritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import DatabaseError

from breachwatch.errors import ChangedMeanwhileError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework import actions, advancing, affected, anchors, notes, tasks, timeline
from breachwatch.incidents.casework.affected import Statement
from breachwatch.incidents.casework.case import case
from breachwatch.incidents.casework.timeline import Curation
from breachwatch.model.casework import ActionKind, Anchor, Precision, TaskState
from breachwatch.model.incident import IncidentState as S
from breachwatch.records import audit, casework
from tests.unit.incidents.casework.conftest import ANALYST, AUDITOR, CLERK, COUNSEL, DIRECTOR, HELPDESK, Desk

CHICAGO = ZoneInfo("America/Chicago")


def test_moments_begin_with_what_the_records_say(desk: Desk) -> None:
    number = desk.open()
    found = anchors.anchors(desk.ws, number, by=AUDITOR)
    assert list(found) == [Anchor.OCCURRED, Anchor.DETECTED, Anchor.DISCOVERED]
    assert found[Anchor.OCCURRED].at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert found[Anchor.DISCOVERED].at == found[Anchor.DETECTED].at == desk.ws.clock.now()
    assert "until somebody says otherwise" in found[Anchor.DISCOVERED].reason


def test_a_moment_is_superseded_and_keeps_its_zone(desk: Desk) -> None:
    number = desk.open()
    first, second = (datetime(2026, 11, 22, hour, 30, tzinfo=CHICAGO) for hour in (1, 0))
    anchors.set_anchor(desk.ws, number, Anchor.OCCURRED, first, by=ANALYST, reason="the phone's log")
    anchors.set_anchor(desk.ws, number, Anchor.OCCURRED, second, by=DIRECTOR, reason="the vendor's log")
    found = anchors.anchors(desk.ws, number, by=AUDITOR)[Anchor.OCCURRED]
    assert (found.at, found.zone, found.set_by) == (second, "America/Chicago", "dora")
    assert [item.set_by for item in anchors.history(desk.ws, number, by=AUDITOR)] == ["ana", "dora"]
    with desk.ws.database.write() as connection, pytest.raises(DatabaseError):
        connection.execute(casework.anchor.update().values(reason="changed"))


def test_impossible_moments_are_refused_with_the_mend(desk: Desk) -> None:
    number = desk.open()
    now = desk.ws.clock.now()
    tomorrow = desk.later(days=1).ws
    with pytest.raises(UsageError, match=r"occurred cannot be after detected.*first set detected anew"):
        anchors.set_anchor(tomorrow, number, Anchor.OCCURRED, now + timedelta(hours=1), by=ANALYST, reason="x")
    with pytest.raises(UsageError, match="occurred cannot be after contained"):
        anchors.set_anchor(desk.ws, number, Anchor.CONTAINED, now - timedelta(days=3), by=ANALYST, reason="x")
    with pytest.raises(UsageError, match=r"it is .* now"):
        anchors.set_anchor(desk.ws, number, Anchor.RECOVERED, now + timedelta(hours=1), by=ANALYST, reason="x")
    with pytest.raises(UsageError, match="has no zone"):
        anchors.set_anchor(desk.ws, number, Anchor.OCCURRED, datetime(2026, 11, 22, 1), by=ANALYST, reason="x")  # noqa: DTZ001
    with pytest.raises(UsageError, match="why it is held to have been occurred then is missing"):
        anchors.set_anchor(desk.ws, number, Anchor.OCCURRED, now, by=ANALYST, reason="")


def test_only_counsel_makes_deadlines_longer(desk: Desk) -> None:
    number = desk.open()
    later = desk.later(days=2)
    at = desk.ws.clock.now() + timedelta(days=1)
    for anchor in (Anchor.DETERMINED, Anchor.DISCOVERED):
        with pytest.raises(NotPermittedError, match="may not decide as counsel"):
            anchors.set_anchor(later.ws, number, anchor, at, by=ANALYST, reason="read the next day")
    anchors.set_anchor(later.ws, number, Anchor.DISCOVERED, at, by=COUNSEL, reason="read the next day")
    both = [item.at for item in anchors.anchors(desk.ws, number, by=AUDITOR).values()]
    assert both[1:3] == [desk.ws.clock.now(), at]  # detected and discovered are both shown


def test_somebody_else_verifies_a_measure(desk: Desk) -> None:
    number = desk.open()
    action = actions.order(desk.ws, number, ActionKind.ERADICATION, "web01", by=DIRECTOR, implementer="hal")
    with pytest.raises(UsageError, match="is not done yet"):
        actions.verify(desk.ws, number, action, by=AUDITOR, finding="gone")
    with pytest.raises(UsageError, match="still to come"):
        actions.done(desk.ws, number, action, by=HELPDESK, at=desk.ws.clock.now() + timedelta(hours=1))
    actions.done(desk.ws, number, action, by=ANALYST, result="rebuilt", expected_version=1)
    with pytest.raises(ChangedMeanwhileError, match="action 1 done"):
        actions.done(desk.ws, number, action, by=ANALYST, expected_version=1)
    own = actions.order(desk.ws, number, ActionKind.RECOVERY, "web01", by=ANALYST)
    actions.done(desk.ws, number, own, by=ANALYST)
    with pytest.raises(UsageError, match="so somebody else verifies it"):
        actions.verify(desk.ws, number, own, by=ANALYST, finding="up")
    actions.verify(desk.ws, number, own, by=ANALYST, finding="up", waiver="nobody else is on duty")
    actions.verify(desk.ws, number, action, by=ANALYST, finding="new image", waiver="not needed")
    found = actions.actions(desk.ws, number, by=AUDITOR)
    assert [(item.implementer, item.verifier, item.waiver) for item in found] == [
        ("hal", "ana", ""),
        ("ana", "ana", "nobody else is on duty"),
    ]
    with pytest.raises(UnknownNameError, match="Known: 1, 2"):
        actions.verify(desk.ws, number, 9, by=AUDITOR, finding="x")


def test_sanctions_are_for_those_who_work_on_the_case(desk: Desk) -> None:
    number = desk.open()
    action = actions.order(desk.ws, number, ActionKind.SANCTION, "bob of accounting", by=DIRECTOR)
    actions.done(desk.ws, number, action, by=DIRECTOR, result="a talk with bob")
    assert actions.actions(desk.ws, number, by=AUDITOR) == actions.actions(desk.ws, number, by=HELPDESK) == ()
    assert [item.target for item in actions.actions(desk.ws, number, by=COUNSEL)] == ["bob of accounting"]
    shown = timeline.timeline(desk.ws, number, by=None)
    assert not any("bob" in item.raw for item in shown)
    with desk.ws.database.read() as connection:
        assert not any("bob" in row.reason + row.change for row in audit.trail(connection, number))


def test_privileged_notes_reach_counsel_alone(desk: Desk) -> None:
    number = desk.open()
    notes.write(desk.ws, number, "the owner was in Lisbon", by=HELPDESK)
    with pytest.raises(NotPermittedError, match="may not read and write privileged notes; that is for: counsel"):
        notes.write(desk.ws, number, "we are liable", by=ANALYST, privileged=True)
    with pytest.raises(NotPermittedError, match="may not write notes"):
        notes.write(desk.ws, number, "x", by=AUDITOR)
    notes.write(desk.ws, number, "we are liable", by=COUNSEL, privileged=True)
    assert [item.text for item in notes.notes(desk.ws, number, by=COUNSEL)] == [
        "the owner was in Lisbon",
        "we are liable",
    ]
    for person in (ANALYST, DIRECTOR, AUDITOR, CLERK, None):
        assert [item.privileged for item in notes.notes(desk.ws, number, by=person)] == [False]
    for person in (ANALYST, None):
        lines = timeline.timeline(desk.ws, number, by=person, everything=True)
        assert not any("liable" in f"{item.raw}{item.interpretation}" for item in lines)
    assert "liable" not in repr(case(desk.ws, number, by=ANALYST))
    with desk.ws.database.read() as connection:
        assert "liable" not in "".join(row.body for row in connection.execute(audit.cases.audit.select()))


def test_tasks_come_with_triage_and_once(desk: Desk) -> None:
    number = desk.open()
    advancing.advance(desk.ws, number, S.TRIAGE, by=ANALYST)
    found = tasks.tasks(desk.ws, number, by=AUDITOR)
    assert {item.playbook for item in found} == {"general"}
    due = {item.step: item.due_at for item in found}
    assert due["contain"] == desk.ws.clock.now() + timedelta(hours=4)
    assert tasks.plan(desk.ws, number, by=ANALYST) == 0
    first = found[0]
    tasks.block(desk.ws, number, first.number, by=HELPDESK, reason="no access to the vault")
    tasks.done(desk.ws, number, first.number, by=HELPDESK, expected_version=2)
    with pytest.raises(UsageError, match=r"is done already \(hal\)"):
        tasks.done(desk.ws, number, first.number, by=ANALYST)
    with pytest.raises(ChangedMeanwhileError):
        tasks.reopen(desk.ws, number, first.number, by=ANALYST, reason="not yet", expected_version=2)
    tasks.reopen(desk.ws, number, first.number, by=ANALYST, reason="not yet")
    [again] = [item for item in tasks.tasks(desk.ws, number, by=AUDITOR) if item.number == first.number]
    assert (again.state, again.done_by, again.version) == (TaskState.OPEN, "", 4)
    with pytest.raises(NotPermittedError):
        tasks.done(desk.ws, number, first.number, by=AUDITOR)


def test_the_story_is_built_and_curated(desk: Desk) -> None:
    number = desk.open(desk.make(user="jmeyer"))
    built = timeline.timeline(desk.ws, number, by=AUDITOR)
    assert {"alert", "anchor", "evidence", "change"} == {item.kind for item in built}
    [alert] = [item for item in built if item.kind == "alert"]
    assert alert.raw == "Many failed sign-ins: jmeyer (1 event)"
    curation = Curation(pinned=True, interpretation="the first sign")
    timeline.curate(desk.ws, number, alert.key, curation, by=ANALYST)
    with pytest.raises(UsageError, match="is what the records say; it is not corrected"):
        timeline.curate(desk.ws, number, alert.key, Curation(text="nothing"), by=ANALYST, reason="x")
    called = datetime(2026, 11, 22, 1, 15, tzinfo=CHICAGO)
    key = timeline.add(desk.ws, number, called, "the owner calls", by=HELPDESK, precision=Precision.MINUTE)
    timeline.curate(desk.ws, number, key, Curation(text="the owner called"), by=ANALYST, reason="grammar")
    found = {item.key: item for item in timeline.timeline(desk.ws, number, by=AUDITOR)}
    assert (found[alert.key].pinned, found[alert.key].interpretation) == (True, "the first sign")
    assert (found[key].raw, found[key].at, found[key].precision) == ("the owner called", called, Precision.MINUTE)
    with pytest.raises(UsageError, match="why the line changes is missing"):
        timeline.curate(desk.ws, number, key, Curation(shown=False), by=ANALYST)
    timeline.curate(desk.ws, number, key, Curation(shown=False), by=ANALYST, reason="hearsay")
    assert key not in {item.key for item in timeline.timeline(desk.ws, number, by=AUDITOR)}
    assert key in {item.key for item in timeline.timeline(desk.ws, number, by=AUDITOR, everything=True)}
    with desk.ws.database.read() as connection:
        rows = connection.execute(casework.timeline.select().order_by(casework.timeline.c.seq)).all()
    assert [row.raw for row in rows][1:3] == ["the owner calls", "the owner called"]  # both are kept
    with pytest.raises(UnknownNameError):
        timeline.curate(desk.ws, number, "entry:99", Curation(pinned=True), by=ANALYST)
    with pytest.raises(NotPermittedError):
        timeline.add(desk.ws, number, called, "x", by=AUDITOR)


def test_who_is_affected_is_stated_and_stated_anew(desk: Desk) -> None:
    number = desk.open()
    guess = Statement("group", "utility customers", "suspected", ("ssn", "contact"), 300, True, {"TX": 280, "OK": None})
    affected.state_affected(desk.ws, number, guess, by=ANALYST, reason="the export of Monday")
    known = Statement("group", "Utility customers", "acquired", ("ssn",), 281, False, {"TX": 281})
    affected.state_affected(desk.ws, number, known, by=COUNSEL, reason="counted")
    [now] = affected.affected(desk.ws, number, by=AUDITOR)
    assert (now.count, now.estimated, now.status, now.by) == (281, False, "acquired", "cole")
    assert len(affected.affected(desk.ws, number, by=AUDITOR, history=True)) == 2
    for wrong, told in (
        (Statement("person", "Ann", "accessed"), "'person' is no kind"),
        (Statement("group", "g", "stolen"), "'stolen' is no status"),
        (Statement("group", "g", "accessed", ("shoe size",)), "'shoe size' is no data element"),
        (Statement("group", "g", "accessed", states={"Texas": 1}), "'Texas' is no state"),
        (Statement("group", "g", "accessed", count=-1), "no number of persons"),
        (Statement("group", "g", "accessed", count=1, states={"TX": 2}), "more than the 1 persons"),
    ):
        with pytest.raises(UsageError, match=told):
            affected.state_affected(desk.ws, number, wrong, by=ANALYST, reason="x")
