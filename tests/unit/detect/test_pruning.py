"""With candidates and without: the same findings, outcomes and fields that no event has.

`tests/detections/test_differences.py` proves it for all rules over all real logs at hand.
"""

from __future__ import annotations

from typing import Any

import pytest

from breachwatch.detect import candidates, scan, stock
from breachwatch.model.finding import Outcome, Scan
from breachwatch.workspace import Workspace
from tests.unit.detect import making
from tests.unit.detect.making import at, pack


@pytest.fixture(autouse=True)
def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are searched where they are, as in a large lake; `test_stock.py` tells that copies of them say the same."""
    monkeypatch.setattr(stock, "MOST_CELLS", -1)


def told(result: Scan) -> tuple[Any, ...]:
    """All that a scan says, but for the SQL of the searches that found nothing."""
    outcomes = [
        (item.rule_id, item.outcome, item.findings, item.reason, item.unknown_fields) for item in result.outcomes
    ]
    return result.findings, outcomes, result.rules, result.events_in_window


RULES = """
title: tool
id: 11111111-1111-4111-8111-111111111111
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\tool.exe'}, f: {CommandLine|contains: harmless}, condition: s and not f}
---
title: never
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\never.exe', NoSuchField: x}, condition: s}
---
title: everything but
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine|contains: harmless}, condition: not s}
---
title: words
logsource: {product: windows, service: sysmon}
detection: {keywords: [mimi, 'Katz'], condition: keywords}
---
title: inside
logsource: {product: windows, category: process_creation}
detection: {s: {Place.Name|contains: 'attic'}, condition: s}
---
title: other log
logsource: {product: windows, category: registry_set}
detection: {s: {TargetObject|contains: run}, condition: s}
"""


def few_logs(ws: Workspace) -> None:
    rows: list[dict[str, Any]] = [
        {"Image": r"C:\x\Tool.exe", "CommandLine": "tool /harmless"},
        {"Image": r"C:\x\TOOL.EXE", "CommandLine": "tool mimiKATZ"},
        {"Image": r"C:\y\other.exe", "CommandLine": None, "extra": '{"Place": {"Name": "The Attic"}}'},
        {"Image": None, "CommandLine": "", "Description": "KATZ"},
    ]
    making.land(
        ws, "windows.sysmon", [{"id": f"e{n}", "time": at(n), "EventID": 1, **row} for n, row in enumerate(rows)]
    )


def test_candidates_change_nothing(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    few_logs(ws)
    pruned = scan(ws, at(60), pack=pack(RULES))
    monkeypatch.setattr(candidates, "FEWEST", 10**9)
    assert told(scan(ws, at(60), pack=pack(RULES))) == told(pruned)
    found = {item.title: item.outcome for item in pruned.outcomes}
    assert found == {
        "tool": Outcome.MATCHED,
        "never": Outcome.NO_MATCH,
        "everything but": Outcome.MATCHED,
        "words": Outcome.MATCHED,
        "inside": Outcome.MATCHED,
        "other log": Outcome.NOT_APPLICABLE,
    }
    assert [item.unknown_fields for item in pruned.outcomes if item.title == "never"] == [("NoSuchField",)]
    events = {(item.rule_title, item.event_ids[0]) for item in pruned.findings}
    assert {("tool", "e1"), ("words", "e1"), ("words", "e3"), ("inside", "e2")} < events
    assert ("tool", "e0") not in events


def test_a_rule_without_a_match_runs_no_query(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    few_logs(ws)
    asked: list[str] = []
    real = candidates.Candidates.reach

    def counted(self: Any, search: Any) -> Any:
        found = real(self, search)
        asked.append(f"{found.name} {search.sql}")
        return found

    monkeypatch.setattr(candidates.Candidates, "reach", counted)
    scan(ws, at(60), pack=pack(RULES))
    assert any(item.startswith("NONE") and "never.exe" in item for item in asked)
    assert not any(item.startswith("NONE") and "tool.exe" in item for item in asked)
