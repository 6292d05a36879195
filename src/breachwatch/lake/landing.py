"""Landing a segment: its events become Parquet files and its catalog rows, all of it or nothing, once.

Files are finished in scratch space, put into the lake, and only then entered in the catalog, in one transaction
with the segment's new state. Readers open catalogued files only, so that a process killed anywhere leaves nothing
visible; the repeated landing writes the same files over what was left.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection, insert, select, update

from breachwatch.errors import DataError, UnknownNameError
from breachwatch.lake.duplicates import POSITION_NAMES_THE_RECORD, without_known
from breachwatch.lake.faults import faults_at
from breachwatch.lake.parquet import WrittenFile, scratch_name, write_scratch
from breachwatch.lake.partition import by_day, distinct
from breachwatch.lake.shapes import columns_of, current_shape, record_shapes
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import REJECTS_DATASET, dataset
from breachwatch.model.segment import Batch, Landed, Segment, SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import PRIVATE_DIR, Workspace

_log = logging.getLogger(__name__)


def land(ws: Workspace, segment: Segment, batches: Iterable[Batch]) -> Landed:
    """Land the parsed records of a stored segment; a segment that has landed is left as it is.

    `records == rows + rejects` counts distinct records: one whose event id an earlier record of the segment has, or
    that another segment of the source has landed (a copied journal, an EVTX file that wrapped around), is neither;
    how many there were is logged. Two processes must not land segments of one log at once, except that all `batches`
    are read before the lake is looked into: `breachwatch.landing` keeps the order from there on.

    Memory grows with the segment. Raises EnvironmentFault where the lake cannot be written (also a TransientError if
    the disk is full), UnknownNameError for a segment that is not in the catalog, DataError for one without bytes, and
    whatever parsing raises while `batches` is read.
    """
    folder = ws.scratch / f"land-{segment.segment_id}"
    with ws.database.read() as connection:
        done = _landed(connection, segment.segment_id)
    if done:
        _sweep(folder)
        return done
    if folder.exists():
        _log.info("segment %s: taking up a landing that was broken off", segment.segment_id)
        _remove_strays(ws, segment.segment_id)
    _sweep(folder)
    with faults_at(folder):
        folder.mkdir(mode=PRIVATE_DIR, parents=True)
    try:
        files = _write(ws, segment, batches, folder)
    except BaseException:
        _sweep(folder)  # give the space back; the lake has not been touched
        raise
    storage(ws).put({written.path: folder / scratch_name(written.path) for written in files})
    landed = _commit(ws, segment, files)
    _sweep(folder)
    return landed


def _write(ws: Workspace, segment: Segment, batches: Iterable[Batch], folder: Path) -> list[WrittenFile]:
    files = []
    repeated = 0
    for name, table in _gather(batches).items():
        once = table if segment.format in POSITION_NAMES_THE_RECORD else distinct(table)
        repeated += table.num_rows - once.num_rows
        for part in by_day(name, once):
            new = without_known(ws, segment, part)
            repeated += part.table.num_rows - new.num_rows
            if new.num_rows:
                files.append(write_scratch(folder, replace(part, table=new), segment.segment_id))
    if repeated:
        _log.info("segment %s: %d records were landed before and are left out", segment.segment_id, repeated)
    return files


def _gather(batches: Iterable[Batch]) -> dict[str, pa.Table]:
    """All batches as one table a dataset, in order of the datasets' names.

    Each is one piece of memory, so that the bytes of a file do not depend on how its rows came in batches.
    """
    tables: dict[str, list[pa.Table]] = {}
    for batch in batches:
        schema = dataset(batch.dataset).schema
        if not batch.table.schema.equals(schema):
            msg = f"a batch of {batch.dataset} does not have the schema of that dataset"
            raise TypeError(msg)
        if batch.table.num_rows:
            tables.setdefault(batch.dataset, []).append(batch.table)
    return {
        name: pa.concat_tables(parts).cast(dataset(name).schema).combine_chunks()
        for name, parts in sorted(tables.items())
    }


def _commit(ws: Workspace, segment: Segment, files: list[WrittenFile]) -> Landed:
    rejects = sum(written.rows for written in files if written.dataset == REJECTS_DATASET.name)
    records = sum(written.rows for written in files)
    with ws.database.write() as connection:
        done = _landed(connection, segment.segment_id)
        if done:  # another process was faster, with the same files
            return done
        if files:
            record_shapes(connection, (columns_of(dataset(written.dataset)) for written in files))
            connection.execute(insert(catalog.lake_file), [_row(segment.segment_id, written) for written in files])
            connection.execute(insert(catalog.lake_part), [_part(segment.segment_id, written) for written in files])
        connection.execute(
            update(catalog.segment)
            .where(catalog.segment.c.segment_id == segment.segment_id)
            .values(
                state=SegmentState.LANDED.value,
                landed_at=ws.clock.now(),
                records=records,
                rows=records - rejects,
                rejects=rejects,
            )
        )
    return Landed(segment.segment_id, records, records - rejects, rejects, _by_dataset(files))


def _row(segment_id: str, written: WrittenFile) -> dict[str, object]:
    return {
        "path": written.path,
        "segment_id": segment_id,
        "dataset": written.dataset,
        "date": written.date,
        "rows": written.rows,
        "bytes": written.bytes,
        "sha256": written.sha256,
        "min_time": written.min_time,
        "max_time": written.max_time,
        "shape": current_shape(written.dataset),
    }


def _part(segment_id: str, written: WrittenFile) -> dict[str, object]:
    return {
        "path": written.path,
        "segment_id": segment_id,
        "rows": written.rows,
        "min_time": written.min_time,
        "max_time": written.max_time,
    }


def _by_dataset(files: Iterable[WrittenFile]) -> tuple[tuple[str, int], ...]:
    rows: dict[str, int] = {}
    for written in files:
        if written.dataset != REJECTS_DATASET.name:
            rows[written.dataset] = rows.get(written.dataset, 0) + written.rows
    return tuple(sorted(rows.items()))


def _landed(connection: Connection, segment_id: str) -> Landed | None:
    """What the catalog says of a segment that has landed; None if it waits. Raises for one that cannot be landed."""
    segment, file, part = catalog.segment.c, catalog.lake_file.c, catalog.lake_part.c
    found = connection.execute(
        select(segment.state, segment.records, segment.rows, segment.rejects).where(segment.segment_id == segment_id)
    ).one_or_none()
    if found is None:
        raise UnknownNameError(
            "segment", segment_id, connection.execute(select(segment.segment_id).limit(100)).scalars()
        )
    if found.state in {SegmentState.PLANNED, SegmentState.LOST}:
        msg = f"segment {segment_id} is {found.state}: its bytes are not in the store, so it cannot be landed."
        raise DataError(msg)
    if found.state != SegmentState.LANDED:
        return None
    rows: dict[str, int] = {}
    counted = select(file.dataset, part.rows).join(catalog.lake_part, part.path == file.path)
    for name, count in connection.execute(counted.where(part.segment_id == segment_id)):
        if name != REJECTS_DATASET.name:
            rows[name] = rows.get(name, 0) + count
    return Landed(segment_id, found.records, found.rows, found.rejects, tuple(sorted(rows.items())), already=True)


def _remove_strays(ws: Workspace, segment_id: str) -> None:
    """Remove files that a killed landing placed and did not enter: another version may cut the days differently."""
    lake = storage(ws)
    lake.remove([item.name for item in lake.names() if item.name.endswith(f"/{segment_id}.parquet")])


def _sweep(folder: Path) -> None:
    """Remove this segment's scratch folder, whatever a killed landing left in it."""
    with faults_at(folder):
        if folder.exists():
            shutil.rmtree(folder)
