"""The preview of other parameters: what would join or split, without a change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.incidents.replay import preview_grouping
from breachwatch.model.finding import Finding, Level, Scan
from breachwatch.records import audit, cases
from breachwatch.settings_incidents import Incidents
from breachwatch.workspace import Workspace

Make = Callable[..., Finding]
MakeScan = Callable[..., Scan]


@pytest.fixture
def filled(ws: Workspace, finding: Make, scan: MakeScan) -> Workspace:
    night = scan(
        finding(-40, rule="a"),
        finding(-34, rule="b"),
        finding(-20, rule="c"),
        finding(-19, rule="d", user="other", ip="192.0.2.1"),
        finding(-18, rule="e", user="third", ip="192.0.2.1"),
        finding(-17, rule="f", level=Level.LOW, user="quiet"),
    )
    incidents.record(ws, night, "run-1")
    return ws


def test_what_would_split_and_join_is_told(filled: Workspace) -> None:
    same = preview_grouping(filled, filled.settings.incidents)
    assert (same.alerts, same.incidents_now, same.incidents_then) == (6, 2, 2)
    assert same.joined == same.split == ()
    shorter = preview_grouping(filled, Incidents(gap_hours=10))
    assert [(item.incidents, item.parts) for item in shorter.split] == [(("INC-2026-0001",), (2, 1))]
    assert (shorter.incidents_then, shorter.joined) == (3, ())
    by_account = preview_grouping(filled, Incidents(order=("user",)))
    assert [item.incidents for item in by_account.split] == [("INC-2026-0002",)]
    shared = preview_grouping(filled, Incidents(shared=("192.0.2.0/24",)))
    assert [item.incidents for item in shared.split] == [("INC-2026-0002",)]
    lower = preview_grouping(filled, Incidents(minimum_level="low"))
    assert (lower.taken_in, lower.left_out, lower.incidents_then) == (1, 0, 3)
    assert preview_grouping(filled, Incidents(minimum_level="critical")).left_out == 5


def test_what_would_join_is_told(make_ws: Callable[..., Workspace], finding: Make, scan: MakeScan) -> None:
    ws = make_ws("[incidents]\ngap_hours = 3\n")
    incidents.record(ws, scan(finding(-20, rule="a"), finding(-15, rule="b"), finding(-1, rule="c")), "run-1")
    found = preview_grouping(ws, Incidents(gap_hours=6))
    assert [(item.incidents, item.parts) for item in found.joined] == [(("INC-2026-0001", "INC-2026-0002"), (1, 1))]
    assert (found.incidents_now, found.incidents_then, found.split) == (3, 2, ())


def test_nothing_is_changed(filled: Workspace) -> None:
    def rows() -> list[object]:
        with filled.database.read() as connection:
            tables = (cases.incident, cases.alert, cases.incident_entity, cases.audit)
            return [connection.execute(table.select().order_by(*table.primary_key.columns)).all() for table in tables]

    before = rows()
    preview_grouping(filled, Incidents(gap_hours=1), since=filled.clock.now() - timedelta(days=3))
    assert rows() == before
    with filled.database.read() as connection:
        assert audit.check_chain(connection).ok


def test_the_command(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(filled.root)
    assert main(["incident", "preview-grouping", "--gap-hours", "10", "--order", "user,host", "-w", root]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Nothing was changed" in out
    assert "INC-2026-0001: 2 + 1 alerts" in out
    assert main(["incident", "preview-grouping", "--gap-hours", "10", "--json", "-w", root]) == 0
    assert json.loads(capsys.readouterr().out)["incidents_then"] == 3
    assert main(["incident", "preview-grouping", "--with", "max_span_days=0.1", "--json", "-w", root]) == 0
    assert json.loads(capsys.readouterr().out)["incidents_then"] == 4
    for wrong in ([], ["--with", "nonsense"], ["--with", "no_such_key=1"], ["--with", "common_days=x"]):
        assert main(["incident", "preview-grouping", *wrong, "-w", root]) == 2
    assert main(["incident", "preview-grouping", "--order", "planet", "-w", root]) == 2
    assert "order" in capsys.readouterr().err
