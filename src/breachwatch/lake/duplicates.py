"""Records that were landed before, from another segment of the same source.

A Windows event log is rewritten in place and copied to archives; a journal is exported again with an overlap. Their
event ids come from the record's own number, so the same record has the same id in every copy: it is landed once.
Logs whose ids come from the byte position cannot repeat: segments of one log never overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, or_, select

from breachwatch.lake.partition import Partition, record_keys, time_column
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.segment import Segment
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

POSITION_NAMES_THE_RECORD = frozenset(
    {
        *("syslog", "auditd", "daemon-log", "web-access", "web-error", "web-json", "squid", "application-json"),
        *("windows-json", "windows-json-list", "windows-xml", "windows-xml-events", "cloud-json", "m365-csv"),
        *("utmp", "utmp-400", "lastlog", "lastlog-296"),
    }
)
"""Formats whose event ids come from the byte offset."""


def may_repeat(segments: Iterable[Segment]) -> bool:
    """Whether records of these segments may be in other segments, too."""
    return any(segment.format not in POSITION_NAMES_THE_RECORD for segment in segments)


def without_known(ws: Workspace, source: str, segment_ids: Sequence[str], partition: Partition) -> pa.Table:
    """The partition's rows without those that segments of the source beside these have landed, in the same order."""
    table = partition.table
    files = _candidates(ws, source, segment_ids, partition)
    if not files:
        return table
    known = pa.concat_arrays([_known(ws, name, partition) for name in files])
    return table.filter(pc.invert(pc.is_in(record_keys(partition.dataset, table), value_set=known)))


def _known(ws: Workspace, name: str, partition: Partition) -> Any:
    """The keys of records that a lake file holds, among those with an id of the partition's."""
    from pyarrow.parquet import read_table  # takes pandas along, half a second of every start

    columns = list(dict.fromkeys(["event_id", time_column(partition.dataset)]))
    mine = pc.field("event_id").isin(partition.table["event_id"].combine_chunks())
    with storage(ws).open(name) as file:
        return record_keys(partition.dataset, read_table(file, columns=columns, filters=mine))


def _candidates(ws: Workspace, source: str, segment_ids: Sequence[str], partition: Partition) -> list[str]:
    """Files of other segments of the source that may hold the same records: the same record has the same time."""
    file, part, other = catalog.lake_file.c, catalog.lake_part.c, catalog.segment.c
    query = (
        select(file.path)
        .distinct()
        .join(catalog.lake_part, part.path == file.path)
        .join(catalog.segment, other.segment_id == part.segment_id)
        .where(other.source == source, other.segment_id.not_in(segment_ids))
        .where(file.dataset == partition.dataset)
        .order_by(file.path)
    )
    # A reject's file is dated by its segment, so that a copy of it lies under another date.
    if partition.dataset != REJECTS_DATASET.name:
        query = query.where(file.date == partition.date, *_overlap(partition.min_time, partition.max_time))
    with ws.database.read() as connection:
        return list(connection.execute(query).scalars())


def _overlap(first: datetime | None, last: datetime | None) -> list[ColumnElement[bool]]:
    file = catalog.lake_file.c
    if first is None or last is None:
        return []
    return [or_(file.min_time.is_(None), file.min_time <= last), or_(file.max_time.is_(None), file.max_time >= first)]
