"""Disposing of lake files: out of the catalog and into the record of disposals in one transaction, then off the disk.

The record says what, when, why, by whom, with the hash that the file had, and which segments' rows it held; its rows
are only ever added. The database itself refuses to let a file go that a hold or an open incident covers, so that a hold
that is placed in this very moment wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DatabaseError

from breachwatch.lake.care.retired import PRUNED, remove_retired, retire
from breachwatch.lake.catalog import LakeFile
from breachwatch.model.people import Actor
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

MOST_TOLD = 1000
EVENTS, BYTES = "events", "bytes"


@dataclass(frozen=True, slots=True)
class Due:
    """A lake file whose period of so many days is over."""

    file: LakeFile
    days: int


@dataclass
class Retained:
    """What retention did, or would do. `kept` counts why files past their period stay; `told` names the first ones."""

    dry_run: bool = False
    files: int = 0
    rows: int = 0
    bytes: int = 0
    by_dataset: Counter[str] = field(default_factory=Counter)  # files
    segments: int = 0
    segment_bytes: int = 0  # uncompressed
    removed: int = 0  # files taken off the disk
    doubted: int = 0  # files that stay because something is in doubt
    kept: Counter[str] = field(default_factory=Counter)
    told: list[tuple[str, str]] = field(default_factory=list)

    def keep(self, path: str, why: str, *, doubted: bool = False) -> None:
        """Note that something past its period stays; `path` is relative to the workspace."""
        self.kept[why] += 1
        self.doubted += doubted
        if len(self.told) < MOST_TOLD:
            self.told.append((path, why))


def dispose(ws: Workspace, dues: Sequence[Due], done: Retained, by: Actor) -> None:
    """Dispose of files that nothing keeps, one transaction a file."""
    for due in dues:
        if not done.dry_run:
            try:
                _take_out(ws, due, by)
            except DatabaseError as error:
                if not _refused(error):
                    raise
                done.keep(f"lake/{due.file.path}", "a hold or an incident has come to cover it")
                continue
        done.files += 1
        done.rows += due.file.rows
        done.bytes += due.file.bytes
        done.by_dataset[due.file.dataset] += 1
    if not done.dry_run:
        done.removed += remove_retired(ws).files


def _take_out(ws: Workspace, due: Due, by: Actor) -> None:
    file, column, part = due.file, catalog.lake_file.c, catalog.lake_part.c
    now = ws.clock.now()
    with ws.database.write() as connection:
        parts = connection.execute(select(catalog.lake_part).where(part.path == file.path)).mappings().all()
        added = connection.execute(
            insert(catalog.disposal).values(
                at=now,
                actor=by.name,
                kind=EVENTS,
                path=f"lake/{file.path}",
                dataset=file.dataset,
                date=file.date,
                rows=file.rows,
                bytes=file.bytes,
                sha256=file.sha256,
                min_time=file.min_time,
                max_time=file.max_time,
                days=due.days,
                reason=f"events of {file.dataset} are kept {due.days} days (lake.retention)",
            )
        )
        names = ("segment_id", "rows", "min_time", "max_time")
        seq = added.inserted_primary_key[0] if added.inserted_primary_key else None
        held = [{"disposal": seq} | {name: row[name] for name in names} for row in parts]
        connection.execute(insert(catalog.disposal_part), held)
        connection.execute(delete(catalog.lake_file).where(column.path == file.path))
        for row in parts:
            segment = catalog.segment.c
            connection.execute(
                update(catalog.segment)
                .where(segment.segment_id == row["segment_id"])
                .values(pruned_rows=segment.pruned_rows + row["rows"])
            )
        retire(connection, [(f"lake/{file.path}", file.bytes)], now, PRUNED)


def _refused(error: DatabaseError) -> bool:
    """Whether a trigger refused: the words are those of records.keeping."""
    return "covers this file" in str(error.orig)
