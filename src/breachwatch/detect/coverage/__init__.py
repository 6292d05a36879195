"""What the active rules cover of MITRE ATT&CK, and whether the logs they need are there."""

from __future__ import annotations

from breachwatch.detect.coverage.attack import Attack, Technique, load_attack
from breachwatch.detect.coverage.measuring import Coverage, Missing, RuleCoverage, State, TechniqueCoverage, measure
from breachwatch.detect.coverage.navigator import layer

__all__ = [
    "Attack",
    "Coverage",
    "Missing",
    "RuleCoverage",
    "State",
    "Technique",
    "TechniqueCoverage",
    "layer",
    "load_attack",
    "measure",
]
