"""Where bytes come from: files and the journal, cut into segments that are kept as they were."""

from __future__ import annotations

from breachwatch.collect.checkpoints import segment, segments
from breachwatch.collect.collector import collect
from breachwatch.collect.store import DiskFullError, open_segment, read_range

__all__ = ["DiskFullError", "collect", "open_segment", "read_range", "segment", "segments"]
