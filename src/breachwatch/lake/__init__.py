"""The lake: events as Parquet, one file a segment, dataset and day; its catalog; the DuckDB that reads it."""

from __future__ import annotations

from breachwatch.lake.authentication import AUTHENTICATION_SCHEMA
from breachwatch.lake.catalog import (
    DatasetSpan,
    LakeFile,
    SourceCounts,
    counts,
    datasets_of,
    files,
    log_beginnings,
    spans,
    unscanned_files,
)
from breachwatch.lake.connection import connect, connect_bare, files_around, select_between, select_segments
from breachwatch.lake.duplicates import POSITION_NAMES_THE_RECORD
from breachwatch.lake.landing import land
from breachwatch.lake.originals import original_bytes, original_records
from breachwatch.lake.reading import ReadingConnection
from breachwatch.lake.storage import Resting, Storage, all_read

__all__ = [
    "AUTHENTICATION_SCHEMA",
    "POSITION_NAMES_THE_RECORD",
    "DatasetSpan",
    "LakeFile",
    "ReadingConnection",
    "Resting",
    "SourceCounts",
    "Storage",
    "all_read",
    "connect",
    "connect_bare",
    "counts",
    "datasets_of",
    "files",
    "files_around",
    "land",
    "log_beginnings",
    "original_bytes",
    "original_records",
    "select_between",
    "select_segments",
    "spans",
    "unscanned_files",
]
