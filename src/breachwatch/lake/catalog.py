"""What the catalog knows of the lake without opening a file of it: files, spans, counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select

from breachwatch.errors import UsageError
from breachwatch.lake.partition import UNKNOWN
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A catalogued Parquet file. `path` is relative to the lake; times are those of its events, aware UTC.

    `segment_id` is one of the segments whose events it holds, of many files the only one; see `segments_in`.
    `min_time` and `max_time` are None where no event of it has a time. A file of `date="unknown"` may hold events
    without a time beside events with one.
    """

    path: str
    segment_id: str
    dataset: str
    date: str
    rows: int
    bytes: int
    sha256: str
    min_time: datetime | None
    max_time: datetime | None
    scanned_at: datetime | None
    shape: str | None = None  # its columns, see breachwatch.lake.shapes


@dataclass(frozen=True, slots=True)
class DatasetSpan:
    """How much a dataset holds, and the times of its first and last event (aware UTC, None without any)."""

    dataset: str
    files: int
    rows: int
    bytes: int
    min_time: datetime | None
    max_time: datetime | None


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What the catalog holds of one source. `records == rows + rejects`, of the segments that have landed.

    `waiting` segments are stored and not yet landed; `lost` ones could not be read in time. Times are aware UTC.
    """

    source: str
    segments: int
    waiting: int
    lost: int
    records: int
    rows: int
    rejects: int
    last_event: datetime | None  # time of the newest event
    last_landed: datetime | None  # when a segment of it landed last


_FILE = catalog.lake_file.c
_PART = catalog.lake_part.c
_PARTS = catalog.lake_file.join(catalog.lake_part, _PART.path == _FILE.path).join(
    catalog.segment, catalog.segment.c.segment_id == _PART.segment_id
)


def files(
    ws: Workspace,
    dataset: str | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    unscanned: bool = False,
    segment_ids: Iterable[str] | None = None,
) -> tuple[LakeFile, ...]:
    """The catalogued files, in order of dataset, date and path.

    With `segment_ids` only files that hold events (or rejects) of these segments; told with one look at the catalog,
    so that a merge that happens meanwhile takes no file from between.
    With `since` and `until` (aware; [since, until)) only those that may hold events of that time; files with events
    that have no time always belong. `unscanned` leaves only files that no detection run has covered yet.
    Raises UsageError for a time without a zone.
    """
    query = select(catalog.lake_file).order_by(_FILE.dataset, _FILE.date, _FILE.path)
    if dataset is not None:
        query = query.where(_FILE.dataset == dataset)
    if unscanned:
        query = query.where(_FILE.scanned_at.is_(None))
    query = _within(query, since, until)
    with ws.database.read() as connection:
        if segment_ids is None:
            return tuple(LakeFile(**row) for row in connection.execute(query).mappings())
        found: dict[str, LakeFile] = {}
        wanted = sorted(set(segment_ids))
        for start in range(0, len(wanted), 500):  # well below what SQLite takes in one IN (...)
            holding = select(_PART.path).where(_PART.segment_id.in_(wanted[start : start + 500]))
            rows = connection.execute(query.where(_FILE.path.in_(holding))).mappings()
            found.update((row["path"], LakeFile(**row)) for row in rows)
    return tuple(sorted(found.values(), key=lambda file: (file.dataset, file.date, file.path)))


def unscanned_files(ws: Workspace) -> tuple[LakeFile, ...]:
    """The files of events (not rejects) that no detection run has covered yet."""
    return tuple(file for file in files(ws, unscanned=True) if file.dataset != REJECTS_DATASET.name)


def datasets_of(ws: Workspace, segment_id: str) -> list[str]:
    """The datasets (`rejects` among them) that hold records of a segment, in order."""
    query = (
        select(_FILE.dataset)
        .join(catalog.lake_part, catalog.lake_part.c.path == _FILE.path)
        .where(catalog.lake_part.c.segment_id == segment_id)
        .distinct()
        .order_by(_FILE.dataset)
    )
    with ws.database.read() as connection:
        return list(connection.execute(query).scalars())


def segments_in(ws: Workspace, listed: Iterable[LakeFile]) -> set[tuple[str, str]]:
    """The (dataset, segment_id) of all events in these files."""
    dataset_of = {file.path: file.dataset for file in listed}
    paths = sorted(dataset_of)
    found: set[tuple[str, str]] = set()
    with ws.database.read() as connection:
        for start in range(0, len(paths), 500):  # see `files`
            query = select(_PART.path, _PART.segment_id).where(_PART.path.in_(paths[start : start + 500]))
            found.update((dataset_of[row.path], row.segment_id) for row in connection.execute(query))
    return found


def spans(ws: Workspace) -> dict[str, DatasetSpan]:
    """Rows, files and first and last event time of every dataset that has files, by name; `rejects` among them."""
    query = select(
        _FILE.dataset,
        func.count().label("files"),
        func.sum(_FILE.rows).label("rows"),
        func.sum(_FILE.bytes).label("bytes"),
        func.min(_FILE.min_time).label("min_time"),
        func.max(_FILE.max_time).label("max_time"),
    ).group_by(_FILE.dataset)
    with ws.database.read() as connection:
        found = [DatasetSpan(**_whole(row)) for row in connection.execute(query).mappings()]
    return {span.dataset: span for span in sorted(found, key=lambda span: span.dataset)}


def counts(ws: Workspace) -> tuple[SourceCounts, ...]:
    """What each source has given so far, in order of name; sources without a segment do not appear."""
    segment = catalog.segment.c

    def number(state: SegmentState) -> Any:
        return func.sum(case((segment.state == state.value, 1), else_=0))

    query = (
        select(
            segment.source,
            func.count().label("segments"),
            number(SegmentState.STORED).label("waiting"),
            number(SegmentState.LOST).label("lost"),
            func.coalesce(func.sum(segment.records), 0).label("records"),
            func.coalesce(func.sum(segment.rows), 0).label("rows"),
            func.coalesce(func.sum(segment.rejects), 0).label("rejects"),
            func.max(segment.landed_at).label("last_landed"),
        )
        .group_by(segment.source)
        .order_by(segment.source)
    )
    newest = (
        select(segment.source, func.max(_PART.max_time).label("at"))
        .select_from(_PARTS)
        .where(_FILE.dataset != REJECTS_DATASET.name)
        .group_by(segment.source)
    )
    with ws.database.read() as connection:
        last = {row.source: row.at for row in connection.execute(newest)}
        rows = connection.execute(query).mappings().all()
    return tuple(SourceCounts(**_whole(row), last_event=last.get(row["source"])) for row in rows)


def _whole(row: Any) -> dict[str, Any]:
    """A row with its sums as int: PostgreSQL hands sums of bigint out as Decimal."""
    sums = {"rows", "bytes", "records", "rejects", "waiting", "lost"}
    return {key: int(value) if key in sums else value for key, value in row.items()}


def _within(query: Select[Any], since: datetime | None, until: datetime | None) -> Select[Any]:
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            msg = f"{moment} has no time zone; give since and until as aware times."
            raise UsageError(msg)
    after = _FILE.max_time >= since if since is not None else None
    before = _FILE.min_time < until if until is not None else None
    conditions = [condition for condition in (after, before) if condition is not None]
    return query.where(or_(_FILE.date == UNKNOWN, and_(*conditions))) if conditions else query


def log_beginnings(ws: Workspace, gap: timedelta, until: datetime) -> list[tuple[str, datetime]]:
    """Where the log of each source begins: (source, time), aware UTC, in order.

    A log that says nothing for more than `gap`, in whole days, begins anew after it; events from `until` on are left
    out. Told by the catalog, day by day; no file is opened.
    """
    segment = catalog.segment.c
    query = (
        select(segment.source, _FILE.date, func.min(_PART.min_time).label("first"))
        .select_from(_PARTS)
        .where(_FILE.dataset != REJECTS_DATASET.name, _PART.min_time < until)
        .group_by(segment.source, _FILE.date)
        .order_by(segment.source, func.min(_PART.min_time))
    )
    found: list[tuple[str, datetime]] = []
    source, last = None, None
    with ws.database.read() as connection:
        for row in connection.execute(query):
            if row.source != source or last is None or row.first.date() - last > max(gap, timedelta(days=1)):
                found.append((row.source, row.first))
            source, last = row.source, row.first.date()
    return found
