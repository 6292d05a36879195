"""What our validators say. pySigma shows the description, then the further fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sigma.validators.base import SigmaValidationIssue, SigmaValidationIssueSeverity

_LOW = SigmaValidationIssueSeverity.LOW
_MEDIUM = SigmaValidationIssueSeverity.MEDIUM
_HIGH = SigmaValidationIssueSeverity.HIGH


@dataclass
class GuideIssue(SigmaValidationIssue):
    """A reporting rule without a guide, or with one that is too short or too long."""

    description: ClassVar[str] = "Rule has no guide for the analyst of the expected length (breachwatch: guide)"
    severity: ClassVar[SigmaValidationIssueSeverity] = _LOW
    steps: str


@dataclass
class FalsepositivesIssue(SigmaValidationIssue):
    """A reporting rule that names no false positives."""

    description: ClassVar[str] = "Rule does not say what else may cause it (falsepositives)"
    severity: ClassVar[SigmaValidationIssueSeverity] = _LOW


@dataclass
class LevelIssue(SigmaValidationIssue):
    """A reporting rule without a level."""

    description: ClassVar[str] = "Rule has no level, so it counts as medium"
    severity: ClassVar[SigmaValidationIssueSeverity] = _MEDIUM


@dataclass
class AuthorIssue(SigmaValidationIssue):
    """A reporting rule without an author."""

    description: ClassVar[str] = "Rule does not name its author"
    severity: ClassVar[SigmaValidationIssueSeverity] = _LOW


@dataclass
class AttackTechniqueIssue(SigmaValidationIssue):
    """A reporting rule without a technique."""

    description: ClassVar[str] = "Rule names no ATT&CK technique, so coverage does not count it"
    severity: ClassVar[SigmaValidationIssueSeverity] = _LOW


@dataclass
class AttackTagIssue(SigmaValidationIssue):
    """A tag that is wrong by the ATT&CK file."""

    description: ClassVar[str] = "ATT&CK tag is not one of the ATT&CK file"
    severity: ClassVar[SigmaValidationIssueSeverity] = _MEDIUM
    fault: str


@dataclass
class AttackDataIssue(SigmaValidationIssue):
    """An ATT&CK file that cannot be read."""

    description: ClassVar[str] = "ATT&CK tags could not be checked"
    severity: ClassVar[SigmaValidationIssueSeverity] = _MEDIUM
    reason: str


@dataclass
class LogsourceIssue(SigmaValidationIssue):
    """A rule that no dataset is for."""

    description: ClassVar[str] = "No dataset of breachwatch is mapped to the log source, so the rule never runs"
    severity: ClassVar[SigmaValidationIssueSeverity] = _HIGH
    logsource: str


@dataclass
class CasesIssue(SigmaValidationIssue):
    """A rule file without test cases."""

    description: ClassVar[str] = "Rule file has no test cases on both sides in the folder cases beside its own"
    severity: ClassVar[SigmaValidationIssueSeverity] = _MEDIUM
    cases: str
