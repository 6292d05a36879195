"""Original bytes in a bag: what is kept of the segments, proven to be part of all that was collected."""

from __future__ import annotations

from breachwatch.evidence.originals.copying import copy_segments
from breachwatch.evidence.originals.kept import RawSegment

__all__ = ["RawSegment", "copy_segments"]
