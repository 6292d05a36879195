"""Linting: pySigma's validators and ours over a pack, filters, and profiles that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sigma.rule import SigmaRule
from sigma.validators.base import SigmaRuleValidator

from breachwatch.detect import RuleProblem, Severity
from breachwatch.detect.lint import check_filters, default_profile, lint, running
from breachwatch.detect.lint.issues import AttackDataIssue
from breachwatch.detect.lint.validators import CLASSES, BreachwatchAttackTagsValidator
from breachwatch.detect.loading import RuleText, documents, read_rules
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.errors import SettingsError
from tests.unit.detect.attack_data import bundle
from tests.unit.detect.packs.making import folder, rule

GUIDE = "{guide: [Look at it., Ask them., Close the hole.]}"
WELL = {"falsepositives": "[admins]", "breachwatch": GUIDE, "tags": "[attack.t1001]"}
FILTER = """
title: Known job
logsource: {product: linux, service: auth}
filter:
  rules: [RULES]
  known: {user: backup}
  condition: not known
"""


def pack(*texts: str, of_pack: str = "") -> RulePack:
    found = [
        text for number, item in enumerate(texts) for text in documents(f"rule_number_{number}.yml", item.encode())
    ]
    return pack_of(RuleText(item.origin, item.text, of_pack) if isinstance(item, RuleText) else item for item in found)


def said(problems: list[RuleProblem]) -> dict[str, str]:
    return {problem.check: problem.message for problem in problems}


def linted(*texts: str, attack: Path | None = None, of_pack: str = "") -> list[RuleProblem]:
    return lint(pack(*texts, of_pack=of_pack), default_profile(), attack)


def test_a_well_written_rule_has_nothing_to_be_told() -> None:
    assert linted(rule("Well", **WELL)) == []


def test_each_check_of_ours_finds_what_it_is_for() -> None:
    found = linted(rule("Bare", author="", level="", date=""))
    assert set(said(found)) == {
        "breachwatch_author",
        "breachwatch_level",
        "breachwatch_guide",
        "breachwatch_falsepositives",
        "breachwatch_attack_technique",
    }
    assert {problem.severity for problem in found} == {Severity.NOTE}
    assert "0, expected 3 to 6" in said(found)["breachwatch_guide"]


@pytest.mark.parametrize(("steps", "right"), [(2, False), (3, True), (6, True), (7, False)])
def test_a_guide_has_three_to_six_steps(steps: int, right: bool) -> None:
    listed = ", ".join(f"Step {number}." for number in range(steps))
    guide = f"{{guide: [{listed}]}}"
    assert ("breachwatch_guide" not in said(linted(rule("Guided", **{**WELL, "breachwatch": guide})))) is right


def test_what_only_serves_is_not_asked_for_a_guide() -> None:
    over = """
title: Many
id: 33333333-3333-4333-8333-333333333333
level: high
author: me
correlation: {type: event_count, rules: [base], group-by: [user], timespan: 5m, condition: {gte: 3}}
"""
    found = linted(f"{rule('Base', name='base', falsepositives='', author='')}---{over}")
    assert {problem.title for problem in found} == {"Many"}


def test_validators_of_pysigma_run_and_speak_plainly() -> None:
    text = rule("Dangling", **WELL).replace("  condition", "  unused: {x|startswith|startswith: y}\n  condition")
    found = linted(text)
    by_check = {problem.check: problem for problem in found}
    assert by_check["dangling_detection"].severity is Severity.WARNING
    assert by_check["dangling_detection"].message.endswith(": unused")
    assert by_check["invalid_modifier_combinations"].message.endswith(": field x, startswith")
    assert by_check["invalid_modifier_combinations"].severity is Severity.NOTE


def test_two_rules_of_one_title_are_told_once() -> None:
    one, two = (rule("Same", id=f"{digit * 8}-1111-4111-8111-111111111111", **WELL) for digit in "12")
    (problem,) = linted(one, two)
    assert (problem.check, problem.severity) == ("duplicate_title", Severity.NOTE)
    assert "also rule_number_1.yml" in problem.message


def test_attack_tags_are_checked_where_there_is_a_file(tmp_path: Path) -> None:
    text = rule("Tagged", **{**WELL, "tags": "[attack.t1003, attack.t1001, attack.nowhere]"})
    assert linted(text) == []
    found = [problem.message for problem in linted(text, attack=bundle(tmp_path / "attack.json"))]
    assert len(found) == 2
    assert "revoked, now T1001" in found[0]
    assert "attack.nowhere names nothing" in found[1]
    with pytest.raises(SettingsError, match=r"gone\.json"):
        linted(text, attack=tmp_path / "gone.json")


def test_sigma_check_is_told_once_that_the_file_is_gone(tmp_path: Path) -> None:
    validator = BreachwatchAttackTagsValidator(str(tmp_path / "gone.json"))
    parsed = SigmaRule.from_yaml(rule("Tagged", tags="[attack.t1001, attack.t1002]"))
    (issue,) = validator.validate(parsed)
    assert isinstance(issue, AttackDataIssue)
    assert "gone.json" in issue.reason


def test_of_packs_only_what_their_makers_could_do_is_asked() -> None:
    assert linted(rule("Bare", author="", date=""), of_pack="city") == []


def test_a_rule_without_cases_beside_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"rules/with_cases.yml": rule("With", **WELL), "rules/without_cases.yml": rule("Without", **WELL)}
    cases = {"cases/with_cases.yml": "positive: [1]\nnegative: [1]\n", "cases/without_cases.yml": "positive: [1]\n"}
    folder(tmp_path, {**files, **cases})
    monkeypatch.chdir(tmp_path)
    (problem,) = lint(pack_of(read_rules("rules", tmp_path)), default_profile())
    assert (problem.title, problem.check) == ("Without", "breachwatch_cases")


def test_a_validator_that_stumbles_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class StumblingValidator(SigmaRuleValidator):
        def validate(self, rule: object) -> list[object]:  # type: ignore[override]
            raise KeyError("what a rule holds")

    monkeypatch.setattr(running, "CLASSES", (*CLASSES, StumblingValidator))
    found = linted(rule("Well", **WELL), rule("Bare", author="", **WELL))
    assert [problem.check for problem in found] == ["breachwatch_author", "stumbling", "stumbling"]
    assert "could not look at it" in found[1].message


def test_a_rule_that_does_not_parse_is_left_to_the_compiler() -> None:
    assert linted(rule("Odd", search="{a: {b: 1}}").replace("action:", "action|nonsense:")) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "no mapping"),
        ("validators: [none_such]", "Unknown validator"),
        ("validators: [all, -none_such]", "not existing"),
        ("validators: 5", "cannot be used"),
        ("a: [", "cannot be used"),
        ("exclusions: {no-uuid: all}", "cannot be used"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nvalidators: {c: *b}", "cannot be used"),
    ],
)
def test_a_profile_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "profile.yml").write_text(text)
    with pytest.raises(SettingsError, match=reason):
        lint(pack(rule("One")), tmp_path / "profile.yml")


def test_exclusions_of_a_profile_hold(tmp_path: Path) -> None:
    rule_id = "33333333-3333-4333-8333-333333333333"
    profile = {"validators": ["breachwatch_author"], "exclusions": {rule_id: "breachwatch_author"}}
    (tmp_path / "profile.yml").write_text(yaml.safe_dump(profile))
    found = lint(pack(rule("One", author="", id=rule_id), rule("Two", author="")), tmp_path / "profile.yml")
    assert [problem.title for problem in found] == ["Two"]


def test_nothing_of_the_default_profile_needs_the_network() -> None:
    listed = yaml.safe_load(default_profile().read_text())["validators"]
    assert listed[0] == "all"
    assert {"-attacktag", "-d3_fendtag"} <= set(listed)


@pytest.mark.parametrize(
    ("custom", "rules", "messages"),
    [
        ("{owner: ann, reason: nightly copy, expires: 2027-06-01}", "any", []),
        ("{owner: ann, reason: nightly copy, expires: 2026-11-30}", "any", ["expires on 2026-11-30"]),
        ("{owner: ann, reason: nightly copy}", "any", ["never expires"]),
        ("{expires: 2027-06-01}", "any", ["has no owner", "has no reason"]),
        ("{owner: a, reason: b, expires: 2027-06-01, until: x}", "any", ["unknown key 'until'"]),
        ("{owner: a, reason: b, expires: 2027-06-01}", "none_such", ["'none_such', which does not run here"]),
    ],
)
def test_filters_are_asked_who_why_and_until_when(custom: str, rules: str, messages: list[str]) -> None:
    text = FILTER.replace("RULES", rules) + f"breachwatch: {custom}\n"
    now = datetime(2026, 11, 22, tzinfo=UTC)
    found = check_filters(pack(rule("One"), text), now)
    assert [wanted in problem.message for wanted, problem in zip(messages, found, strict=True)] == [True] * len(
        messages
    )
    assert {problem.origin for problem in found} <= {"rule_number_1.yml"}
