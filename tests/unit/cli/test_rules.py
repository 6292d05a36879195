"""`breachwatch rules`: list, check, test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from breachwatch import detect
from breachwatch.detect import CaseResult
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

Call = Callable[..., Any]
GOOD = """
title: Log emptied
id: 6f2c8a52-5d8f-4a0e-9d1c-1f6d3c1d7a11
level: high
logsource: {product: linux, service: auth}
detection:
  selection: {action: log-cleared}
  condition: selection
"""
BROKEN = "title: Nothing to find\nlogsource: {product: linux}\n"


@pytest.fixture
def rules_ws(make_ws: Callable[..., Workspace]) -> Workspace:
    """A workspace with one good and one broken rule of its own."""
    ws = make_ws('[detect]\nrules = ["mine"]\n')
    (ws.root / "mine").mkdir()
    (ws.root / "mine" / "good.yml").write_text(GOOD)
    (ws.root / "mine" / "broken.yml").write_text(BROKEN)
    return ws


def test_list_tells_how_each_rule_ended_the_last_run(call: Call, rules_ws: Workspace) -> None:
    ended = call("-w", rules_ws.root, "rules", "list")
    assert ended.code == 0
    assert "not run yet" in ended.out
    at = rules_ws.clock.now()
    outcome = {"rule_id": "6f2c8a52-5d8f-4a0e-9d1c-1f6d3c1d7a11", "outcome": "matched", "findings": 3, "reason": ""}
    outcome["unknown_fields"] = ["Nonsense", "\x1b[2J"]  # type: ignore[assignment]
    with rules_ws.database.write() as connection:
        connection.execute(
            catalog.run.insert().values(
                run_id="run-1", night="2026-11-22", until=at, state="completed", started_at=at, finished_at=at,
                summary=json.dumps({"outcomes": [outcome]}),
            )
        )  # fmt: skip
    found = json.loads(call("-w", rules_ws.root, "rules", "list", "--json").out)
    assert [(row["title"], row["outcome"], row["findings"]) for row in found] == [
        ("Log emptied", "matched", 3),
        ("mine/broken.yml", "could not run", 0),
    ]
    assert found[1]["reason"]
    assert (found[0]["licence"], found[0]["unknown_fields"]) == ("not stated", ["Nonsense", "\x1b[2J"])
    listed = call("-w", rules_ws.root, "rules", "list", "--unknown-fields").out
    assert "no event had Nonsense, \\x1b[2J" in listed
    assert "broken.yml" not in listed
    matched = call("-w", rules_ws.root, "rules", "list", "--outcome", "matched").out
    assert "Log emptied" in matched
    assert "broken" not in matched
    assert call("-w", rules_ws.root, "rules", "list", "--outcome", "lost").code == 2


def test_check_ends_with_1_where_a_rule_cannot_run(call: Call, rules_ws: Workspace) -> None:
    ended = call("-w", rules_ws.root, "rules", "check")
    assert ended.code == 1
    assert "1 error" in ended.out
    assert "broken.yml" in ended.out
    good = call("-w", rules_ws.root, "rules", "check", rules_ws.root / "mine" / "good.yml")
    assert (good.code, "0 errors" in good.out) == (0, True)
    found = json.loads(call("-w", rules_ws.root, "rules", "check", "--json").out)
    assert [row["severity"] for row in found if row["origin"] == "mine/broken.yml"] == ["error"]


def test_rules_can_be_checked_without_a_workspace(
    call: Call, rules_ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("rules", "check", "ws/mine/good.yml").code == 0
    assert call("-w", tmp_path / "none", "rules", "check").code == 2
    monkeypatch.chdir(rules_ws.root)
    (rules_ws.root / "breachwatch.toml").write_text("[citty]")
    assert call("rules", "check").code == 2  # what is wrong with a workspace is told


def test_test_ends_with_1_where_a_case_fails(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    results = [CaseResult("log_emptied", "a", True, None, 1), CaseResult("log_emptied", "b", False, 0, 2, "\x1b[31m")]

    def tests(names: Any, folder: Path | None) -> Iterator[CaseResult]:
        assert list(names) == ["log_emptied"]
        yield from results

    monkeypatch.setattr(detect, "test_rules", tests)
    ended = call("rules", "test", "log_emptied")
    assert ended.code == 1
    assert "2 cases of 1 rule file: 1 fails" in ended.out
    assert "\x1b" not in ended.out
    results.pop()
    ended = call("rules", "test", "log_emptied")
    assert (ended.code, ended.out) == (0, "1 case of 1 rule file: all pass\n")
    found = json.loads(call("rules", "test", "log_emptied", "--json").out)
    assert found[0]["passed"] is True
