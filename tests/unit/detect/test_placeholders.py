"""Values of placeholders from the settings: a folder of files or a table, for rules and filters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sigma.exceptions import SigmaPlaceholderError

from breachwatch.detect import scan
from breachwatch.detect.placeholders import load_placeholders
from breachwatch.model.finding import Outcome, Scan
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, pack

RULE = """
title: known host
id: 11111111-1111-4111-8111-111111111111
logsource: {product: linux, service: sshd}
detection: {s: {source_ip|cidr|expand: '%office_nets%'}, condition: s}
"""
FILTER = """
title: robots
logsource: {product: linux, service: sshd}
filter:
  rules: any
  robot: {user|expand: '%Robots%'}
  condition: not robot
"""


def run(ws: Workspace, rules: str) -> Scan:
    land(ws, "linux.auth", [failure("10.1.1.1", 1), failure("10.1.1.2", 2, user="backup"), failure("8.8.8.8", 3)])
    return scan(ws, at(60 * 24), pack=pack(rules))


def test_values_from_a_folder(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws('[detect]\nplaceholders = "lists"\n')
    (ws.root / "lists").mkdir()
    (ws.root / "lists" / "Office_Nets.txt").write_text("\ufeff10.0.0.0/8\n\n  192.0.2.0/24  \n", encoding="utf-8")
    (ws.root / "lists" / "robots.txt").write_text("back*\n", encoding="utf-8")
    (ws.root / "lists" / "broken.txt").write_bytes(b"\xff\xfe\x00")
    result = run(ws, f"{RULE}---{FILTER}")
    assert [found.event_ids for found in result.findings] == [("f1",)]
    assert [match.pattern for match in result.findings[0].matched] == ["%office_nets%"]
    (broken,) = [item for item in result.outcomes if item.outcome is Outcome.COULD_NOT_RUN]
    assert "lists/broken.txt" in broken.reason
    assert "not UTF-8" in broken.reason


def test_values_from_a_table(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws('[detect]\nplaceholders = {office_nets = ["10.1.1.2"]}\n')
    assert [found.event_ids for found in run(ws, RULE).findings] == [("f2",)]


@pytest.mark.parametrize("setting", ["", '[detect]\nplaceholders = "nowhere"\n'])
def test_a_rule_without_values_says_which_and_where_to_put_them(
    make_ws: Callable[..., Workspace], setting: str
) -> None:
    result = run(make_ws(setting), RULE)
    reason = next(item.reason for item in result.outcomes if item.title == "known host")
    assert "%office_nets% has no values: give them in" in reason
    assert ("nowhere" if setting else "[detect]") in reason


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000, ""])
def test_a_name_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    with pytest.raises(SigmaPlaceholderError):
        load_placeholders("lists", tmp_path).of(name)
    with pytest.raises(SigmaPlaceholderError):
        load_placeholders("lists", tmp_path).of("../secret")
