"""Detection: Sigma rules compiled to DuckDB SQL and run over the lake."""

from __future__ import annotations

from breachwatch.detect.engine import load_rules, scan

__all__ = ["load_rules", "scan"]
