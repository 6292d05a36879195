"""Writing one Parquet file of the lake to scratch space, synced; `storage` puts it into its place."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from breachwatch.lake.faults import faults_at
from breachwatch.lake.partition import Partition, Share, shares
from breachwatch.lake.sql import column_names

ROW_GROUP_ROWS = 32_768
"""A busy day becomes several groups, those of its hours that hold nothing asked for are left out. Larger groups read
more, smaller ones ask an object store more often: docs/performance-lake.md has the measures."""

FILTERED = ("user", "target_user", "host", "source_ip")
"""Whom analysts ask about: a row group says with a Bloom filter that a name is not in it."""

_DISTINCT_NAMES = 4096  # in a row group; with more of them the filter is wrong more often, and never larger

_READ_ONLY = 0o444
_DELTA = {
    # Sorted or nearly sorted numbers and long, mostly different texts are smaller as differences than in a dictionary.
    "time": "DELTA_BINARY_PACKED",
    "observed_at": "DELTA_BINARY_PACKED",
    "record_number": "DELTA_BINARY_PACKED",
    "byte_offset": "DELTA_BINARY_PACKED",
    "message": "DELTA_LENGTH_BYTE_ARRAY",
    "raw": "DELTA_LENGTH_BYTE_ARRAY",
    "extra": "DELTA_LENGTH_BYTE_ARRAY",
    "event_id": "PLAIN",
}


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file that is complete in scratch space; `path` is its place, relative to the lake, with /."""

    path: str
    dataset: str
    date: str
    rows: int
    bytes: int
    sha256: str
    min_time: datetime | None
    max_time: datetime | None
    shares: tuple[Share, ...] = ()  # what it holds of which segment


def lake_path(dataset: str, day: str, stem: str) -> str:
    """Where events lie, relative to the lake: `linux.auth/date=2026-11-22/<stem>.parquet`; see `lots.Lot.stem`."""
    return f"{dataset}/date={day}/{stem}.parquet"


def write_scratch(folder: Path, partition: Partition, stem: str) -> WrittenFile:
    """Write a partition to `folder`, synced to the disk. The same rows give the same bytes (with the same pyarrow)."""
    path = lake_path(partition.dataset, partition.date, stem)
    target = folder / scratch_name(path)
    with faults_at(target):
        with target.open("xb") as out:
            _write(partition.table, out)
            out.flush()
            os.fsync(out.fileno())
        target.chmod(_READ_ONLY)
        with target.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
        size = target.stat().st_size
    return WrittenFile(
        path=path,
        dataset=partition.dataset,
        date=partition.date,
        rows=partition.table.num_rows,
        bytes=size,
        sha256=sha256,
        min_time=partition.min_time,
        max_time=partition.max_time,
        shares=shares(partition),
    )


def scratch_name(path: str) -> str:
    """The name that a lake file has while it is being written."""
    return path.replace("/", "@")


def writing_options(names: Sequence[str], rows: int) -> dict[str, Any]:
    """How a lake file of so many rows with these columns is encoded: arguments of pyarrow.parquet.ParquetWriter."""
    delta = {name: encoding for name, encoding in _DELTA.items() if name in names}
    return {
        "compression": "zstd",  # both pyarrow and DuckDB would take snappy
        "use_dictionary": [name for name in names if name not in delta],
        "column_encoding": delta,
        "bloom_filter_options": {
            # Finding an event by its id reads the filters instead of all ids.
            "event_id": {"ndv": min(rows, ROW_GROUP_ROWS), "fpp": 0.01},
            **{name: {"ndv": min(rows, _DISTINCT_NAMES), "fpp": 0.01} for name in FILTERED if name in names},
        },
        "store_schema": False,  # Parquet's own types say all; the Arrow copy would be a quarter of a small file
    }


def _write(rows: pa.Table, out: BinaryIO) -> None:
    table = rows.rename_columns(column_names(rows.schema))
    options = writing_options(table.schema.names, table.num_rows)
    pq.write_table(table, out, row_group_size=ROW_GROUP_ROWS, **options)
