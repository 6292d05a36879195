"""The catalog against itself: rows of segments, of files, and of the parts that connect them."""

from __future__ import annotations

from sqlalchemy import func, select

from breachwatch.lake.care.differences import CheckReport, Kind
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

_RESTORE = "Put the last good copy of the records database in its place; logs are collected again from where it ends."
_FILE, _PART, _SEGMENT = catalog.lake_file.c, catalog.lake_part.c, catalog.segment.c


def check_catalog(ws: Workspace, report: CheckReport) -> None:
    """Tell where the catalog's own numbers do not add up."""
    parts = select(_PART.path, func.sum(_PART.rows).label("rows")).group_by(_PART.path).subquery()
    files = (
        select(_FILE.path, _FILE.rows, func.coalesce(parts.c.rows, 0).label("found"))
        .outerjoin(parts, parts.c.path == _FILE.path)
        .where(_FILE.rows != func.coalesce(parts.c.rows, 0))
        .order_by(_FILE.path)
    )
    landed = select(_PART.segment_id, func.sum(_PART.rows).label("rows")).group_by(_PART.segment_id).subquery()
    here = func.coalesce(landed.c.rows, 0) + _SEGMENT.pruned_rows
    segments = (
        select(_SEGMENT.segment_id, _SEGMENT.source, _SEGMENT.records, here.label("found"))
        .outerjoin(landed, landed.c.segment_id == _SEGMENT.segment_id)
        .where(_SEGMENT.state == SegmentState.LANDED.value, _SEGMENT.records != here)
        .order_by(_SEGMENT.segment_id)
    )
    early = (
        select(_SEGMENT.segment_id, _SEGMENT.source, _SEGMENT.state)
        .where(_SEGMENT.state != SegmentState.LANDED.value, _SEGMENT.segment_id.in_(select(_PART.segment_id)))
        .order_by(_SEGMENT.segment_id)
    )
    with ws.database.read() as connection:
        for path, rows, found in connection.execute(files):
            what = f"the catalog says {rows} rows, its parts have {found}"
            report.tell(Kind.CATALOG, f"lake/{path}", what, _RESTORE)
        for segment_id, source, records, found in connection.execute(segments):
            what = f"{records} records landed, the lake's files and what was disposed of have {found}"
            report.tell(Kind.CATALOG, f"segments/{source}/{segment_id}.zst", what, _RESTORE)
        for segment_id, source, state in connection.execute(early):
            what = f"it is {state}, and the lake lists events of it"
            report.tell(Kind.CATALOG, f"segments/{source}/{segment_id}.zst", what, _RESTORE)
