"""The logs of the worked examples: one case each, in the midst of ordinary work, in the vendors' own formats."""

from __future__ import annotations

from breachwatch.simulate.cases.choosing import CASES, simulate_case

__all__ = ["CASES", "simulate_case"]
