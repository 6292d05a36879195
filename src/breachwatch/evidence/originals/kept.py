"""What of a segment is in a bag."""

from __future__ import annotations

from dataclasses import dataclass

from breachwatch.evidence.bag import Written
from breachwatch.evidence.originals.ranges import Range
from breachwatch.model.segment import Segment


@dataclass(frozen=True, slots=True)
class Kept:
    """One file in the bag with bytes of a segment."""

    name: str
    range: Range
    written: Written


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A segment and what of it is in the bag."""

    segment: Segment
    whole: bool
    files: tuple[Kept, ...]
    merkle_root: bytes
    blocks: int
