"""The file of a closed incident, with texts in every table that has some, in both kinds of databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import update

from breachwatch.clock import FixedClock
from breachwatch.evidence import disposal
from breachwatch.evidence.disposed import disposed_at
from breachwatch.incidents.casework import actions, affected, notes, timeline
from breachwatch.model.casework import ActionKind
from breachwatch.model.intake import Channel, Relation, Report, ReportKind
from breachwatch.model.people import Role
from breachwatch.records import cases
from breachwatch.respond.intake.answering import reply
from breachwatch.respond.intake.following import correct as correct_report
from breachwatch.respond.intake.following import follow_up
from breachwatch.respond.intake.receiving import receive as receive_report
from breachwatch.respond.intake.triage import attach
from breachwatch.respond.requests.handling import close
from breachwatch.respond.requests.receiving import Incoming, correct, link, receive
from breachwatch.respond.retention.asking import FileDisposal, ask, decide
from breachwatch.respond.retention.parts import evidence_of, parts_of
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.respond.requests.conftest import (
    ANALYST,
    CLERK,
    COUNSEL,
    INC,
    PR,
    Desk,
    california,
    records_kind,
    texas,
)

DIRECTOR = a(Role.IT_DIRECTOR, "dora")
REPORT, OTHER = "R-2026-000001", "R-2026-000002"
SECRET = "the vault code is 4711"
LAW = "resolution 2026-7 and the consent of the city attorney"
__all__ = ["CLERK", "COUNSEL", "INC", "california", "records_kind", "texas"]


@dataclass
class CaseFile:
    """The workspace of a Californian city, years after its one incident was closed."""

    ws: Workspace

    def asked(self) -> FileDisposal:
        return ask(self.ws, INC, authority=LAW, reason="the period is over", by=CLERK)

    def approved(self) -> FileDisposal:
        made = self.asked()
        return decide(self.ws, made.number, approve=True, reason="the schedule allows it", by=DIRECTOR)


def work_on(ws: Workspace) -> None:
    """Texts of people in the file."""
    notes.write(ws, INC, SECRET, by=ANALYST)
    notes.write(ws, INC, SECRET, by=COUNSEL, privileged=True)
    actions.order(ws, INC, ActionKind.CONTAINMENT, SECRET, by=ANALYST, description=SECRET)
    timeline.add(ws, INC, ws.clock.now(), SECRET, by=ANALYST)
    affected.state_affected(ws, INC, affected.Statement("system", SECRET, "accessed"), by=ANALYST, reason=SECRET)


def close_it(ws: Workspace, at: datetime) -> None:
    with ws.database.write() as connection:
        connection.execute(update(cases.incident).values(state="closed", closed_at=at, title=SECRET, version=9))


@pytest.fixture
def case_file(california: Desk) -> CaseFile:
    work_on(california.ws)
    close_it(california.ws, california.at("2026-11-21T10:00"))
    later = Desk(california.ws).on("2028-11-22T09:00")
    assert isinstance(later.ws.clock, FixedClock)
    return CaseFile(later.ws)


@pytest.fixture
def with_parts(california: Desk) -> CaseFile:
    """The same with a report and a request that belong to the file, and one of each that do not."""
    ws = california.ws
    work_on(ws)
    said = Report(SECRET, ReportKind.COMPLAINT, Relation.RESIDENT, Channel.EMAIL, name="A. Resident", contact=SECRET)
    for number in (REPORT, OTHER):
        assert receive_report(ws, said, by=ANALYST).number == number
    correct_report(ws, REPORT, {"systems": (SECRET,)}, by=CLERK, reason=SECRET)
    follow_up(ws, REPORT, SECRET, by=CLERK)
    reply(ws, REPORT, SECRET, by=CLERK, channel=Channel.EMAIL)
    attach(ws, REPORT, INC, by=CLERK, reason=SECRET)
    for _ in (PR, "PR-2026-0002"):
        receive(ws, Incoming(SECRET, "e-mail", california.at("2026-11-20T09:30"), SECRET, SECRET), by=CLERK)
    earlier = california.at("2026-11-19T08:00")
    correct(ws, PR, by=CLERK, reason=SECRET, received_at=earlier, words=f"{SECRET}!", requester=f"{SECRET}?")
    link(ws, PR, INC, by=CLERK, reason=SECRET)
    close(ws, PR, by=CLERK, reason=SECRET, without_release=True)
    close_it(ws, california.at("2026-11-21T10:00"))
    return CaseFile(Desk(ws).on("2028-11-22T09:00").ws)


def evidence_there(ws: Workspace) -> tuple[str, ...]:
    """The evidence of the file that is in the vault still."""
    with ws.database.read() as connection:
        gone = disposed_at(connection)
        return tuple(number for number in evidence_of(connection, parts_of(connection, [INC])) if number not in gone)


def dispose_of_evidence(ws: Workspace) -> None:
    """By two persons, as the law of evidence has it."""
    asked = disposal.request(ws, evidence_there(ws), authority=LAW, reason="over", by=CLERK, early=True)
    disposal.decide(ws, asked.number, approve=True, reason="the schedule allows it", by=DIRECTOR)
    disposal.carry_out(ws, asked.number, by=CLERK)
