"""Evidence in other hands: the forms that go with it, transfers with their receipts, reading as custody."""

from __future__ import annotations

from breachwatch.evidence.handover.reading import copy_out, custody_form, files_in, read_lines
from breachwatch.evidence.handover.transfers import Answer, Recipient, acknowledge, give_back, transfer, transfers_of

__all__ = [
    "Answer",
    "Recipient",
    "acknowledge",
    "copy_out",
    "custody_form",
    "files_in",
    "give_back",
    "read_lines",
    "transfer",
    "transfers_of",
]
