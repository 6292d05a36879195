"""CrowdSec's scenario tests: a log, and the addresses for which its scenarios must (or must not) raise an alert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.labelled.table import paragraph, share, table
from benchmarks.labelled.trying import Tried, form_of, rules, tried
from breachwatch.detect.trial import TrialLog, Trials

RULES = "any_* linux_sshd_* windows_security_*"
_NOT_THE_MATTER = frozenset({"any_authentication_outside_hours"})
"""Rules that fire on an address for another reason than the test's."""
_SOURCE = re.compile(r'"([^"]+)" in results\[\d+\]\.Overflow\.GetSources\(\)')
_NUMBER = re.compile(r"len\(results\) == (\d+)")


@dataclass(frozen=True)
class TestResult:
    """How one test fared."""

    name: str
    scenario: str
    expected: int  # addresses that must raise an alert
    alerted: int  # of them, those an alert of ours names
    rules: tuple[str, ...]  # of those alerts
    stray: int  # other addresses that an alert of ours names
    reason: str  # for the addresses without an alert

    @property
    def row(self) -> tuple[object, ...]:
        """The test's row of the table."""
        fired = ", ".join(self.rules) or "-"
        return (self.name, self.scenario, self.expected, self.alerted, fired, self.stray, self.reason or "-")


def run(room: Trials, logs: Path, only: tuple[str, ...] = ()) -> list[TestResult]:
    """Every test whose log is here, or those named."""
    folders = sorted((path.parent for path in logs.glob("*/crowdsec-hub/*/config.yaml")), key=lambda path: path.name)
    return [_test(room, folder) for folder in folders if not only or folder.name in only]


def _test(room: Trials, folder: Path) -> TestResult:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    scenarios = [Path(name).stem for name in config.get("scenarios") or () if name]
    said = folder / "scenario.assert"
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    expected = set(_SOURCE.findall(text))
    number = _NUMBER.search(text)
    if not expected and number and int(number[1]):
        expected = {f"unnamed {index}" for index in range(int(number[1]))}
    data = (folder / config["log_file"]).read_bytes()
    form = form_of(data)
    result = tried(room, [TrialLog("log", form, data)], rules(RULES)) if form else Tried()
    hits = [hit for hit in result.hits if hit.stem not in _NOT_THE_MATTER]
    named = {address for hit in hits for address in _addresses(result, hit.places)}
    alerted = expected & named
    fired = sorted({hit.stem for hit in hits if alerted & set(_addresses(result, hit.places))})
    missing = len(expected) - len(alerted)
    reason = _reason(result, form, expected - alerted) if missing else ""
    name = ", ".join(scenarios) or "parsing only"
    return TestResult(folder.name, name, len(expected), len(alerted), tuple(fired), len(named - expected), reason)


def _addresses(result: Tried, places: frozenset[tuple[str, int]]) -> set[str]:
    return {result.events[place].source_ip for place in places if place in result.events} - {""}


def _reason(result: Tried, form: str | None, missing: set[str]) -> str:
    if form is None:
        return "no parser for this log"
    failed = [event for event in result.events.values() if event.source_ip in missing and event.attempt]
    most = max((sum(item.source_ip == address for item in failed) for address in missing), default=0)
    if most:
        return f"read; {most} attempts to sign in are fewer than our rules count"
    seen = sum(event.source_ip in missing for event in result.events.values())
    if seen:
        return f"read; {seen} events of the address, none a rule of ours looks for"
    return (
        f"{result.rejects} of {result.records} lines are no records"
        if result.rejects
        else "the address is not found in the lines"
    )


def section(results: list[TestResult]) -> str:
    """The part of the document."""
    expected, alerted = sum(item.expected for item in results), sum(item.alerted for item in results)
    stray = sum(item.stray for item in results)
    silent = [item for item in results if not item.expected]
    head = ("test", "scenario", "must alert", "alert", "rules of ours", "other addresses", "why not")
    strayed = sum(item.stray for item in silent)
    about = paragraph(
        "Each test's log is searched by itself, with our rules over sign-ins, web servers, firewalls and sshd",
        f"(any level). Alert: an alert of ours names the address, {share(alerted, expected)}. The figure is low",
        "for two reasons. CrowdSec blocks after about five failures within a minute; our rules ask for twenty",
        "within ten minutes, because what they open is a line for a person to read, and a mistyped password must",
        "not: most tests hold six lines. And some are about scans of web sites, which no rule of ours counts.",
        f"Other addresses that an alert names: {stray} in all tests, {strayed} of them in the {len(silent)}",
        "tests that must raise none.",
    )
    rows = table(head, [item.row for item in results if item.expected or item.stray])
    return f"## CrowdSec: addresses that must raise an alert\n\n{about}\n\n{rows}\n"
