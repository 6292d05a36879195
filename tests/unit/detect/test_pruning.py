"""With candidates and without: the same findings, by real rules over real logs and by ours over small ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from breachwatch.detect import candidates, scan
from breachwatch.detect.rulepack import RulePack, load_pack
from breachwatch.detect.trial import AFTER_ALL, TrialLog, land, trials
from breachwatch.model.finding import Outcome, Scan
from breachwatch.settings import Settings
from breachwatch.workspace import Workspace
from tests.unit.detect import making
from tests.unit.detect.making import at, pack

EVTX_BYTES = 5 * 1024 * 1024
OTHER_BYTES = 256 * 1024
FORMATS = {"aws-cloudtrail": "cloud-json", "linux-auth": "syslog", "linux-auditd": "auditd", "web-access": "web-access"}


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


@pytest.fixture(scope="module")
def public(shared: Path) -> RulePack:
    return load_pack([str(shared / "sigmahq-rules.zip")], Path("/"))


def _logs(folder: Path) -> Iterator[TrialLog]:
    """Event logs of Windows and others, up to so many bytes, the same ones in every run."""
    budget = EVTX_BYTES
    for path in sorted((folder / "windows-evtx").rglob("*.evtx"), key=lambda path: (path.stat().st_size, path.name)):
        budget -= path.stat().st_size
        if budget < 0:
            break
        yield TrialLog(path.name, "evtx", path.read_bytes())
    for name, form in FORMATS.items():
        for path in sorted((folder / name).rglob("*"))[:6]:
            if path.is_file() and path.stat().st_size < OTHER_BYTES:
                yield TrialLog(path.name, form, path.read_bytes())


@pytest.mark.slow
def test_public_rules_over_real_logs_find_the_same(
    public: RulePack, shared_logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trials() as room:
        ws = room.workspace(Settings())
        for log in _logs(shared_logs):
            land(ws, log)
        pruned = scan(ws, AFTER_ALL, pack=public)
        assert pruned.events_in_window > 500
        assert len({item.rule_id for item in pruned.findings}) > 20
        monkeypatch.setattr(candidates, "FEWEST", 10**9)
        unpruned = scan(ws, AFTER_ALL, pack=public)
        assert told(unpruned) == told(pruned)
