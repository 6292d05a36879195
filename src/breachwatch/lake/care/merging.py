"""Writing one lake file out of several of the same dataset and day: every row once, as it is read today, in order.

The order is that of a landed file: time, then the record's number and place in its log; the event id settles the rest,
so that the same files always give the same bytes. DuckDB sorts, spilling what does not fit; rows are written a row
group at a time. Before a file is read its hash is compared with the catalog: a file that was changed never becomes part
of one with a fresh hash. Afterwards rows and ids of both sides are counted again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from breachwatch.errors import DataError
from breachwatch.lake import sql
from breachwatch.lake.catalog import LakeFile
from breachwatch.lake.connection import connect_bare
from breachwatch.lake.faults import faults_at
from breachwatch.lake.parquet import ROW_GROUP_ROWS, WrittenFile, scratch_name, writing_options
from breachwatch.lake.partition import time_column
from breachwatch.lake.shapes import dataset_select, stored
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import dataset
from breachwatch.workspace import Workspace

_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True)
class Merge:
    """Files of one dataset and day that are to become one; `files` are in order of their paths."""

    files: tuple[LakeFile, ...]

    @property
    def name(self) -> str:
        """The same files give the same name."""
        told = "".join(f"{file.path}\0{file.sha256}\n" for file in self.files)
        return hashlib.sha256(f"merge\n{told}".encode()).hexdigest()[:32]

    @property
    def path(self) -> str:
        """Where the merged file lies, relative to the lake."""
        return f"{self.files[0].dataset}/date={self.files[0].date}/merged-{self.name}.parquet"

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def write_merged(ws: Workspace, merge: Merge, folder: Path) -> WrittenFile:
    """Write the merged file to `folder`, synced. Raises DataError where a file is not what the catalog says."""
    place = storage(ws)
    for file in merge.files:
        try:
            found = place.sha256(file.path)
        except FileNotFoundError:
            found = ""
        if found != file.sha256:
            what = f"is not what was written (SHA-256 {found})" if found else "is gone"
            msg = (
                f"lake/{file.path} {what}; the files of its day stay as they are. `breachwatch lake check` tells more."
            )
            raise DataError(msg)
    target = folder / scratch_name(merge.path)
    with connect_bare(ws) as connection, place.all_read():
        before = _read(ws, merge)
        _write(connection, before, merge, target)
        _compare(connection, before, merge, target)
    with faults_at(target), target.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    first = [file.min_time for file in merge.files if file.min_time is not None]
    last = [file.max_time for file in merge.files if file.max_time is not None]
    return WrittenFile(
        path=merge.path,
        dataset=merge.files[0].dataset,
        date=merge.files[0].date,
        rows=merge.rows,
        bytes=target.stat().st_size,
        sha256=digest,
        min_time=min(first, default=None),
        max_time=max(last, default=None),
    )


def _read(ws: Workspace, merge: Merge) -> str:
    places = stored(ws, ((file.dataset, file.path, file.shape) for file in merge.files))
    return dataset_select(dataset(merge.files[0].dataset), places)


def _write(connection: duckdb.DuckDBPyConnection, before: str, merge: Merge, target: Path) -> None:
    name = merge.files[0].dataset
    schema = dataset(name).schema
    columns = sql.column_names(schema)
    mine = pa.schema([field.with_name(column) for field, column in zip(schema, columns, strict=True)])
    order = f"{sql.name(time_column(name))} ASC NULLS LAST, record_number, byte_offset, event_id"
    reader = connection.sql(f"SELECT * FROM ({before}) ORDER BY {order}").to_arrow_reader(ROW_GROUP_ROWS)
    with faults_at(target), target.open("xb") as out:
        with pq.ParquetWriter(out, mine, **writing_options(columns, merge.rows)) as writer:
            for group in _groups(reader):
                writer.write_table(group.cast(mine), row_group_size=ROW_GROUP_ROWS)
        out.flush()
        os.fsync(out.fileno())
        target.chmod(_READ_ONLY)


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches as tables of ROW_GROUP_ROWS rows, the last one smaller: how they were cut must not show."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        left = batch
        while rows + left.num_rows >= ROW_GROUP_ROWS:
            taken = ROW_GROUP_ROWS - rows
            yield pa.Table.from_batches([*waiting, left.slice(0, taken)]).combine_chunks()
            waiting, rows, left = [], 0, left.slice(taken)
        if left.num_rows:
            waiting.append(left)
            rows += left.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _compare(connection: duckdb.DuckDBPyConnection, before: str, merge: Merge, target: Path) -> None:
    """Rows and ids of each segment, counted on both sides. Raises DataError where they differ."""
    ids = "count(*), count(DISTINCT event_id), bit_xor(hash(event_id))"
    count = f"SELECT segment_id, {ids} FROM {{}} GROUP BY ALL ORDER BY ALL"
    theirs = connection.execute(count.format(f"({before})")).fetchall()
    mine = connection.execute(count.format(f"read_parquet({sql.text(str(target))})")).fetchall()
    if theirs != mine or sum(row[1] for row in mine) != merge.rows:
        msg = f"merging the files of lake/{merge.path} did not give the rows that went in. They stay as they are."
        raise DataError(msg)
