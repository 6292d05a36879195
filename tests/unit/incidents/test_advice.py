"""The first steps that an incident's rules advise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from breachwatch import incidents
from breachwatch.model.finding import CompiledRule, Finding, Level, Scan
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

BASE = "title: Base\nid: base\nbreachwatch:\n  guide: [Never shown]\n"
HIGH = "title: High\nid: high\nbreachwatch:\n  guide:\n    - Call the owner.\n    - Keep the host as it is.\n"
LOW = "title: Low\nid: low\nbreachwatch:\n  guide: [Ask the administrator.]\n"


def _with_text(scan: Scan, **texts: str) -> Scan:
    rules = tuple(
        CompiledRule(
            rule.rule_id, rule.title, rule.revision, texts.get(rule.rule_id, rule.text), rule.sql, "linux.auth"
        )
        for rule in scan.rules
    )
    return replace(scan, rules=rules)


def test_steps_of_each_rule_once_highest_level_first(
    ws: Workspace, finding: Callable[..., Finding], scan: Callable[..., Scan]
) -> None:
    found = [
        finding(rule="low", level=Level.LOW, hours=0),
        finding(rule="high", level=Level.HIGH, hours=1),
        finding(rule="high", level=Level.HIGH, hours=2),
    ]
    opened = incidents.record(ws, _with_text(scan(*found), high=f"{BASE}---\n{HIGH}", low=LOW), "run-1")
    [number] = opened.new_incidents
    advice = incidents.incident(ws, number, by=SOMEBODY).advice
    assert [(item.rule_id, item.steps) for item in advice] == [
        ("high", ("Call the owner.", "Keep the host as it is.")),
        ("low", ("Ask the administrator.",)),
    ]


@pytest.mark.parametrize(
    "text", ["title: x\nid: high\n", "title: x\nid: other\n", "id: high\nbreachwatch: {guide: 3}\n"]
)
def test_a_rule_without_steps_advises_nothing(
    ws: Workspace, finding: Callable[..., Finding], scan: Callable[..., Scan], text: str
) -> None:
    opened = incidents.record(ws, _with_text(scan(finding(rule="high", level=Level.HIGH)), high=text), "run-1")
    assert incidents.incident(ws, opened.new_incidents[0], by=SOMEBODY).advice == ()
