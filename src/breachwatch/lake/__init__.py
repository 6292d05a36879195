"""The lake: events as Parquet, one file a dataset, day and landing; its catalog; the DuckDB that reads it."""

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
    segments_in,
    spans,
    unscanned_files,
)
from breachwatch.lake.connection import connect, connect_bare, files_around, select_between, select_segments
from breachwatch.lake.duplicates import POSITION_NAMES_THE_RECORD
from breachwatch.lake.landing import land, land_together
from breachwatch.lake.lots import ApartError, sweep_broken_off
from breachwatch.lake.originals import original_bytes, original_records
from breachwatch.lake.reading import ReadingConnection
from breachwatch.lake.storage import Resting, Storage, all_read

__all__ = [
    "AUTHENTICATION_SCHEMA",
    "POSITION_NAMES_THE_RECORD",
    "ApartError",
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
    "land_together",
    "log_beginnings",
    "original_bytes",
    "original_records",
    "segments_in",
    "select_between",
    "select_segments",
    "spans",
    "sweep_broken_off",
    "unscanned_files",
]
