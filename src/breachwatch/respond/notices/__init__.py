"""Notices: which papers an incident calls for, what its records know for them, and the register of all papers."""

from __future__ import annotations

from breachwatch.respond.notices.approving import approve
from breachwatch.respond.notices.drafting import draft, revise, take_back
from breachwatch.respond.notices.merging import Merged, merge
from breachwatch.respond.notices.reading import file_of, paper, papers_of, papers_on
from breachwatch.respond.notices.sending import Sent, sent

__all__ = [
    "Merged",
    "Sent",
    "approve",
    "draft",
    "file_of",
    "merge",
    "paper",
    "papers_of",
    "papers_on",
    "revise",
    "sent",
    "take_back",
]
