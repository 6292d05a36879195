"""panther's rule tests: single events with `expected_alert` true or false for a named rule.

`panther_rules.tsv` says which rule of ours asks the same: their rule, our rule file. Where ours asks for more or less,
the words behind it say so. Their other rules are counted as not covered.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.labelled.table import paragraph, share, table
from benchmarks.labelled.trying import rules, tried
from breachwatch.detect.trial import TrialLog, Trials

FORM = "cloud-json"


@dataclass(frozen=True)
class Rule:
    """A rule of ours that answers one of theirs."""

    stem: str
    about: str  # how it differs


@dataclass(frozen=True)
class RuleResult:
    """How one rule of theirs fared."""

    theirs: str
    ours: Rule
    alerts: int  # events that must raise an alert
    found: int
    passed: int  # events that must not
    raised: int
    unread: int  # events that no parser takes

    @property
    def row(self) -> tuple[object, ...]:
        """The rule's row of the table."""
        return (
            self.theirs,
            self.ours.stem,
            self.alerts,
            self.found,
            self.passed,
            self.raised,
            self.unread,
            self.ours.about or "-",
        )


@dataclass(frozen=True)
class Result:
    """All rules of theirs: those that ours answer, and how many others there are in each file."""

    answered: list[RuleResult]
    others: Counter[str]
    left_out: int  # events that need answers of other services


@lru_cache(maxsize=1)
def answers() -> dict[str, Rule]:
    """Their rule to ours."""
    lines = (Path(__file__).parent / "panther_rules.tsv").read_text(encoding="utf-8").splitlines()
    return {name: Rule(stem, about) for name, stem, about in (line.split("\t") for line in lines if line)}


def run(room: Trials, logs: Path, only: tuple[str, ...] = ()) -> Result:
    """Every rule of theirs, or those of the files named."""
    answered: list[RuleResult] = []
    others: Counter[str] = Counter()
    left_out = 0
    for path in sorted(logs.glob("*/panther-analysis/*.labelled.jsonl")):
        name = path.name.removesuffix(".labelled.jsonl")
        if only and name not in only:
            continue
        tests: dict[str, list[dict[str, Any]]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            left_out += bool(test["needs_mocks"])
            tests.setdefault(test["rule"], []).extend([] if test["needs_mocks"] else [test])
        for theirs, events in tests.items():
            if theirs in answers():
                answered.append(_rule(room, theirs, answers()[theirs], events))
            elif events:
                others[name] += 1
    return Result(answered, others, left_out)


def _rule(room: Trials, theirs: str, ours: Rule, tests: list[dict[str, Any]]) -> RuleResult:
    found = raised = unread = 0
    for test in tests:
        data = json.dumps(test["log"]).encode() + b"\n"
        result = tried(room, [TrialLog("event", FORM, data)], rules(ours.stem), learning=False)
        unread += result.rejects > 0
        found += bool(result.hits) and test["expected_alert"]
        raised += bool(result.hits) and not test["expected_alert"]
    alerts = sum(bool(test["expected_alert"]) for test in tests)
    return RuleResult(theirs, ours, alerts, found, len(tests) - alerts, raised, unread)


def section(result: Result) -> str:
    """The part of the document."""
    answered = result.answered
    alerts, found = sum(item.alerts for item in answered), sum(item.found for item in answered)
    passed, raised = sum(item.passed for item in answered), sum(item.raised for item in answered)
    others = ", ".join(f"{name} {count}" for name, count in sorted(result.others.items()))
    head = ("their rule", "our rule", "must alert", "alert", "must not", "alert anyway", "not read", "how ours differs")
    about = paragraph(
        "Where a rule of ours asks what one of theirs asks, their test events are searched one by one: of those",
        f"that must raise an alert {share(found, alerts)} do, of those that must not {share(raised, passed)} do.",
        f"Not covered are {sum(result.others.values())} rules of theirs, by file: {others}. {result.left_out}",
        "events need answers of other services and are left out.",
    )
    rows = table(head, [item.row for item in answered])
    return f"## panther: single events of cloud services\n\n{about}\n\n{rows}\n"
