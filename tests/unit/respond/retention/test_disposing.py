"""Files of incidents: due by the law, kept by whatever keeps them, disposed of by two persons, killed anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, insert, select, text
from sqlalchemy.exc import DatabaseError

from breachwatch.errors import ChangedMeanwhileError, EvidenceError, NotPermittedError, UsageError
from breachwatch.evidence import holds
from breachwatch.evidence.verification import verify
from breachwatch.model.people import Role
from breachwatch.records import audit, cases, casework, received, referrals
from breachwatch.records import retention as tables
from breachwatch.records.catalog import metadata
from breachwatch.records.disposing_parts import PART_TEXTS
from breachwatch.records.disposing_texts import FREE_TEXTS, MARK, TEXTS
from breachwatch.respond.intake.reading import report_of
from breachwatch.respond.notices.drafting import draft
from breachwatch.respond.notices.reading import papers_of
from breachwatch.respond.requests.reading import request
from breachwatch.respond.requests.receiving import Incoming, link, receive
from breachwatch.respond.retention import carrying
from breachwatch.respond.retention.asking import ask, decide, disposals
from breachwatch.respond.retention.carrying import carry_out, certificate_of, sweep
from breachwatch.respond.retention.keeping import due_files
from breachwatch.respond.retention.periods import enter_period, period_ends
from breachwatch.run import round_off
from tests.somebody import a
from tests.unit.respond.requests.conftest import ANALYST, CLERK, COUNSEL, IN_BOTH, INC, PR, Desk
from tests.unit.respond.retention.conftest import (
    DIRECTOR,
    LAW,
    OTHER,
    REPORT,
    SECRET,
    CaseFile,
    close_it,
    dispose_of_evidence,
    evidence_there,
)


def everything(case: CaseFile, but: tuple[Table, ...] = (cases.audit,)) -> str:
    """All that the database holds, but for the audit log and such tables, which stay."""
    with case.ws.database.read() as connection:
        return "\n".join(
            str(row) for table in metadata.sorted_tables if table not in but
            for row in connection.execute(select(table))
        )  # fmt: skip


def test_a_file_is_due_when_its_years_are_over(case_file: CaseFile) -> None:
    [found] = due_files(case_file.ws, by=CLERK)
    assert (found.incident, found.kept_by) == (INC, ())
    assert f"{found.over_at:%Y-%m-%d %H:%M:%S}" == "2028-11-21 23:59:59"
    early = Desk(case_file.ws).on("2028-11-21T23:59")
    assert due_files(early.ws, by=CLERK) == ()
    with pytest.raises(UsageError, match="kept until 2028-11-21"):
        ask(early.ws, INC, authority=LAW, reason="early", by=CLERK)


def test_not_specified_means_that_nothing_is_due_until_a_period_is_entered(texas: Desk) -> None:
    close_it(texas.ws, texas.at("2026-11-21T10:00"))
    late = texas.on("2090-01-01T09:00")
    assert due_files(late.ws, by=CLERK) == ()
    with pytest.raises(UsageError, match="does not specify a period"):
        ask(late.ws, INC, authority=LAW, reason="so old", by=CLERK)
    with pytest.raises(NotPermittedError):
        enter_period(late.ws, 3, source="schedule", by=ANALYST)
    enter_period(late.ws, 3, source="the city's records control schedule, line 12", by=CLERK)
    assert [item.incident for item in due_files(late.ws, by=CLERK)] == [INC]


def test_a_period_below_the_laws_minimum_is_refused(california: Desk) -> None:
    with pytest.raises(UsageError, match="34090"):
        enter_period(california.ws, 1, source="a wish", by=CLERK)


def test_years_end_at_the_end_of_a_day_and_know_leap_years() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    leap = datetime(2028, 3, 1, 5, 0, tzinfo=UTC)  # 29 February in California
    assert period_ends(leap, 2, zone).isoformat() == "2030-03-01T23:59:59-08:00"
    assert period_ends(leap, 4, zone).isoformat() == "2032-02-29T23:59:59-08:00"


def test_holds_requests_and_referrals_keep_a_file(case_file: CaseFile) -> None:
    ws = case_file.ws
    placed = holds.place(ws, [("incident", INC)], reason="a claim", by=COUNSEL, authority="letter")
    what = Incoming("its records", "mail", ws.clock.now())
    number = receive(ws, what, by=CLERK).number
    link(ws, number, INC, by=CLERK, reason="it names it")
    values = {"number": "REF-2028-0001", "incident": INC, "kind": "regulator", "recipient": "r", "organization": "o"}
    values |= {"contact": "c", "basis": "b", "restricted": 0, "made_by": "m", "made_at": ws.clock.now()}
    with ws.database.write() as connection:
        connection.execute(insert(referrals.referral).values(**values))
    [found] = due_files(ws, by=CLERK)
    assert found.kept_by == (
        *(placed.number, "EV-2028-000001, which is disposed of first"),
        *(f"{number}, which is received", "REF-2028-0001, which is made"),
    )
    with pytest.raises(EvidenceError, match="kept by"):
        case_file.asked()


def test_two_persons_decide_each_in_their_role(case_file: CaseFile) -> None:
    with pytest.raises(NotPermittedError):
        ask(case_file.ws, INC, authority=LAW, reason="x", by=ANALYST)
    made = case_file.asked()
    with pytest.raises(UsageError, match="not approved yet"):
        carry_out(case_file.ws, made.number, by=CLERK)
    with pytest.raises(NotPermittedError, match="somebody else"):
        decide(case_file.ws, made.number, approve=True, reason="x", by=a(Role.COUNSEL, "rio"))
    with pytest.raises(NotPermittedError):
        decide(case_file.ws, made.number, approve=True, reason="x", by=CLERK)
    assert decide(case_file.ws, made.number, approve=False, reason="a claim is coming", by=COUNSEL).state == "refused"
    with pytest.raises(ChangedMeanwhileError):
        decide(case_file.ws, made.number, approve=True, reason="after all", by=DIRECTOR)
    assert SECRET in everything(case_file)
    assert case_file.asked().number == "RET-2028-0002"


@IN_BOTH
def test_texts_go_and_numbers_hashes_and_the_audit_chain_stay(case_file: CaseFile) -> None:
    ws = case_file.ws
    draft(ws, "containment-order", by=DIRECTOR, reason="to isolate it", incident=INC, values={"it_director": SECRET})
    [paper] = papers_of(ws, by=CLERK, incident=INC)
    files = [ws.root / "papers" / digest[:2] / digest for digest in paper.latest.files.values()]
    assert all(path.is_file() for path in files)
    with ws.database.read() as connection:
        lines = len(audit.trail(connection, INC))
    made = carry_out(ws, case_file.approved().number, by=CLERK)
    assert made.state == "disposed of"
    assert SECRET not in everything(case_file)
    assert not any(path.exists() for path in files)
    with ws.database.read() as connection:
        assert audit.check_chain(connection).ok
        assert len(audit.trail(connection, INC)) == lines + 1
        kept = connection.execute(select(casework.note.c.seq, casework.note.c.text)).all()
        assert [tuple(row) for row in kept] == [(1, MARK), (2, MARK)]
        assert connection.scalar(select(tables.file.c.removed_at).limit(1)) is not None
    assert {row["what"] for row in made.went} >= {"case note", "case action", "incident", "file of a paper"}
    assert verify(ws, made.certificate).ok
    document = certificate_of(ws, made.number).document
    assert made.number in document.title
    assert due_files(ws, by=CLERK) == ()
    with pytest.raises(UsageError, match="already"):
        case_file.asked()


@pytest.mark.parametrize("place", ["files_of", "_remove_files", "_certify"])
def test_killed_anywhere_it_is_whole_or_finished_by_the_next_call(
    case_file: CaseFile, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = case_file.approved().number

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(carrying, place, killed)
        with pytest.raises(KeyboardInterrupt):
            carry_out(case_file.ws, number, by=CLERK)
    whole = place == "files_of"
    assert (SECRET in everything(case_file)) is whole
    assert sweep(case_file.ws, by=CLERK) == (0 if whole else 1)
    assert carry_out(case_file.ws, number, by=CLERK).state == "disposed of"
    assert len(disposals(case_file.ws, by=CLERK)) == 1
    assert SECRET not in everything(case_file)


def test_the_next_night_finishes_what_was_killed(case_file: CaseFile, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, number = case_file.ws, case_file.approved().number
    assert round_off(ws) == ()
    assert SECRET in everything(case_file), "what nobody began is left to people"

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("_remove_files", "_certify"):
        with monkeypatch.context() as patch:
            patch.setattr(carrying, place, killed)
            with pytest.raises(KeyboardInterrupt):
                carry_out(ws, number, by=CLERK)
    assert round_off(ws) == ()
    [made] = disposals(ws, by=CLERK)
    assert made.state == "disposed of"
    assert verify(ws, made.certificate).ok
    assert round_off(ws) == ()
    assert disposals(ws, by=CLERK) == (made,)


@IN_BOTH
def test_reports_and_requests_go_with_the_file(with_parts: CaseFile) -> None:
    ws = with_parts.ws
    [due] = due_files(ws, by=CLERK)
    assert len(due.kept_by) == len(evidence_there(ws)) > 0
    assert all("which is disposed of first" in kept for kept in due.kept_by)
    dispose_of_evidence(ws)
    before = report_of(ws, REPORT, by=CLERK)
    made = carry_out(ws, with_parts.approved().number, by=CLERK)
    left = everything(with_parts, but=(cases.audit, received.received)).splitlines()
    others = (OTHER, "PR-2026-0002")
    assert [line for line in left if SECRET in line and not any(other in line for other in others)] == []
    report = report_of(ws, REPORT, by=CLERK)
    assert (report.said.what, report.said.kind) == (MARK, before.said.kind)
    assert (report.state, report.incident, report.received_at) == (before.state, INC, before.received_at)
    asked = request(ws, PR, by=CLERK)
    assert (asked.words, asked.requester, asked.closed, asked.incidents) == (MARK, MARK, True, (INC,))
    assert asked.received_at == datetime(2026, 11, 19, 8, 0, tzinfo=ws.settings.city.zone)
    assert {row["what"] for row in made.went} >= {"report", "report event", "records request", "request step"}
    other = report_of(ws, OTHER, by=CLERK)
    assert SECRET in other.said.what, "a report of no incident, or of another, stays"
    assert SECRET in request(ws, "PR-2026-0002", by=CLERK).words


@IN_BOTH
def test_the_database_lets_nothing_else_be_changed(case_file: CaseFile) -> None:
    ws = case_file.ws

    def refused(statement: str, match: str) -> None:
        with pytest.raises(DatabaseError, match=match), ws.database.write() as connection:
            connection.execute(text(statement))

    refused(f"UPDATE case_note SET text = '{MARK}'", "only ever added")
    made = case_file.asked()
    refused(f"INSERT INTO file_disposal_item VALUES ('{INC}', '{made.number}')", "second person")
    decide(ws, made.number, approve=True, reason="the schedule allows it", by=DIRECTOR)
    holds.place(ws, [("incident", INC)], reason="a claim", by=COUNSEL, authority="letter")
    refused(f"INSERT INTO file_disposal_item VALUES ('{INC}', '{made.number}')", "hold")
    with pytest.raises(EvidenceError, match="HOLD-"):
        carry_out(ws, made.number, by=CLERK)
    holds.release(ws, "HOLD-2028-0001", reason="settled", authority="letter", by=COUNSEL)
    carry_out(ws, made.number, by=CLERK)
    refused("UPDATE case_note SET text = 'another story'", "only ever added")
    refused(f"UPDATE case_note SET text = '{MARK}', author = 'nobody'", "only ever added")
    refused("DELETE FROM case_note", "only ever added")


def test_every_text_that_goes_is_a_column() -> None:
    for name, marks in {**TEXTS, **PART_TEXTS, **FREE_TEXTS}.items():
        assert set(marks) <= {column.name for column in metadata.tables[name].columns}
