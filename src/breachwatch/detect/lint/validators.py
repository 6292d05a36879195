"""Our own validators for pySigma: `sigma check` finds them through `sigma.validators.breachwatch`.

A rule that only serves correlations is looked at less closely: nobody sees its findings. Which rules serve others is
known once all were seen, so most issues are told at the end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule, SigmaRuleTag
from sigma.validators.base import SigmaRuleValidator, SigmaTagValidator, SigmaValidationIssue

from breachwatch.detect.coverage.attack import Attack, load_attack
from breachwatch.detect.lint.issues import (
    AttackDataIssue,
    AttackTagIssue,
    AttackTechniqueIssue,
    AuthorIssue,
    CasesIssue,
    FalsepositivesIssue,
    GuideIssue,
    LevelIssue,
    LogsourceIssue,
)
from breachwatch.detect.mapping import load_mappings
from breachwatch.detect.nesting import refuse_deep
from breachwatch.detect.reading import CUSTOM_KEY
from breachwatch.errors import BreachwatchError

Rule = SigmaRule | SigmaCorrelationRule

ATTACK_VARIABLE = "BREACHWATCH_DETECT__ATTACK_DATA"
"""Overrides `detect.attack_data` of the settings, and names the file for `sigma check`, which reads no settings."""

_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?", re.IGNORECASE)


class _ReportingValidator(SigmaRuleValidator):
    """Looks at the rules whose findings people see, once all rules are known."""

    def __init__(self) -> None:
        self._seen: list[Rule] = []
        self._serving: set[str] = set()

    def validate(self, rule: Rule) -> list[SigmaValidationIssue]:
        self._seen.append(rule)
        if isinstance(rule, SigmaCorrelationRule) and not rule.generate:
            self._serving |= {reference.reference for reference in rule.rules or ()}
        return []

    def finalize(self) -> list[SigmaValidationIssue]:
        return [issue for rule in self._seen if not self._serves(rule) for issue in self.issues(rule)]

    def issues(self, rule: Rule) -> list[SigmaValidationIssue]:
        """What is wrong with a reporting rule."""
        raise NotImplementedError

    def _serves(self, rule: Rule) -> bool:
        return bool(self._serving & {str(rule.id), str(rule.name)})


class BreachwatchGuideValidator(_ReportingValidator):
    """Check for the analyst's guide: what to check next, in three to six steps."""

    def __init__(self, lowest: int = 3, most: int = 6) -> None:
        super().__init__()
        self.lowest = lowest
        self.most = most

    def issues(self, rule: Rule) -> list[SigmaValidationIssue]:
        custom = rule.custom_attributes.get(CUSTOM_KEY)
        guide = custom.get("guide") if isinstance(custom, dict) else None
        steps = [str(step) for step in guide if str(step).strip()] if isinstance(guide, list) else []
        if self.lowest <= len(steps) <= self.most:
            return []
        return [GuideIssue([rule], f"{len(steps)}, expected {self.lowest} to {self.most}")]


class BreachwatchFalsepositivesValidator(_ReportingValidator):
    """Check that a rule says what else may cause it."""

    def issues(self, rule: Rule) -> list[SigmaValidationIssue]:
        said = [text for text in rule.falsepositives or () if str(text).strip().lower() not in {"", "unknown"}]
        return [] if said else [FalsepositivesIssue([rule])]


class BreachwatchLevelValidator(_ReportingValidator):
    """Check that a rule has a level."""

    def issues(self, rule: Rule) -> list[SigmaValidationIssue]:
        return [] if rule.level is not None else [LevelIssue([rule])]


class BreachwatchAuthorValidator(_ReportingValidator):
    """Check that a rule names its author, who must stay visible."""

    def issues(self, rule: Rule) -> list[SigmaValidationIssue]:
        return [] if rule.author else [AuthorIssue([rule])]


class BreachwatchAttackTechniqueValidator(_ReportingValidator):
    """Check that a rule names the ATT&CK technique it is for."""

    def issues(self, rule: Rule) -> list[SigmaValidationIssue]:
        named = any(tag.namespace == "attack" and _TECHNIQUE.fullmatch(tag.name) for tag in rule.tags)
        return [] if named else [AttackTechniqueIssue([rule])]


class BreachwatchAttackTagsValidator(SigmaTagValidator):
    """Check ATT&CK tags against a local enterprise-attack.json, never over the network."""

    def __init__(self, data: str = "") -> None:
        self.data = data or os.environ.get(ATTACK_VARIABLE, "")
        self._told = False

    def validate_tag(self, tag: SigmaRuleTag) -> list[SigmaValidationIssue]:
        if tag.namespace != "attack" or not self.data:
            return []
        try:
            fault = attack_file(self.data).fault(str(tag))
        except BreachwatchError as error:
            if self._told:
                return []
            self._told = True
            return [AttackDataIssue([self.rule], str(error))]
        return [AttackTagIssue([self.rule], fault)] if fault else []


class BreachwatchLogsourceValidator(SigmaRuleValidator):
    """Check that a dataset is mapped to the rule's log source."""

    def validate(self, rule: Rule) -> list[SigmaValidationIssue]:
        if isinstance(rule, SigmaCorrelationRule) or load_mappings().for_rule(rule):
            return []
        given = rule.logsource
        named = {"product": given.product, "category": given.category, "service": given.service}
        return [LogsourceIssue([rule], ", ".join(f"{key} {value}" for key, value in named.items() if value))]


class BreachwatchCasesValidator(SigmaRuleValidator):
    """Check that a rule file in a folder `rules` has test cases on both sides in the folder `cases` beside it."""

    def __init__(self) -> None:
        self._looked: set[Path] = set()

    def validate(self, rule: Rule) -> list[SigmaValidationIssue]:
        path = rule.source.path if rule.source is not None else None
        if path is None or path in self._looked or path.parent.name != "rules":
            return []
        self._looked.add(path)
        cases = path.parent.parent / "cases" / f"{path.stem}.yml"
        if not cases.parent.is_dir():
            return []
        return [] if _has_both(cases) else [CasesIssue([rule], str(cases))]


def _has_both(cases: Path) -> bool:
    try:
        text = cases.read_text(encoding="utf-8")
        refuse_deep(text)
        listed: Any = yaml.load(text, Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError, ValueError):  # bytes that are no UTF-8 and dates that are none among them
        return False
    return isinstance(listed, dict) and all(listed.get(side) for side in ("positive", "negative"))


@lru_cache(maxsize=2)
def attack_file(path: str) -> Attack:
    """ATT&CK from a file, read once. Raises SettingsError, DataError."""
    return load_attack(Path(path).expanduser())


def _classes() -> Iterator[type[SigmaRuleValidator]]:
    for value in list(globals().values()):
        if (
            isinstance(value, type)
            and issubclass(value, SigmaRuleValidator)
            and value.__name__.startswith("Breachwatch")
        ):
            yield value


CLASSES: tuple[type[SigmaRuleValidator], ...] = tuple(_classes())
"""Every validator of ours."""
