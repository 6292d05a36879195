"""The stored bytes of segments against the catalog: there, of the right length, with the hash they were stored with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import func, select

from breachwatch import collect
from breachwatch.errors import BreachwatchError
from breachwatch.lake.care.differences import CheckReport, Kind, Progress
from breachwatch.model.segment import Segment, SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

PORTION = 500
_READ = 1024 * 1024
_KEPT = (SegmentState.STORED.value, SegmentState.LANDED.value)
_SEGMENT = catalog.segment.c


def check_segments(ws: Workspace, report: CheckReport, progress: Progress) -> None:
    """Check the bytes of every segment that the catalog says are stored."""
    here = (_SEGMENT.state.in_(_KEPT), _SEGMENT.pruned_at.is_(None))
    with ws.database.read() as connection:
        total = connection.execute(select(func.count()).select_from(catalog.segment).where(*here)).scalar_one()
    for segment_id, source in _ids(ws):
        progress("stored segments", report.segments, total)
        report.segments += 1
        _segment(ws, report, segment_id, f"segments/{source}/{segment_id}.zst")
    progress("stored segments", total, total)


def _ids(ws: Workspace) -> Iterator[tuple[str, str]]:
    after = ""
    while True:
        query = (
            select(_SEGMENT.segment_id, _SEGMENT.source)
            .where(_SEGMENT.state.in_(_KEPT), _SEGMENT.pruned_at.is_(None), _SEGMENT.segment_id > after)
            .order_by(_SEGMENT.segment_id)
            .limit(PORTION)
        )
        with ws.database.read() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            yield row.segment_id, row.source
        if len(rows) < PORTION:
            return
        after = rows[-1].segment_id


def _segment(ws: Workspace, report: CheckReport, segment_id: str, path: str) -> None:
    segment = collect.segment(ws, segment_id)
    wrong = difference(ws, segment, quick=report.quick)
    if wrong is None:
        report.bytes += (ws.segments / segment.source / f"{segment.segment_id}.zst").stat().st_size
        return
    kind, what = wrong
    if collect.segment(ws, segment_id).pruned_at is not None:
        return  # retention was here in between
    lands = segment.state is SegmentState.STORED
    remedy = f"Restore the file from a backup (SHA-256 of its uncompressed bytes: {segment.sha256})."
    remedy += " Until then its records are not in the lake." if lands else " Its events in the lake stand without it."
    report.tell(kind, path, what, remedy)


def difference(ws: Workspace, segment: Segment, *, quick: bool = False) -> tuple[Kind, str] | None:
    """How the stored bytes of a segment differ from what the catalog says; `quick` looks at their length only."""
    place = ws.segments / segment.source / f"{segment.segment_id}.zst"
    if place.is_symlink() or not place.is_file():
        return Kind.MISSING, "its stored bytes are gone"
    found = hashlib.sha256()
    try:
        with collect.open_segment(ws, segment) as data:
            while not quick and (piece := data.read(_READ)):
                found.update(piece)
    except (BreachwatchError, OSError) as error:
        return Kind.CHANGED, str(error)
    if not quick and segment.sha256 and found.hexdigest() != segment.sha256:
        return Kind.CHANGED, f"the SHA-256 of its bytes is {found.hexdigest()}, {segment.sha256} were stored"
    return None
