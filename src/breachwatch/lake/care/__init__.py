"""Caring for the lake: checking it, merging small files, retention and holds, what it uses."""

from __future__ import annotations

from breachwatch.lake.care.checking import check
from breachwatch.lake.care.compacting import Compacted, compact
from breachwatch.lake.care.differences import CheckReport, Difference, Kind
from breachwatch.lake.care.disposals import Disposal, disposals
from breachwatch.lake.care.disposing import Retained
from breachwatch.lake.care.holds import Hold, end_hold, enter_hold, hold_in, holds
from breachwatch.lake.care.retaining import retain
from breachwatch.lake.care.retired import remove_retired
from breachwatch.lake.care.statistics import DatasetUse, LakeUse, statistics
from breachwatch.lake.care.tending import tend

__all__ = [
    "CheckReport",
    "Compacted",
    "DatasetUse",
    "Difference",
    "Disposal",
    "Hold",
    "Kind",
    "LakeUse",
    "Retained",
    "check",
    "compact",
    "disposals",
    "end_hold",
    "enter_hold",
    "hold_in",
    "holds",
    "remove_retired",
    "retain",
    "statistics",
    "tend",
]
