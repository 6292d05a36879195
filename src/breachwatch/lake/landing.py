"""Landing segments: their events become Parquet files and their catalog rows, all of it or nothing, once.

Files are finished in scratch space, put into the lake, and only then entered in the catalog, in one transaction
with the segments' new state. Readers open catalogued files only, so that a process killed anywhere leaves nothing
visible; the repeated landing writes the same files over what was left, or removes it (see `lots`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection, bindparam, insert, select, update

from breachwatch.errors import DataError, UnknownNameError
from breachwatch.lake.duplicates import may_repeat, without_known
from breachwatch.lake.faults import faults_at
from breachwatch.lake.lots import ApartError, Lot, remove_folder, remove_unlisted
from breachwatch.lake.parquet import WrittenFile, scratch_name, write_scratch
from breachwatch.lake.partition import Share, by_day, distinct, names_too_many_days
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
    return land_together(ws, [segment], batches)[0]


def land_together(ws: Workspace, segments: Sequence[Segment], batches: Iterable[Batch]) -> list[Landed]:
    """Land the parsed records of stored segments of one source, all of them or none: see `land`.

    The records of all are in `batches`; of one that several segments hold, that of the first segment lands. Call it
    under the lock of the source. Raises what `land` raises, and ApartError where the segments cannot land together
    though each can by itself.
    """
    lot = Lot(tuple(segments))
    folder = lot.folder(ws)
    with ws.database.read() as connection:
        done = _landed(connection, lot)
    if done:
        remove_folder(folder)
        return done
    if folder.exists():
        _log.info("%s: taking up a landing that was broken off", lot.stem)
        remove_unlisted(ws, [lot.stem])  # another version may cut the days differently
    remove_folder(folder)
    with faults_at(folder):
        folder.mkdir(mode=PRIVATE_DIR, parents=True)
    try:
        files = _write(ws, lot, batches, folder)
    except BaseException:
        remove_folder(folder)  # give the space back; the lake has not been touched
        raise
    storage(ws).put({written.path: folder / scratch_name(written.path) for written in files})
    landed = _commit(ws, lot, files)
    if landed[0].already:
        remove_unlisted(ws, [lot.stem])
    remove_folder(folder)
    return landed


def _write(ws: Workspace, lot: Lot, batches: Iterable[Batch], folder: Path) -> list[WrittenFile]:
    files = []
    repeated = 0
    repeats = may_repeat(lot.segments)
    for name, table in _gather(batches).items():
        if len(lot.segments) > 1 and names_too_many_days(name, table):
            msg = "they name more days than one landing may: a log that names that many must not cost others theirs."
            raise ApartError(msg)
        once = distinct(name, table, lot.ids) if repeats else table
        repeated += table.num_rows - once.num_rows
        for part in by_day(name, once):
            new = without_known(ws, lot.source, lot.ids, part) if repeats else part.table
            repeated += part.table.num_rows - new.num_rows
            if new.num_rows:
                files.append(write_scratch(folder, replace(part, table=new), lot.stem))
    if repeated:
        _log.info("%s: %d records were landed before and are left out", lot.stem, repeated)
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


def _commit(ws: Workspace, lot: Lot, files: list[WrittenFile]) -> list[Landed]:
    landed = _counted(lot, files)
    with ws.database.write() as connection:
        done = _landed(connection, lot)
        if done:  # another process was faster, and for one segment with the same files
            return done
        if files:
            record_shapes(connection, (columns_of(dataset(written.dataset)) for written in files))
            connection.execute(insert(catalog.lake_file), [_row(written) for written in files])
            parts = [_part(written, share) for written in files for share in written.shares]
            connection.execute(insert(catalog.lake_part), parts)
        column = catalog.segment.c.segment_id
        connection.execute(
            update(catalog.segment)
            .where(column == bindparam("landed"))
            .values(state=SegmentState.LANDED.value, landed_at=ws.clock.now()),
            [
                {"landed": item.segment_id, "records": item.records, "rows": item.rows, "rejects": item.rejects}
                for item in landed
            ],
        )
    return landed


def _counted(lot: Lot, files: Iterable[WrittenFile]) -> list[Landed]:
    """What the files of a lot hold of each of its segments."""
    counts: dict[str, dict[str, int]] = {segment_id: {} for segment_id in lot.ids}
    for written in files:
        for share in written.shares:
            rows = counts[share.segment_id]
            rows[written.dataset] = rows.get(written.dataset, 0) + share.rows
    landed = []
    for segment_id, rows in counts.items():
        rejects = rows.pop(REJECTS_DATASET.name, 0)
        events = sum(rows.values())
        landed.append(Landed(segment_id, events + rejects, events, rejects, _sorted(rows)))
    return landed


def _row(written: WrittenFile) -> dict[str, object]:
    return {
        "path": written.path,
        "segment_id": written.shares[0].segment_id,
        "dataset": written.dataset,
        "date": written.date,
        "rows": written.rows,
        "bytes": written.bytes,
        "sha256": written.sha256,
        "min_time": written.min_time,
        "max_time": written.max_time,
        "shape": current_shape(written.dataset),
    }


def _part(written: WrittenFile, share: Share) -> dict[str, object]:
    return {
        "path": written.path,
        "segment_id": share.segment_id,
        "rows": share.rows,
        "min_time": share.min_time,
        "max_time": share.max_time,
    }


def _landed(connection: Connection, lot: Lot) -> list[Landed]:
    """What the catalog says of segments that have landed; nothing where they wait. Raises for one that cannot land."""
    segment = catalog.segment.c
    columns = (segment.segment_id, segment.state, segment.records, segment.rows, segment.rejects)
    known = {row.segment_id: row for row in connection.execute(select(*columns).where(segment.segment_id.in_(lot.ids)))}
    for segment_id in lot.ids:
        if segment_id not in known:
            some = connection.execute(select(segment.segment_id).limit(100)).scalars()
            raise UnknownNameError("segment", segment_id, some)
        state = known[segment_id].state
        if state in {SegmentState.PLANNED, SegmentState.LOST}:
            msg = f"segment {segment_id} is {state}: its bytes are not in the store, so it cannot be landed."
            raise DataError(msg)
    landed = [segment_id for segment_id in lot.ids if known[segment_id].state == SegmentState.LANDED]
    if landed and len(landed) < len(lot.segments):
        msg = f"{len(landed)} of {len(lot.segments)} segments that were to land together have landed by themselves."
        raise ApartError(msg)
    rows: dict[str, dict[str, int]] = {segment_id: {} for segment_id in landed}
    file, part = catalog.lake_file.c, catalog.lake_part.c
    counted = select(part.segment_id, file.dataset, part.rows).join(catalog.lake_part, part.path == file.path)
    for segment_id, name, count in connection.execute(counted.where(part.segment_id.in_(landed))) if landed else ():
        if name != REJECTS_DATASET.name:
            rows[segment_id][name] = rows[segment_id].get(name, 0) + count
    return [
        Landed(item, known[item].records, known[item].rows, known[item].rejects, _sorted(rows[item]), already=True)
        for item in landed
    ]


def _sorted(rows: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(rows.items()))
