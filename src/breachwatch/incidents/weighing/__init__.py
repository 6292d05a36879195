"""How bad an incident is: computed from what it touches, kept with its reasons, set by people with a reason."""

from __future__ import annotations

from breachwatch.incidents.weighing.keeping import judge_anew, override, recompute, severity_of
from breachwatch.incidents.weighing.privilege import Privileged, keep, learn

__all__ = ["Privileged", "judge_anew", "keep", "learn", "override", "recompute", "severity_of"]
