"""Caring for the lake: checking it, merging small files, retention and holds, what it uses."""

from __future__ import annotations

from breachwatch.lake.care.checking import check
from breachwatch.lake.care.compacting import Compacted, compact
from breachwatch.lake.care.differences import CheckReport, Difference, Kind
from breachwatch.lake.care.retired import remove_retired

__all__ = ["CheckReport", "Compacted", "Difference", "Kind", "check", "compact", "remove_retired"]
