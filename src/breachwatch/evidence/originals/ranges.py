"""What to keep of a segment: all of it, or exact ranges around what matched.

Whole where a segment is small. Else the matching records with context around them; a Windows event log, which is of no
use without its structure, is cut along its header and chunks. Ranges are widened to whole blocks, so that a Merkle tree
over all blocks of the segment proves them to everybody (`blocks`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from breachwatch.evidence.blocks import BLOCK
from breachwatch.evidence.rows import Position, Rows
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Segment
from breachwatch.workspace import Workspace

WHOLE_EVTX_BYTES = 64 * 1024 * 1024
_MOST_RANGES = 100  # a segment that would fall into more pieces, or be kept by more than half, is kept whole
_EVTX_HEADER = 4096  # bytes before the first chunk of an event log
_EVTX_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes [start, end) of the uncompressed log."""

    start: int
    end: int


def ranges_of(ws: Workspace, segment: Segment, positions: Sequence[Position], rows: Rows) -> list[Range] | None:
    """What to keep of a segment; None for all of it."""
    settings = ws.settings.evidence
    if segment.size <= settings.whole_segment_bytes:
        return None
    if format_named(segment.format).framing == "evtx":
        whole = segment.size <= WHOLE_EVTX_BYTES
        return None if whole else whole_blocks(segment, _evtx_ranges(segment, positions))
    starts = rows.record_offsets(segment.segment_id)
    around = (_with_context(position, starts, settings.context_records, segment) for position in positions)
    ranges = whole_blocks(segment, around)
    many = len(ranges) > _MOST_RANGES or 2 * sum(part.end - part.start for part in ranges) > segment.size
    return None if many else ranges


def _with_context(position: Position, starts: Sequence[int], context: int, segment: Segment) -> Range:
    """A record with `context` records before and after it, line endings included."""
    first = bisect_left(starts, position.offset) - context
    after = bisect_right(starts, position.offset) + context
    return Range(
        starts[first] if first > 0 else segment.start,
        max(starts[after] if after < len(starts) else segment.end, position.offset + position.length),
    )


def _evtx_ranges(segment: Segment, positions: Iterable[Position]) -> list[Range]:
    """The file header and every chunk that holds a record ([MS-EVEN6] and libevtx: chunks of 64 KiB after 4 KiB)."""
    body = segment.start + _EVTX_HEADER
    parts = [Range(segment.start, min(body, segment.end))]
    for position in positions:
        first = max(position.offset - body, 0) // _EVTX_CHUNK
        last = max(position.offset + position.length - 1 - body, 0) // _EVTX_CHUNK
        parts.append(
            Range(body + first * _EVTX_CHUNK, min(body + (last + 1) * _EVTX_CHUNK, segment.end)),
        )
    return merge(parts)


def whole_blocks(segment: Segment, ranges: Iterable[Range]) -> list[Range]:
    """Ranges widened to the blocks that are proven, in order."""
    return merge(
        Range(
            segment.start + (part.start - segment.start) // BLOCK * BLOCK,
            min(segment.start - (segment.start - part.end) // BLOCK * BLOCK, segment.end),
        )
        for part in ranges
    )


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that touch or overlap made one."""
    merged: list[Range] = []
    for part in sorted(ranges, key=lambda item: (item.start, item.end)):
        if merged and part.start <= merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(merged[-1].end, part.end))
        else:
            merged.append(part)
    return merged
