"""Running the validators over a pack. Which of them is data: `detections/sigma-check.yml`, for `sigma check`, too."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError, SigmaRuleLocation
from sigma.modifiers import reverse_modifier_mapping
from sigma.rule import SigmaDetectionItem, SigmaLogSource, SigmaRule
from sigma.validation import SigmaValidator
from sigma.validators.base import SigmaRuleValidator, SigmaValidationIssue, SigmaValidationIssueSeverity
from sigma.validators.core import validator_classname_to_identifier as identifier
from sigma.validators.core import validators as core_validators

from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.lint.validators import CLASSES, attack_file
from breachwatch.detect.loading import BUILTIN
from breachwatch.detect.nesting import refuse_deep
from breachwatch.detect.problems import RuleProblem, Severity
from breachwatch.detect.rulepack import Rule, RulePack
from breachwatch.errors import SettingsError

PROFILE_NAME = "sigma-check.yml"
_PROFILE_BYTES = 1024 * 1024
_MESSAGE_CHARS = 600

# pySigma gives these its highest severity, but here a rule finds the same with or without them.
_STYLE = frozenset(
    {"filename_length", "duplicate_filename", "duplicate_title", "specific_instead_of_generic_logsource"}
)

# Those of ours that also look at the rules of packs, which we do not write: the others ask for what only we can add.
_FOR_ALL = frozenset({"breachwatch_attack_tags", "breachwatch_level"})

# Told by our own check already, with the reason, or by loading.
_TOLD_ELSEWHERE = frozenset({"breachwatch_logsource", "identifier_existence"})


def default_profile() -> Path:
    """The profile that comes with breachwatch."""
    return builtin_folder() / PROFILE_NAME


def lint(pack: RulePack, profile: Path, attack_data: Path | None = None) -> list[RuleProblem]:
    """What the validators of a profile say of the rules, in the order of the rules.

    `attack_data` is the ATT&CK file to check tags against. Raises SettingsError for a profile that cannot be used and
    for an ATT&CK file that is not there, DataError for one that is something else.
    """
    if attack_data is not None:
        attack_file(str(attack_data))
    validator = _validator(profile, attack_data)
    listed = sorted(validator.validators, key=_name)
    used = [item for item in listed if _name(item) not in _TOLD_ELSEWHERE]
    by_parsed: dict[int, Rule] = {}
    kept: list[object] = []  # an id may only be given again once its object is gone
    found: list[tuple[str, SigmaValidationIssue]] = []
    broken: list[RuleProblem] = []
    for rule in pack.rules:
        parsed = _parsed(rule)
        if parsed is None:
            continue  # what is wrong with it is told by compiling it
        kept.append(parsed)
        by_parsed[id(parsed)] = rule
        left_out = validator.exclusions.get(parsed.id, set())
        for item in used:
            ours = _name(item).startswith("breachwatch_") and _name(item) not in _FOR_ALL
            if type(item) not in left_out and not (ours and rule.source.pack):
                found += _issues(item, parsed, rule, broken)
    for item in used:
        found += [(_name(item), issue) for issue in item.finalize()]
    order = {id(rule): number for number, rule in enumerate(pack.rules)}
    told = [entry for name, issue in found for entry in _problems(name, issue, by_parsed, order)]
    return [problem for _, problem in sorted(told, key=lambda entry: entry[0])] + broken


def _issues(
    item: SigmaRuleValidator, parsed: SigmaRule | SigmaCorrelationRule, rule: Rule, broken: list[RuleProblem]
) -> Iterable[tuple[str, SigmaValidationIssue]]:
    try:
        return [(_name(item), issue) for issue in item.validate(parsed)]
    except Exception as error:  # noqa: BLE001 - a validator may stumble over what a rule holds; the others go on
        reason = f"the check {_name(item)} could not look at it ({type(error).__name__}: {str(error)[:200]})"
        broken.append(RuleProblem(Severity.NOTE, rule.id, rule.title, rule.source.origin, reason, _name(item)))
        return []


def _problems(
    name: str, issue: SigmaValidationIssue, by_parsed: dict[int, Rule], order: dict[int, int]
) -> Iterator[tuple[int, RuleProblem]]:
    grave = issue.severity is SigmaValidationIssueSeverity.HIGH and name not in _STYLE
    severity = Severity.WARNING if grave else Severity.NOTE
    more = [_words(getattr(issue, item.name)) for item in fields(issue) if item.name not in {"rules", "severity"}]
    message = f"{issue.description}{': ' if any(more) else ''}{', '.join(text for text in more if text)}"
    rules = [by_parsed[id(parsed)] for parsed in issue.rules if id(parsed) in by_parsed]
    for rule in rules[:1]:
        others = f" (also {', '.join(other.source.origin for other in rules[1:4])})" if len(rules) > 1 else ""
        text = (message + others)[:_MESSAGE_CHARS]
        yield order[id(rule)], RuleProblem(severity, rule.id, rule.title, rule.source.origin, text, name)


def _words(value: object) -> str:
    """A field of an issue as a person reads it; pySigma's own objects print as their insides."""
    if isinstance(value, SigmaDetectionItem):
        return f"field {value.field}" if value.field else "a keyword"
    if isinstance(value, SigmaLogSource):
        named = {"product": value.product, "category": value.category, "service": value.service}
        return " ".join(f"{key} {name}" for key, name in named.items() if name)
    if isinstance(value, type):
        return reverse_modifier_mapping.get(value.__name__, value.__name__)
    if isinstance(value, set | frozenset | list | tuple):
        return " ".join(sorted(filter(None, map(_words, value))))
    return str(value)


def _parsed(rule: Rule) -> SigmaRule | SigmaCorrelationRule | None:
    source = SigmaRuleLocation(_path(rule))
    document = copy.deepcopy(rule.document)
    try:
        parsed: SigmaRule | SigmaCorrelationRule = (
            SigmaCorrelationRule.from_dict(document, collect_errors=True, source=source)
            if rule.is_correlation
            else SigmaRule.from_dict(document, collect_errors=True, source=source)
        )
    except (SigmaError, ValueError, TypeError, AttributeError, LookupError):
        return None
    return None if parsed.errors else parsed


def _path(rule: Rule) -> Path:
    """The rule's file, as far as it has one; only its name is looked at, and that of a built-in rule for its cases."""
    origin = rule.source.origin.split(", document ", maxsplit=1)[0]
    if origin.startswith(f"{BUILTIN}/"):
        return builtin_folder() / "rules" / origin.removeprefix(f"{BUILTIN}/")
    return Path(origin)


def _validator(profile: Path, attack_data: Path | None) -> SigmaValidator:
    known: dict[str, Any] = dict(core_validators) | {identifier(item.__name__): item for item in CLASSES}
    try:
        if profile.stat().st_size > _PROFILE_BYTES:
            msg = f"the profile {profile} is larger than {_PROFILE_BYTES} bytes."
            raise SettingsError(msg)
        text = profile.read_text(encoding="utf-8")
        refuse_deep(text)
        content = yaml.load(text, Loader=yaml.CSafeLoader)
        if not isinstance(content, dict):
            msg = f"the profile {profile} is no mapping with `validators`; see `sigma check --help`."
            raise SettingsError(msg)
        if attack_data is not None:
            name = identifier("BreachwatchAttackTagsValidator")
            content["config"] = {**(content.get("config") or {}), name: {"data": str(attack_data)}}
        return SigmaValidator.from_dict(content, known)
    except OSError as error:
        msg = f"cannot read the profile {profile}: {error.strerror}."
        raise SettingsError(msg) from error
    except (yaml.YAMLError, UnicodeDecodeError, SigmaError, ValueError, TypeError, AttributeError) as error:
        msg = f"the profile {profile} cannot be used: {' '.join(str(error).split())[:300]}"
        raise SettingsError(msg) from error


def _name(item: SigmaRuleValidator) -> str:
    return _name_of(type(item))


@cache
def _name_of(kind: type[SigmaRuleValidator]) -> str:
    return identifier(kind.__name__)
