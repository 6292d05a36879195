"""The file of a closed incident, with texts in every table that has some, in both kinds of databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import update

from breachwatch.clock import FixedClock
from breachwatch.incidents.casework import actions, affected, notes, timeline
from breachwatch.model.casework import ActionKind
from breachwatch.model.people import Role
from breachwatch.records import cases
from breachwatch.respond.retention.asking import FileDisposal, ask, decide
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.respond.requests.conftest import (
    ANALYST,
    CLERK,
    COUNSEL,
    INC,
    Desk,
    california,
    records_kind,
    texas,
)

DIRECTOR = a(Role.IT_DIRECTOR, "dora")
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
