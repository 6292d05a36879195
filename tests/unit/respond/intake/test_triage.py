"""What becomes of reports: attached, an incident opened by hand with its evidence, closed; follow-ups; answers."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from breachwatch import evidence, incidents
from breachwatch.errors import EvidenceError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence import Given
from breachwatch.incidents.casework import anchors
from breachwatch.model.casework import Anchor
from breachwatch.model.finding import Entity, Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.intake import Channel, Direction, Relation, ReportState
from breachwatch.model.papers import Form, PaperState, Way
from breachwatch.records import cases, received
from breachwatch.respond.intake import again, answering, following, reading, receiving, triage
from breachwatch.respond.intake.communications import communications
from breachwatch.respond.notices import file_of, papers_of
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.somebody import SOMEBODY
from tests.unit.incidents.conftest import make_finding, make_scan
from tests.unit.respond.intake.conftest import ANALYST, AUDITOR, CLERK, HELPDESK, both, later, mailbox


def take(ws: Workspace, **values: object) -> str:
    shot = Given("screen.png", io.BytesIO(b"PNG"))
    return receiving.receive(ws, mailbox(**values), [shot], by=HELPDESK).number


def kept(ws: Workspace, number: str) -> dict[str, str]:
    with ws.database.read() as connection:
        query = select(received.received.c.files).where(received.received.c.evidence == number)
        return {one["name"]: one["sha256"] for one in json.loads(connection.execute(query).scalar_one())}


@both
def test_an_incident_opened_by_hand_has_its_evidence_from_the_start(city: Workspace) -> None:
    number = take(city)
    ws = later(city, hours=1)
    opened = triage.open_incident(ws, number, by=ANALYST, reason="rules that nobody made", level=Level.HIGH)
    found = incidents.incident(ws, opened, by=ANALYST)
    assert (found.state, found.failure, found.level) == (IncidentState.NEW, "", Level.HIGH)
    assert found.title == "Someone reads my mail"
    [held] = found.evidence
    assert kept(ws, held.number) == kept(ws, "EV-2026-000001")
    assert held.incident == opened
    assert evidence.verify(ws, held.number).ok
    assert found.severity is not None
    assert "opened by hand" in found.severity.grounds[0].text
    assert Entity("user", "bclerk@city.example") in found.entities
    assert Entity("host", "mail01") in found.entities
    said = mailbox()
    moments = anchors.anchors(ws, opened, by=ANALYST)
    assert moments[Anchor.DISCOVERED].at == said.noticed_at
    assert moments[Anchor.OCCURRED].at == said.occurred_from
    assert moments[Anchor.DETECTED].at == ws.clock.now()
    assert moments[Anchor.DISCOVERED].set_by == ANALYST.name
    report = reading.report_of(ws, number, by=ANALYST)
    assert (report.state, report.incident) == (ReportState.OPENED, opened)
    assert [line.number for line in incidents.queue(ws, by=ANALYST)] == [opened]
    with ws.database.read() as connection:
        deeds = connection.scalars(select(cases.custody.c.event).where(cases.custody.c.evidence == "EV-2026-000001"))
        assert list(deeds) == ["received", "sealed", "copied"]


def test_it_is_shown_to_nobody_before_its_evidence_is_sealed(city: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    number = take(city)
    monkeypatch.setattr(triage, "seal_for", _killed)
    with pytest.raises(KeyboardInterrupt):
        triage.open_incident(city, number, by=ANALYST, reason="x")
    monkeypatch.undo()
    assert incidents.queue(city, by=ANALYST) == []
    assert incidents.count_waiting(city) == 1
    assert triage.finish(city) == (number,)
    [line] = incidents.queue(city, by=ANALYST)
    assert (line.state, len(line.evidence)) == (IncidentState.NEW, 1)
    assert reading.report_of(city, number, by=ANALYST).state is ReportState.OPENED
    assert triage.finish(city) == ()


@both
def test_killed_after_sealing_nothing_is_sealed_twice(city: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    number = take(city)
    monkeypatch.setattr(triage, "mark_sealed", _killed)
    with pytest.raises(KeyboardInterrupt):
        triage.open_incident(city, number, by=ANALYST, reason="x")
    monkeypatch.undo()
    triage.finish(city)
    [line] = incidents.queue(city, by=ANALYST)
    assert line.evidence == ("EV-2026-000002",)
    assert len(evidence.listing(city, by=SOMEBODY)) == 2


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_what_cannot_be_sealed_is_loud_and_tried_again(city: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    number = take(city)

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(again, "take_in", full)
    opened = triage.open_incident(city, number, by=ANALYST, reason="x")
    found = incidents.incident(city, opened, by=ANALYST)
    assert "No space left" in found.failure
    assert found.state is IncidentState.NEW
    monkeypatch.undo()
    triage.finish(city)
    found = incidents.incident(city, opened, by=ANALYST)
    assert (found.failure, len(found.evidence)) == ("", 1)


def test_altered_files_are_not_passed_on(city: Workspace) -> None:
    number = take(city)
    [incident] = incidents.record(city, make_scan(make_finding()), "run-1").new_incidents
    path = next((city.vault / "EV-2026-000001" / "data" / "files").glob("*screen.png"))
    path.chmod(0o600)
    path.write_bytes(b"other")
    with pytest.raises(EvidenceError, match="not what they were at receipt"):
        triage.attach(city, number, incident, by=ANALYST, reason="the same account")
    assert reading.report_of(city, number, by=ANALYST).state is ReportState.NEW


@both
def test_attaching_brings_evidence_and_the_earlier_moments(city: Workspace) -> None:
    number = take(city)
    [incident] = incidents.record(city, make_scan(make_finding()), "run-1").new_incidents
    before = anchors.anchors(city, incident, by=ANALYST)
    held = triage.attach(city, number, incident, by=HELPDESK, reason="the same account")
    assert kept(city, held) == kept(city, "EV-2026-000001")
    after = anchors.anchors(city, incident, by=ANALYST)
    assert before[Anchor.DISCOVERED].at > after[Anchor.DISCOVERED].at == mailbox().noticed_at
    assert after[Anchor.OCCURRED].at == min(before[Anchor.OCCURRED].at, NOW - timedelta(days=2))
    with city.database.read() as connection:
        assert [item.number for item in reading.of_incident(connection, incident)] == [number]
    with pytest.raises(UsageError, match="was triaged: attached"):
        triage.close(city, number, ReportState.NO_INCIDENT, by=ANALYST, reason="x")
    triage.reopen(city, number, by=ANALYST, reason="another account")
    assert reading.reports(city, by=ANALYST, waiting=True)[0].number == number
    with pytest.raises(UnknownNameError):
        triage.attach(city, number, "INC-2026-0009", by=ANALYST, reason="x")


def test_closing_and_who_may(city: Workspace) -> None:
    first, second = take(city), take(city)
    for wrong in (
        {"state": ReportState.DUPLICATE},
        {"state": ReportState.DUPLICATE, "duplicate_of": second},
        {"state": ReportState.NO_INCIDENT, "duplicate_of": first},
        {"state": ReportState.ATTACHED},
        {"state": ReportState.NO_INCIDENT, "reason": " "},
    ):
        with pytest.raises(UsageError):
            triage.close(city, second, **{"by": ANALYST, "reason": "x", **wrong})  # type: ignore[arg-type]
    with pytest.raises(NotPermittedError):
        triage.open_incident(city, second, by=AUDITOR, reason="x")
    triage.close(city, second, ReportState.DUPLICATE, by=CLERK, reason="the same call", duplicate_of=first)
    assert reading.report_of(city, second, by=AUDITOR).duplicate_of == first
    assert [item.number for item in reading.reports(city, by=ANALYST, waiting=True)] == [first]


@both
def test_corrections_keep_what_was_said(city: Workspace) -> None:
    number = take(city)
    found = following.correct(city, number, {"people": 612, "accounts": ("b2",)}, by=CLERK, reason="counted again")
    assert (found.said.people, found.first_said.people, found.said.accounts) == (612, 600, ("b2",))
    assert len(found.evidence) == 2
    with pytest.raises(UsageError, match="before it began"):
        following.correct(city, number, {"noticed_at": NOW - timedelta(days=9)}, by=CLERK, reason="x")
    with pytest.raises(UsageError, match="says so already"):
        following.correct(city, number, {"people": 612}, by=CLERK, reason="x")
    opened = triage.open_incident(city, number, by=ANALYST, reason="x")
    assert Entity("user", "b2") in incidents.incident(city, opened, by=ANALYST).entities
    later_on = following.follow_up(city, number, "there were two rules", by=HELPDESK, channel=Channel.TELEPHONE)
    with city.database.read() as connection:
        assert connection.scalar(select(cases.evidence.c.incident).where(cases.evidence.c.number == later_on)) == opened


@pytest.mark.parametrize(("language", "words"), [("en", "Number of your report"), ("es", "Número de su aviso")])
def test_the_acknowledgement_has_both_numbers_and_its_copy_is_evidence(
    city: Workspace, language: str, words: str
) -> None:
    number = take(city, language=language, relation=Relation.RESIDENT)
    opened = triage.open_incident(city, number, by=ANALYST, reason="x")
    made = answering.acknowledge(city, number, by=HELPDESK, channel=Channel.EMAIL)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages)
    for part in (number, opened, words, "EV-2026-000001"):
        assert part in text
    assert made.blanks == ()
    assert "[" not in text
    [_, letter] = communications(city, by=ANALYST, report=number)
    assert (letter.message.direction, letter.message.incident) == (Direction.OUT, opened)
    assert list(kept(city, letter.message.evidence).values()) == [letter.message.body_sha256]


def test_letters_to_a_reporter_are_papers_of_the_report_and_of_its_incident(city: Workspace) -> None:
    number = take(city, name="R. Porter", contact="reporter@example.org")
    first = answering.acknowledge(city, number, by=HELPDESK, channel=Channel.EMAIL)
    opened = triage.open_incident(city, number, by=ANALYST, reason="x")
    second = answering.reply(city, number, "we look", by=HELPDESK, channel=Channel.TELEPHONE)
    for found in (papers_of(city, by=ANALYST, report=number), papers_of(city, by=ANALYST, incident=opened)):
        assert [paper.number for paper in found] == [first.paper, second.paper]
        assert {paper.state for paper in found} == {PaperState.SENT}
    [acknowledged, answered] = found
    assert (acknowledged.template, answered.template) == ("acknowledgement", "reporter-follow-up")
    [sending] = acknowledged.sendings
    assert (sending.way, sending.recipients, sending.evidence) == (Way.EMAIL, "the reporter", first.evidence)
    assert file_of(city, acknowledged) == first.pdf
    assert sending.sha256 == hashlib.sha256(first.pdf).hexdigest()
    assert answered.sendings[0].way is Way.OTHER
    assert Form.DOCX in answered.latest.files


def test_a_reply_moves_the_day_on_which_the_next_answer_is_owed(city: Workspace) -> None:
    number = take(city)
    next_at = NOW + timedelta(days=20)
    answering.reply(city, number, "{{ city_name }} # we *look*", by=HELPDESK, channel=Channel.LETTER, next_at=next_at)
    assert reading.report_of(city, number, by=ANALYST).due_at == next_at
    answering.reply(city, number, "it is over", by=HELPDESK, channel=Channel.LETTER)
    assert reading.report_of(city, number, by=ANALYST).due_at is None
    following.set_due(city, number, next_at, by=CLERK, reason="they asked again")
    assert reading.report_of(city, number, by=ANALYST).due_at == next_at
    with pytest.raises(UsageError, match="is to come"):
        answering.reply(city, number, "x", by=HELPDESK, channel=Channel.LETTER, next_at=NOW)


def test_an_anonymous_report_without_a_contact_owes_no_answer(make_city: Callable[..., Workspace]) -> None:
    ws = make_city()
    said = mailbox(relation=Relation.ANONYMOUS, name="", contact="")
    number = receiving.receive(ws, said, by=receiving.the_form()).number
    assert reading.report_of(ws, number, by=ANALYST).due_at is None
    made = answering.acknowledge(ws, number, by=receiving.the_form(), channel=Channel.WEB_FORM)
    assert b"%PDF" in made.pdf[:8]


HOSTILE = "\x1b]0;x\x07{{ 7*7 }}<b>'; DROP TABLE report; --\u202e\udc80\x00=cmd|' /C'!A0\r\n# heading"


@both
def test_what_was_written_to_harm_is_text_everywhere(city: Workspace) -> None:
    names = dict.fromkeys(("name", "organization", "contact", "discovered"), HOSTILE)
    lists = dict.fromkeys(("accounts", "systems", "records"), (HOSTILE, "x" * 500))
    done = receiving.receive(city, mailbox(what=HOSTILE, **names, **lists), by=HELPDESK)
    assert done.failure == ""
    assert reading.report_of(city, done.number, by=ANALYST).said.what == HOSTILE
    opened = triage.open_incident(city, done.number, by=ANALYST, reason="x")
    found = incidents.incident(city, opened, by=ANALYST)
    assert found.failure == ""
    assert "\udc80" not in found.title
    made = answering.acknowledge(city, done.number, by=HELPDESK, channel=Channel.EMAIL)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages)
    assert "{{ 7*7 }}" in text
    assert evidence.verify(city, done.evidence[0]).ok
