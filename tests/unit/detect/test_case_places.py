"""Rule cases that say where addresses are."""

from __future__ import annotations

import textwrap
from pathlib import Path

from breachwatch.detect import test_rules as try_rules

RULE = """
title: travel
id: 55555555-5555-4555-8555-555555555555
logsource: {category: authentication}
detection: {s: {outcome: success}, condition: s}
breachwatch: {impossible_travel: {}}
"""
CASES = """
positive:
  - name: two continents in a minute
    format: syslog
    places: {98.6.0.0/16: {country: US, lat: 31.8, lon: -102.4}, "2a02:2f00::/24": {country: RO, lat: 44, lon: 26}}
    lines: &lines
      - "2026-11-20T02:13:01+00:00 web01 sshd[811]: Accepted password for mira from 98.6.0.9 port 40022 ssh2"
      - "2026-11-20T02:14:01+00:00 web01 sshd[812]: Accepted password for mira from 2a02:2f00::1 port 40022 ssh2"
    findings: 1
negative:
  - name: one of them is nowhere
    format: syslog
    places: {98.6.0.9: {country: US, lat: 31.85, lon: -102.37}}
    lines: *lines
"""


def test_a_case_says_where_addresses_are(tmp_path: Path) -> None:
    for name, text in (("rules", RULE), ("cases", CASES)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "travel.yml").write_text(textwrap.dedent(text))
    results = list(try_rules((), tmp_path))
    assert [(item.case, item.findings, item.problem) for item in results] == [
        ("two continents in a minute", 1, ""),
        ("one of them is nowhere", 0, ""),
    ]


def test_a_wrong_place_is_named(tmp_path: Path) -> None:
    for name, text in (("rules", RULE), ("cases", CASES.replace("country: RO", "planet: X"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "travel.yml").write_text(text)
    (result,) = try_rules((), tmp_path)
    assert not result.passed
    assert "planet" in result.problem
