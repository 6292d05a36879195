"""Detection: Sigma rules compiled to DuckDB SQL and run over the lake."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from breachwatch.detect.checking import check
    from breachwatch.detect.engine import scan, search_past
    from breachwatch.detect.problems import RuleProblem, Severity
    from breachwatch.detect.starting import load_rules
    from breachwatch.detect.testing import CaseResult, test_rules

__all__ = ["CaseResult", "RuleProblem", "Severity", "check", "load_rules", "scan", "search_past", "test_rules"]

_PLACES = {
    "check": "checking",
    **dict.fromkeys(("RuleProblem", "Severity"), "problems"),
    **dict.fromkeys(("scan", "search_past"), "engine"),
    "load_rules": "starting",
    **dict.fromkeys(("CaseResult", "test_rules"), "testing"),
}


def __getattr__(name: str) -> Any:
    # A night checks and tests no rules, and what only reads a rule's text needs no DuckDB.
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
