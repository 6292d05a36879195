"""Disposal of evidence: asked for by one person, approved by another, refused by holds and open incidents."""

from __future__ import annotations

from breachwatch.evidence.disposal.periods import Due, due
from breachwatch.evidence.disposal.removing import carry_out, sweep
from breachwatch.evidence.disposal.requests import decide, request
from breachwatch.evidence.disposed import Disposal, DisposedItem, disposal, disposals, disposed_at

__all__ = [
    "Disposal",
    "DisposedItem",
    "Due",
    "carry_out",
    "decide",
    "disposal",
    "disposals",
    "disposed_at",
    "due",
    "request",
    "sweep",
]
