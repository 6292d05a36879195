"""Taking in a report: sealed at receipt, refused where it cannot be, bounded, never lost."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from breachwatch import evidence
from breachwatch.errors import LimitError, NotPermittedError, UsageError
from breachwatch.evidence import Given
from breachwatch.model.intake import Channel, Direction, Message, Relation, Report, ReportKind, ReportState
from breachwatch.model.people import Actor, Role
from breachwatch.records import cases, received
from breachwatch.respond.intake import reading, receiving, sealing, triage
from breachwatch.respond.intake.communications import communications, keep
from breachwatch.respond.intake.wording import from_text, to_text
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.unit.respond.intake.conftest import ANALYST, AUDITOR, HELPDESK, both, later, mailbox


def file(name: str, content: bytes) -> Given:
    return Given(name, io.BytesIO(content))


def files(ws: Workspace, number: str) -> dict[str, dict[str, object]]:
    with ws.database.read() as connection:
        row = connection.execute(select(received.received).where(received.received.c.evidence == number)).one()
    return {one["name"]: {**one, "received_from": row.received_from} for one in json.loads(row.files)}


@both
def test_a_report_is_sealed_with_its_attachments_at_receipt(city: Workspace, tmp_path: Path) -> None:
    shot = tmp_path / "screen.png"
    shot.write_bytes(b"\x89PNG of a rule")
    done = receiving.receive(city, mailbox(), [shot, file("../../etc/pass\x00wd", b"x" * 10)], by=HELPDESK)
    assert (done.number, done.failure, done.routed_to) == ("R-2026-000001", "", (Role.HELPDESK, Role.ANALYST))
    [number] = done.evidence
    kept = files(city, number)
    assert kept["screen.png"]["sha256"] == hashlib.sha256(b"\x89PNG of a rule").hexdigest()
    assert kept["screen.png"]["received_from"] == "Clerk of the billing office"
    text = (city.vault / number / str(kept["report.json"]["file"])).read_text()
    assert from_text(text) == mailbox()
    assert json.loads(text)["report"] == done.number
    assert evidence.verify(city, number).ok
    said = reading.report_of(city, done.number, by=AUDITOR)
    assert (said.state, said.failure, said.evidence) == (ReportState.NEW, "", (number,))
    assert said.due_at == NOW + timedelta(days=7)
    [letter] = communications(city, by=AUDITOR, report=done.number)
    assert (letter.message.direction, letter.message.evidence) == (Direction.IN, number)
    deeds = [row.event for row in _custody(city, number)]
    assert deeds[:2] == ["received", "sealed"]


def _custody(ws: Workspace, number: str) -> list[object]:
    with ws.database.read() as connection:
        query = select(cases.custody).where(cases.custody.c.evidence == number).order_by(cases.custody.c.seq)
        return list(connection.execute(query))


def test_a_complaint_goes_to_the_helpdesk_and_the_records_officer(city: Workspace) -> None:
    said = Report("My bill was shown to a neighbour.", kind=ReportKind.COMPLAINT, relation=Relation.RESIDENT)
    done = receiving.receive(city, said, by=HELPDESK)
    assert done.routed_to == (Role.HELPDESK, Role.RECORDS_OFFICER)
    assert [r.number for r in reading.reports(city, by=ANALYST, role=Role.RECORDS_OFFICER)] == [done.number]
    receiving.receive(city, mailbox(), by=HELPDESK)
    assert len(reading.reports(city, by=ANALYST, role=Role.RECORDS_OFFICER)) == 1


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"what": " \n"}, "says nothing"),
    (
        {"noticed_at": NOW + timedelta(minutes=1)},
        "it cannot have been noticed at 2026-11-22 10:16 UTC: it is 2026-11-22",
    ),
    ({"noticed_at": NOW - timedelta(days=3)}, "before it began"),
    ({"noticed_at": datetime(2026, 11, 20)}, "no zone"),  # noqa: DTZ001
    ({"occurred_until": NOW - timedelta(days=3)}, "before it began"),
    ({"occurred_from": datetime(1926, 11, 20, tzinfo=UTC)}, "Correct the year"),
    ({"people": -1}, "no number of people"),
    ({"people": 10**11}, "no number of people"),
    ({"language": "fr"}, "en or es"),
    ({"contract": "C-17"}, "belongs to a vendor"),
    ({"relation": Relation.ANONYMOUS}, "names nobody"),
    ({"what": "x" * 20_001}, "Attach the rest"),
    ({"accounts": ("a",) * 201}, "at most 200"),
    ({"systems": ("x" * 501,)}, "one of the systems"),
)


def test_what_cannot_be_is_refused_and_nothing_is_kept(city: Workspace) -> None:
    for wrong, told in WRONG:
        with pytest.raises(UsageError, match=told):
            receiving.receive(city, mailbox(**wrong), by=HELPDESK)
    assert reading.reports(city, by=HELPDESK) == ()


def test_attachments_beyond_the_limit_cost_themselves_and_not_the_report(make_city: Callable[..., Workspace]) -> None:
    ws = make_city("[intake]\nmost_mib = 1\nmost_files = 2\n")
    done = receiving.receive(ws, mailbox(), [file("dump", b"\0" * (1024 * 1024 + 1))], by=HELPDESK)
    assert "more than 1 MiB" in done.failure
    assert list(files(ws, done.evidence[0])) == ["report.json"]
    assert "more than 1 MiB" in reading.report_of(ws, done.number, by=HELPDESK).failure
    with pytest.raises(LimitError, match="3 files"):
        receiving.receive(ws, mailbox(), [file(str(n), b"") for n in range(3)], by=HELPDESK)
    assert list(ws.scratch.iterdir()) == []


@both
def test_a_flood_that_nobody_stands_behind_is_bounded(make_city: Callable[..., Workspace]) -> None:
    ws = make_city("[intake]\nunvouched_per_hour = 2\nunvouched_per_day = 3\n")
    form, said = receiving.the_form(), Report("odd mail", relation=Relation.ANONYMOUS, channel=Channel.WEB_FORM)
    for _ in range(2):
        receiving.receive(ws, said, by=form)
    with pytest.raises(LimitError, match="telephone the helpdesk"):
        receiving.receive(ws, said, by=form)
    assert receiving.receive(ws, said, by=HELPDESK).number == "R-2026-000003"  # somebody of the house took it down
    receiving.receive(later(ws, hours=2), said, by=form)
    with pytest.raises(LimitError, match="within a day"):
        receiving.receive(later(ws, hours=2), said, by=form)


def test_who_may(city: Workspace) -> None:
    nobody = Actor("nobody", frozenset())
    with pytest.raises(NotPermittedError):
        receiving.receive(city, mailbox(), by=nobody)
    number = receiving.receive(city, mailbox(), by=AUDITOR).number
    with pytest.raises(NotPermittedError):
        triage.close(city, number, ReportState.NO_INCIDENT, by=AUDITOR, reason="x")
    with pytest.raises(NotPermittedError):
        reading.report_of(city, number, by=nobody)


@both
def test_killed_after_recording_the_next_run_seals_the_text(city: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "seal_report", _killed)
    with pytest.raises(KeyboardInterrupt):
        receiving.receive(city, mailbox(), [file("a.txt", b"a")], by=HELPDESK)
    monkeypatch.undo()
    assert reading.report_of(city, "R-2026-000001", by=ANALYST).failure == "not sealed yet"
    assert receiving.finish_sealing(city) == ("R-2026-000001",)
    found = reading.report_of(city, "R-2026-000001", by=ANALYST)
    assert "ask the reporter for them again" in found.failure
    assert list(files(city, found.evidence[0])) == ["report.json"]
    assert receiving.finish_sealing(city) == ()


@both
def test_killed_after_sealing_the_next_run_ties_them_together(city: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_tie", _killed)
    with pytest.raises(KeyboardInterrupt):
        receiving.receive(city, mailbox(), [file("a.txt", b"a")], by=HELPDESK)
    monkeypatch.undo()
    assert receiving.finish_sealing(city) == ("R-2026-000001",)
    found = reading.report_of(city, "R-2026-000001", by=ANALYST)
    assert (found.evidence, found.failure) == (("EV-2026-000001",), "")
    assert set(files(city, "EV-2026-000001")) == {"report.json", "a.txt"}


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_without_a_key_the_report_stays_and_says_so(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws()
    done = receiving.receive(ws, mailbox(), by=HELPDESK)
    assert (done.evidence, bool(done.failure)) == ((), True)
    evidence.create_key(ws.keys)
    assert receiving.finish_sealing(ws) == (done.number,)
    assert reading.report_of(ws, done.number, by=ANALYST).failure == ""


@both
def test_messages_are_kept_with_the_file_that_went(city: Workspace) -> None:
    number = receiving.receive(city, mailbox(), by=HELPDESK).number
    answer = Message(Direction.OUT, Channel.EMAIL, "helpdesk", ("the reporter",), NOW, "your report", report=number)
    key = keep(city, answer, by=HELPDESK, copy=file("answer.txt", b"we look at it"))
    [_, found] = communications(city, by=ANALYST, report=number)
    assert found.seq == key
    assert found.message.body_sha256 == hashlib.sha256(b"we look at it").hexdigest()
    assert evidence.verify(city, found.message.evidence).ok
    for wrong in (
        {"at": NOW + timedelta(days=1)},
        {"recipients": ()},
        {"report": "R-2026-000009"},
        {"in_reply_to": 99},
        {"sender": " "},
    ):
        with pytest.raises(UsageError):
            keep(city, Message(**{**_values(answer), **wrong}), by=HELPDESK)  # type: ignore[arg-type]
    assert len(communications(city, by=ANALYST)) == 2


def _values(message: Message) -> dict[str, object]:
    return {name: getattr(message, name) for name in Message.__slots__}


_TIMES = st.none() | st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("America/Chicago")]), allow_imaginary=False)


@settings(max_examples=60)
@given(st.text(), st.lists(st.text(), max_size=3), _TIMES, st.none() | st.integers())
def test_any_text_comes_back_as_it_was_said(
    what: str, names: list[str], moment: datetime | None, people: int | None
) -> None:
    said = Report(what + "\udc80", accounts=tuple(names), noticed_at=moment, people=people)
    text = to_text("R-2026-000001", NOW, said)
    assert text.isascii()
    assert from_text(text) == said


def test_sources_cannot_be_claimed_by_others(city: Workspace) -> None:
    """Evidence that only says it came with a report is not taken for it."""
    receipt = evidence.Receipt("somebody", "a trick", "report R-2026-000001")
    evidence.add_file(city, [file("report.json", b"{}")], by=ANALYST, receipt=receipt)
    with city.database.read() as connection:
        assert sealing.sealed_before(connection, "R-2026-000001", "0" * 64) is None
