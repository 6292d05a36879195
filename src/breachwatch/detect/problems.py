"""A thing that is wrong with a rule, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a rule from running; a warning says that it may find less than its author meant.

    A note is about how it is written.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing that is wrong with one rule."""

    severity: Severity
    rule_id: str
    title: str
    origin: str
    message: str
    check: str = ""  # the validator that says so
