"""Retention of the original bytes of what was collected, once none of their events is in the lake any more.

They have a period of their own, counted from when they landed. Of a Windows event log, whose copies are compared with
each other, they stay while the log still brings segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Row, exists, insert, select, update
from sqlalchemy.exc import DatabaseError

from breachwatch import collect
from breachwatch.lake.care.check_segments import difference
from breachwatch.lake.care.differences import Progress
from breachwatch.lake.care.disposing import BYTES, Retained
from breachwatch.lake.care.keepers import keepers_of_bytes
from breachwatch.lake.care.retired import PRUNED, retire
from breachwatch.model.people import Actor
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

_PORTION = 100
_COMPARED = "evtx"


def retain_bytes(ws: Workspace, done: Retained, by: Actor, progress: Progress) -> None:
    """Dispose of stored bytes that are past their period and that nothing covers."""
    days = ws.settings.lake.segment_days
    if not days:
        return
    for portion in _past(ws, days):
        progress("stored segments past their period", done.segments, 0)
        with ws.database.read() as connection:
            keepers = keepers_of_bytes(connection, [row.segment_id for row in portion])
        for row in portion:
            path = f"segments/{row.source}/{row.segment_id}.zst"
            if row.segment_id in keepers:
                done.keep(path, ", ".join(keepers[row.segment_id]))
                continue
            wrong = difference(ws, collect.segment(ws, row.segment_id))
            if wrong is not None:
                done.keep(path, f"{wrong[1]}: see `breachwatch lake check`", doubted=True)
                continue
            if not done.dry_run and not _take_out(ws, row, path, days, by):
                done.keep(path, "events of it are in the lake")
                continue
            done.segments += 1
            done.segment_bytes += row.end - row.start


def _past(ws: Workspace, days: int) -> Iterator[list[Row[tuple[object, ...]]]]:
    segment, part = catalog.segment.c, catalog.lake_part.c
    newer = catalog.segment.alias("newer")
    before = ws.clock.now() - timedelta(days=days)
    lives = exists().where(newer.c.file_id == segment.file_id, newer.c.landed_at >= before)
    after = ""
    while True:
        query = (
            select(catalog.segment)
            .where(segment.state == SegmentState.LANDED.value, segment.pruned_at.is_(None), segment.landed_at < before)
            .where(~exists().where(part.segment_id == segment.segment_id), segment.segment_id > after)
            .where((segment.format != _COMPARED) | ~lives)
            .order_by(segment.segment_id)
            .limit(_PORTION)
        )
        with ws.database.read() as connection:
            rows = list(connection.execute(query).all())
        if rows:
            yield rows
        if len(rows) < _PORTION:
            return
        after = rows[-1].segment_id


def _take_out(ws: Workspace, row: Row[tuple[object, ...]], path: str, days: int, by: Actor) -> bool:
    """Note the disposal and mark the bytes as pruned; False where events of the segment are in the lake after all."""
    now = ws.clock.now()
    size = row.end - row.start
    try:
        with ws.database.write() as connection:
            if row.segment_id in keepers_of_bytes(connection, [row.segment_id]):
                return False
            added = connection.execute(
                insert(catalog.disposal).values(
                    at=now,
                    actor=by.name,
                    kind=BYTES,
                    path=path,
                    dataset="",
                    date=row.landed_at.date().isoformat(),
                    rows=row.records,
                    bytes=size,
                    sha256=row.sha256,
                    days=days,
                    reason=f"original bytes are kept {days} days (lake.retention)",
                )
            )
            seq = added.inserted_primary_key[0] if added.inserted_primary_key else None
            connection.execute(
                insert(catalog.disposal_part).values(disposal=seq, segment_id=row.segment_id, rows=row.records)
            )
            column = catalog.segment.c.segment_id
            connection.execute(update(catalog.segment).where(column == row.segment_id).values(pruned_at=now))
            place = ws.root / path
            retire(connection, [(path, place.stat().st_size if place.is_file() else 0)], now, PRUNED)
    except DatabaseError as error:
        if "events of this segment are in the lake" not in str(error.orig):
            raise
        return False
    return True
