"""sigma-cli finds our backend and pipeline through the namespace leaves, offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from breachwatch.detect.builtin import builtin_folder

pytest.importorskip("sigma.cli.main", reason="sigma-cli is an extra")

RULES = """
title: base
name: base
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\x.exe'}, condition: s}
---
title: twice
correlation: {type: event_count, rules: base, group-by: [User], timespan: 5m, condition: {gte: 2}}
"""


def sigma(*args: str) -> str:
    program = Path(sys.executable).with_name("sigma")
    done = subprocess.run([str(program), *args], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_list_and_convert(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    assert "breachwatch" in sigma("list", "targets")
    assert "breachwatch" in sigma("list", "pipelines")
    plain = sigma("convert", "-t", "breachwatch", "--without-pipeline", str(tmp_path / "rules.yml"))
    assert 'FROM "events"' in plain
    routed = sigma("convert", "-t", "breachwatch", "-p", "breachwatch", str(tmp_path / "rules.yml"))
    assert 'FROM "windows_sysmon"' in routed
    assert 'FROM "windows_security"' in routed
    for sql in (plain, routed):
        (statement,) = duckdb.extract_statements(sql)
        assert statement.type == duckdb.StatementType.SELECT


@pytest.mark.slow
def test_the_rules_that_come_with_breachwatch_convert() -> None:
    assert "SELECT" in sigma("convert", "-t", "breachwatch", "-p", "breachwatch", str(builtin_folder() / "rules"))
