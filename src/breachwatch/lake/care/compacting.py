"""Merging small files: of each dataset and day, files below a size become one.

Exactly once under a kill: the merged file is finished in scratch space and put into the lake; then one transaction
enters it and takes the others out. Readers see the ones or the other, and what a kill leaves is removed or finished by
the next. Only files that a detection run has searched are merged, so that no rule misses or repeats an event. Event
ids, segments and offsets stay with their rows; a merged file lists all of its segments.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from breachwatch.errors import DataError
from breachwatch.lake.care.check_files import listed
from breachwatch.lake.care.differences import Progress, quiet
from breachwatch.lake.care.merging import Merge, write_merged
from breachwatch.lake.care.retired import MERGED, remove_retired, retire
from breachwatch.lake.catalog import LakeFile
from breachwatch.lake.faults import faults_at
from breachwatch.lake.parquet import WrittenFile, scratch_name
from breachwatch.lake.shapes import Columns, columns_of, current_shape, keeps_everything, record_shapes, shapes
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET, dataset
from breachwatch.model.people import Actor
from breachwatch.records import audit, cases, catalog
from breachwatch.workspace import PRIVATE_DIR, Workspace

LOCK = "lake-care"
_SCRATCH = re.compile(r"merge-[0-9a-f]{32}")
_NOTE = "merged-file"
_MERGED_NAME = re.compile(r"[a-z0-9._-]+/date=[0-9a-z-]+/merged-[0-9a-f]{32}\.parquet")


@dataclass
class Compacted:
    """What merging gave. Bytes are those of files before and after; `removed` are files that retired earlier."""

    dry_run: bool = False
    merges: int = 0
    files: int = 0
    rows: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    removed: int = 0
    refused: list[str] = field(default_factory=list)


def compact(
    ws: Workspace,
    *,
    by: Actor,
    dry_run: bool = False,
    progress: Progress = quiet,
) -> Compacted:
    """Merge the small files of every dataset and day that has several of them.

    A day with a file that is not what the catalog says stays as it is, and is told in `refused`. Raises
    EnvironmentFault where the lake cannot be written, BusyError while another process merges or prunes.
    """
    done = Compacted(dry_run)
    with ws.lock(LOCK):
        if not dry_run:
            _sweep(ws)
            done.removed = remove_retired(ws).files
        for number, merge in enumerate(plan(ws), 1):
            progress("merges", number, 0)
            try:
                after = merge.bytes if dry_run else _merge(ws, merge, by)
            except DataError as error:
                done.refused.append(str(error))
                continue
            done.merges += 1
            done.files += len(merge.files)
            done.rows += merge.rows
            done.bytes_before += merge.bytes
            done.bytes_after += after
    return done


def plan(ws: Workspace) -> Iterator[Merge]:
    """What is to be merged now, day by day."""
    known = shapes(ws)
    limits = ws.settings.lake
    for _, day in groupby(listed(ws), key=lambda file: (file.dataset, file.date)):
        small: list[LakeFile] = []
        for file in day:
            if file.bytes < limits.small_file_bytes and _may_merge(file, known.get(file.shape or "")):
                if small and sum(item.bytes for item in small) + file.bytes > limits.merged_file_bytes:
                    yield from _several(small)
                    small = []
                small.append(file)
        yield from _several(small)


def _several(files: list[LakeFile]) -> Iterator[Merge]:
    if len(files) > 1:
        yield Merge(tuple(files))


def _may_merge(file: LakeFile, columns: Columns | None) -> bool:
    """Whether a file was searched, and loses nothing when it is written with today's columns."""
    if file.dataset == REJECTS_DATASET.name:
        searched = True  # rules do not look at rejects
    else:
        searched = file.scanned_at is not None and file.dataset in DATASETS
    return searched and columns is not None and keeps_everything(dataset(file.dataset), columns)


def _merge(ws: Workspace, merge: Merge, by: Actor) -> int:
    folder = ws.scratch / f"merge-{merge.name}"
    with faults_at(folder):
        folder.mkdir(mode=PRIVATE_DIR, parents=True)
        (folder / _NOTE).write_text(merge.path, encoding="utf-8")
    try:
        written = write_merged(ws, merge, folder)
    except BaseException:
        shutil.rmtree(folder)  # the lake has not been touched
        raise
    storage(ws).put({written.path: folder / scratch_name(written.path)})
    _commit(ws, merge, written, by)
    shutil.rmtree(folder)
    return written.bytes


def _commit(ws: Workspace, merge: Merge, written: WrittenFile, by: Actor) -> None:
    """One set of files for the other, in one transaction; a file that is no longer listed ends it."""
    file, part, clearance = catalog.lake_file.c, catalog.lake_part.c, cases.hold_clearance.c
    paths = [item.path for item in merge.files]
    now = ws.clock.now()
    with ws.database.write() as connection:
        rows = connection.execute(select(catalog.lake_file).where(file.path.in_(paths))).mappings().all()
        if len(rows) != len(paths) or {row["sha256"] for row in rows} != {item.sha256 for item in merge.files}:
            msg = f"files of {written.dataset}, {written.date} changed in the catalog while they were merged."
            raise DataError(msg)
        parts = connection.execute(select(catalog.lake_part).where(part.path.in_(paths))).mappings().all()
        cleared = connection.execute(select(clearance.hold, clearance.path).where(clearance.path.in_(paths))).all()
        scanned = [row["scanned_at"] for row in rows if row["scanned_at"] is not None]
        record_shapes(connection, [columns_of(dataset(written.dataset))])
        connection.execute(
            insert(catalog.lake_file).values(
                path=written.path,
                segment_id=min(row["segment_id"] for row in parts),
                dataset=written.dataset,
                date=written.date,
                rows=written.rows,
                bytes=written.bytes,
                sha256=written.sha256,
                min_time=written.min_time,
                max_time=written.max_time,
                scanned_at=max(scanned, default=None),
                shape=current_shape(written.dataset),
            )
        )
        connection.execute(insert(catalog.lake_part), [dict(row) | {"path": written.path} for row in parts])
        holds = {row.hold for row in cleared}
        for hold in sorted(holds):  # what none of the files names, the merged one does not name either
            if {row.path for row in cleared if row.hold == hold} == set(paths):
                connection.execute(insert(cases.hold_clearance).values(hold=hold, path=written.path))
        connection.execute(delete(catalog.lake_file).where(file.path.in_(paths)))
        retire(connection, ((f"lake/{item.path}", item.bytes) for item in merge.files), now, MERGED)
        _audit(connection, merge, written, now, by)


def _audit(connection: Connection, merge: Merge, written: WrittenFile, at: datetime, by: Actor) -> None:
    """Say which files went into which, with their hashes: the list is what the name of the merged file is made of."""
    hashes = ", ".join(f"{Path(item.path).stem} {item.sha256}" for item in merge.files)
    audit.append(
        connection,
        at=at,
        by=by,
        entity=f"merged-{merge.name}",
        change=f"{len(merge.files)} files of {written.dataset}, {written.date} -> one, SHA-256 {written.sha256}",
        reason=f"small files: {hashes}",
    )


def _sweep(ws: Workspace) -> None:
    """Remove what a killed merge left: its scratch folder, and its file where the catalog does not list it."""
    for folder in sorted(ws.scratch.glob("merge-*")):
        if not _SCRATCH.fullmatch(folder.name):
            continue
        note = folder / _NOTE
        path = note.read_text(encoding="utf-8") if note.is_file() else ""
        if _MERGED_NAME.fullmatch(path) and path.endswith(f"/merged-{folder.name[6:]}.parquet"):
            column = catalog.lake_file.c.path
            with ws.database.read() as connection:
                listed_now = connection.execute(select(column).where(column == path)).first()
            if listed_now is None:
                storage(ws).remove([path])
        with faults_at(folder):
            shutil.rmtree(folder)
