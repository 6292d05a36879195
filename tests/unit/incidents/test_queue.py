"""The queue in pages: together they are the whole queue, in its order, whatever is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest

from breachwatch import incidents
from breachwatch.errors import NotPermittedError, UnknownNameError
from breachwatch.model.finding import Finding, Level
from breachwatch.model.incident import IncidentState as S
from breachwatch.model.people import Actor
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

STATES = (S.NEW, S.TRIAGE, S.CLOSED, S.FALSE_POSITIVE, S.MERGED, S.PRESERVING, S.VERIFYING)


@pytest.fixture
def many(ws: Workspace, finding: Callable[..., Finding]) -> Workspace:
    """Forty-two incidents of all standings; every fifth was never judged."""
    at = finding().first_time
    with ws.database.write() as connection:
        for count, (state, level) in enumerate(product(STATES, (1, 2, 3, 4, 2, 3)), 1):
            number = f"INC-2026-{count + 9979}"  # on both sides of four digits
            connection.execute(
                cases.incident.insert().values(
                    number=number, state=state.value, level=level, title="t", first_time=at, last_time=at,
                    opened_at=at + timedelta(minutes=count), opened_by_run="run-1", failure="", version=1,
                    severity=-1 if count % 5 == 0 else (level + count) % 5, lead="Ana" if count % 3 == 0 else "",
                )
            )  # fmt: skip
            for value in ("common", f"u{count % 4}"):
                connection.execute(
                    cases.incident_entity.insert().values(incident=number, kind="user", value=value, last_time=at)
                )
    return ws


def pages(ws: Workspace, size: int, *, closed: bool = False, only: incidents.Only | None = None) -> list[str]:
    found: list[str] = []
    while True:
        page = incidents.queue(ws, closed=closed, only=only, limit=size, after=found[-1] if found else "", by=SOMEBODY)
        found += [line.number for line in page]
        if len(page) < size:
            return found


@pytest.mark.parametrize("closed", [False, True])
def test_pages_together_are_the_queue(many: Workspace, closed: bool) -> None:
    whole = incidents.queue(many, closed=closed, by=SOMEBODY)
    weights = [(line.state.ended, -(line.level if line.severity is None else line.severity)) for line in whole]
    assert weights == sorted(weights)
    assert len(whole) == (36 if closed else 18)
    for size in (1, 7, 18, 50):
        assert pages(many, size, closed=closed) == [line.number for line in whole]
    assert incidents.count_open(many) == 18
    assert incidents.count_waiting(many) == 6


def test_what_is_asked_for_is_what_is_shown(many: Workspace) -> None:
    whole = incidents.queue(many, by=SOMEBODY)
    for only, fits in (
        (incidents.Only(states=(S.TRIAGE,)), lambda line: line.state is S.TRIAGE),
        (incidents.Only(lead="ana"), lambda line: line.lead == "Ana"),
        (incidents.Only(entity="U2"), lambda line: "u2" in line.entities),
        (incidents.Only(entity="common"), lambda line: True),
        (
            incidents.Only(minimum=Level.HIGH),
            lambda line: (line.level if line.severity is None else line.severity) >= Level.HIGH,
        ),
    ):
        assert pages(many, 4, only=only) == [line.number for line in whole if fits(line)]
    with pytest.raises(UnknownNameError):
        incidents.queue(many, limit=5, after="INC-2026-0001", by=SOMEBODY)


def test_an_entity_that_many_have_is_found_another_way(many: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    few = pages(many, 5, only=incidents.Only(entity="u1"))
    monkeypatch.setattr("breachwatch.incidents.listing._FEW", 2)
    assert pages(many, 5, only=incidents.Only(entity="u1")) == few != []


def test_a_page_walks_along_an_index(many: Workspace) -> None:
    if many.database.engine.dialect.name != "sqlite":
        pytest.skip("the plan of PostgreSQL depends on how much there is")
    where = f"{cases.IN_QUEUE} AND severity = 3 AND ordinal > 5"
    with many.database.read() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT * FROM incident WHERE {where} ORDER BY ordinal LIMIT 5"
        ).all()
    assert [row.detail for row in plan] == [
        "SEARCH incident USING INDEX ix_incident_severity_queue (severity=? AND ordinal>?)"
    ]


def test_nobody_without_a_role_reads(many: Workspace) -> None:
    nobody = Actor(name="nobody", roles=frozenset())
    with pytest.raises(NotPermittedError, match="read incidents"):
        incidents.queue(many, by=nobody)
    with pytest.raises(NotPermittedError, match="read incidents"):
        incidents.incident(many, "INC-2026-0001", by=nobody)
