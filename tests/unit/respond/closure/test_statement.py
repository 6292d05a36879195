"""The closing statement as a paper: filled from the records, with blanks for what nobody said."""

from __future__ import annotations

from breachwatch.documents import Table
from breachwatch.papers import fill
from breachwatch.respond.closure.statement import TEMPLATE, draft_statement, values_of
from tests.unit.incidents.casework.conftest import ANALYST, DIRECTOR, Desk
from tests.unit.incidents.conftest import make_finding


def test_the_statement_tells_who_met_what(worked: Desk) -> None:
    ws = worked.ws
    filled = fill(ws, TEMPLATE, values_of(ws, "INC-2026-0001", by=DIRECTOR), at=ws.clock.now())
    [guards] = [block for block in filled.document.blocks if isinstance(block, Table) and block.header]
    rows = dict(guards.rows)
    assert (
        "action 1, containment of web01, audrey, 2026-11-26 04:15 CST"
        in rows["every action was verified by somebody else than who carried it out"]
    )
    paper = draft_statement(ws, "INC-2026-0001", by=DIRECTOR, reason="the incident is closed")
    assert paper.number


def test_what_is_missing_is_a_blank_or_said_as_such(desk: Desk) -> None:
    number = desk.open(make_finding())
    values = values_of(desk.ws, number, by=ANALYST)
    assert values["closing_statement"] is values["closing_verdict"] is values["closing_lessons"] is None
    filled = fill(desk.ws, TEMPLATE, values, at=desk.ws.clock.now())
    assert {"closing_statement", "closing_verdict", "closing_lessons"} <= set(filled.blanks)
    assert any("not met: it has no verdict yet" in str(block) for block in filled.document.blocks)
