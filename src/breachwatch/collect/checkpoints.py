"""What the catalog knows of each log, and the two steps of a segment: planned, then stored.

A planned row is a promise with the hash of what will be stored; it is committed before the bytes are copied. A run that
was killed leaves promises, and the next run keeps them. Every step is one short transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select
from sqlalchemy.exc import OperationalError

from breachwatch.collect.store import DiskFullError
from breachwatch.errors import UnknownNameError
from breachwatch.model.segment import Segment, SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

_logs = catalog.log_file
_segments = catalog.segment


@dataclass(frozen=True, slots=True)
class Log:
    """One log as the catalog knows it: a row of `log_file` with its segments.

    `notes` are the collector's own: `seen` (how each path looked), `unfinished` (the last record stored had no line
    ending), `runs` (EVTX), `departed` (its disappearance has been told).
    """

    file_id: str
    source: str
    path: str
    format: str
    identity_bytes: int
    identity_sha256: str
    end: int = 0
    records: int = 0
    position: str = ""
    size_on_disk: int = 0
    modified_at: datetime | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()

    @property
    def planned(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.state is SegmentState.PLANNED)

    @property
    def kept(self) -> tuple[Segment, ...]:
        """Segments whose bytes were stored."""
        return tuple(s for s in self.segments if s.state in {SegmentState.STORED, SegmentState.LANDED})


@contextmanager
def _write(ws: Workspace) -> Iterator[Connection]:
    try:
        with ws.database.write() as connection:
            yield connection
    except OperationalError as error:
        if "disk is full" in str(error.orig):  # SQLITE_FULL
            msg = f"the disk is full: cannot write to the records of {ws.root}. Free space and run again."
            raise DiskFullError(msg) from error
        raise


def known_logs(
    ws: Workspace, source: str, *, paths: Iterable[str] | None = None, file_ids: Iterable[str] | None = None
) -> dict[str, Log]:
    """Every log of a source that was seen before, by file_id; or those last seen at `paths`, or of these `file_ids`."""
    wanted: list[ColumnElement[bool]] = []
    if paths is not None:
        wanted.append(_logs.c.path.in_(list(paths)))
    if file_ids is not None:
        wanted.append(_logs.c.file_id.in_(list(file_ids)))
    with ws.database.read() as connection:
        return _load(connection, source, *wanted)


def promised_logs(ws: Workspace, source: str) -> dict[str, Log]:
    """The logs of a source of which segments were promised and not stored, by file_id."""
    promised = select(_segments.c.file_id).where(
        _segments.c.source == source, _segments.c.state == SegmentState.PLANNED.value
    )
    with ws.database.read() as connection:
        return _load(connection, source, _logs.c.file_id.in_(promised))


def _load(connection: Connection, source: str, *wanted: ColumnElement[bool]) -> dict[str, Log]:
    logs = select(_logs).where(_logs.c.source == source, *wanted)
    parts = select(_segments).where(_segments.c.source == source).order_by(_segments.c.start, _segments.c.end)
    if wanted:
        parts = parts.where(_segments.c.file_id.in_(select(_logs.c.file_id).where(_logs.c.source == source, *wanted)))
    by_log: dict[str, list[Segment]] = {}
    for row in connection.execute(parts):
        by_log.setdefault(row.file_id, []).append(_segment(row))
    return {row.file_id: _log(row, tuple(by_log.get(row.file_id, ()))) for row in connection.execute(logs)}


def load_log(ws: Workspace, source: str, file_id: str) -> Log:
    """One log as it is in the catalog now."""
    with ws.database.read() as connection:
        return _load(connection, source, _logs.c.file_id == file_id)[file_id]


def segment(ws: Workspace, segment_id: str) -> Segment:
    """The segment of that id; raises UnknownNameError."""
    with ws.database.read() as connection:
        row = connection.execute(select(_segments).where(_segments.c.segment_id == segment_id)).first()
    if row is None:
        raise UnknownNameError("segment", segment_id, ())
    return _segment(row)


def segments(ws: Workspace, segment_ids: Sequence[str]) -> list[Segment]:
    """The segments of these ids, in their order; raises UnknownNameError."""
    found: dict[str, Segment] = {}
    with ws.database.read() as connection:
        for first in range(0, len(segment_ids), 500):  # well below what SQLite takes in one IN (...)
            wanted = _segments.c.segment_id.in_(segment_ids[first : first + 500])
            found.update((row.segment_id, _segment(row)) for row in connection.execute(select(_segments).where(wanted)))
    for segment_id in segment_ids:
        if segment_id not in found:
            raise UnknownNameError("segment", segment_id, ())
    return [found[segment_id] for segment_id in segment_ids]


def stored_segments(ws: Workspace, source: str) -> list[tuple[Segment, str]]:
    """The segments of a source that are stored and wait to be landed, each with the path its log was seen at last."""
    query = (
        select(_segments, _logs.c.path.label("log_path"))
        .join(_logs, _logs.c.file_id == _segments.c.file_id)
        .where(_segments.c.source == source, _segments.c.state == SegmentState.STORED.value)
    )
    with ws.database.read() as connection:
        return [(_segment(row), row.log_path) for row in connection.execute(query)]


def plan(ws: Workspace, log: Log, segments: Iterable[Segment]) -> None:
    """First step: promise segments of a log, in one transaction. A log that is new enters the catalog with them."""
    with _write(ws) as connection:
        if connection.execute(select(_logs.c.file_id).where(_logs.c.file_id == log.file_id)).first() is None:
            connection.execute(_logs.insert().values(**_log_values(log)))
        for item in segments:
            values = _segment_values(item)
            known = connection.execute(
                select(_segments.c.state).where(_segments.c.segment_id == item.segment_id)
            ).scalar()
            if known is None:
                connection.execute(_segments.insert().values(**values))
            elif known == SegmentState.LOST.value:  # it was gone and has come back
                connection.execute(_segments.update().where(_segments.c.segment_id == item.segment_id).values(**values))


def mark_stored(ws: Workspace, log: Log, item: Segment) -> None:
    """Second step: the bytes of `item` are in the store; the log's checkpoint moves with it."""
    with _write(ws) as connection:
        connection.execute(
            _segments.update()
            .where(_segments.c.segment_id == item.segment_id, _segments.c.state == SegmentState.PLANNED.value)
            .values(
                state=SegmentState.STORED.value,
                sha256=item.sha256,
                file_sha256=item.file_sha256,
                first_record=item.first_record,
            )
        )
        _update_log(connection, log)


def mark_lost(ws: Workspace, items: Iterable[Segment]) -> None:
    """The bytes promised are nowhere to be found any more."""
    with _write(ws) as connection:
        for item in items:
            connection.execute(
                _segments.update()
                .where(_segments.c.segment_id == item.segment_id, _segments.c.state == SegmentState.PLANNED.value)
                .values(state=SegmentState.LOST.value)
            )


def save_log(ws: Workspace, log: Log) -> None:
    """Record where a log was seen and what the collector notes about it."""
    with _write(ws) as connection:
        _update_log(connection, log)


def _update_log(connection: Connection, log: Log) -> None:
    values = _log_values(log)
    connection.execute(_logs.update().where(_logs.c.file_id == values.pop("file_id")).values(**values))


def _log_values(log: Log) -> dict[str, Any]:
    values = {column.name: getattr(log, column.name) for column in _logs.c if column.name != "state"}
    return values | {"state": json.dumps(log.notes)}


def _log(row: Row[Any], segments: tuple[Segment, ...]) -> Log:
    values = {column.name: getattr(row, column.name) for column in _logs.c if column.name != "state"}
    return Log(**values, notes=json.loads(row.state or "{}"), segments=segments)


_SEGMENT_COLUMNS = tuple(Segment.__dataclass_fields__)


def _segment(row: Row[Any]) -> Segment:
    item = Segment(**{name: getattr(row, name) for name in _SEGMENT_COLUMNS})
    return replace(item, state=SegmentState(item.state))


def _segment_values(item: Segment) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _SEGMENT_COLUMNS} | {"state": item.state.value}
