"""What a breach asks of a city: jurisdiction profiles, their obligations and clocks."""

from __future__ import annotations

from breachwatch.respond.clocks.due import Due, due
from breachwatch.respond.law.loading import load_profile, profile_names

__all__ = ["Due", "due", "load_profile", "profile_names"]
