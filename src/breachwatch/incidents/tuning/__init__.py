"""From a false positive to a filter: proposed from what its events share, tried, approved by a second person."""

from __future__ import annotations

from breachwatch.incidents.tuning.deciding import FilterState, TunedFilter, approve, refuse, tuned_filters, withdraw
from breachwatch.incidents.tuning.proposing import Proposal, propose_filter
from breachwatch.incidents.tuning.trying import Trial, try_filter

__all__ = [
    "FilterState",
    "Proposal",
    "Trial",
    "TunedFilter",
    "approve",
    "propose_filter",
    "refuse",
    "try_filter",
    "tuned_filters",
    "withdraw",
]
