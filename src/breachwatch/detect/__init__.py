"""Detection: Sigma rules compiled to DuckDB SQL and run over the lake."""

from __future__ import annotations

from breachwatch.detect.checking import RuleProblem, Severity, check
from breachwatch.detect.engine import load_rules, scan, search_past
from breachwatch.detect.testing import CaseResult, test_rules

__all__ = ["CaseResult", "RuleProblem", "Severity", "check", "load_rules", "scan", "search_past", "test_rules"]
