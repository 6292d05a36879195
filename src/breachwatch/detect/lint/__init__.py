"""How well rules are written: pySigma's validators and ours, offline, and what is wrong with filters."""

from __future__ import annotations

from breachwatch.detect.lint.filters import check_filters
from breachwatch.detect.lint.running import default_profile, lint

__all__ = ["check_filters", "default_profile", "lint"]
