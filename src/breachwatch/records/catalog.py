"""Tables of the catalog: which logs were seen, which segments were cut from them, which lake files hold the events."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from breachwatch.records.types import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

log_file = Table(
    "log_file",
    metadata,
    Column("file_id", String(64), primary_key=True),  # stable identity: hash of source and first record
    Column("source", String(63), nullable=False),
    Column("path", Text, nullable=False),  # where it was seen last
    Column("format", String(32), nullable=False),
    Column("identity_bytes", Integer, nullable=False),  # how many first bytes the identity was taken from
    Column("identity_sha256", String(64), nullable=False),  # of those bytes
    Column("end", BigInteger, nullable=False),  # uncompressed bytes planned so far: the checkpoint
    Column("records", BigInteger, nullable=False),  # records stored so far
    Column("position", Text, nullable=False, default=""),  # EVTX: highest record id; journal: cursor
    Column("size_on_disk", BigInteger, nullable=False, default=0),  # as seen last, to skip what did not change
    Column("modified_at", UtcDateTime),
    Column("state", Text, nullable=False, default=""),  # the collector's own notes, JSON
    Index("ix_log_file_source", "source"),
)

segment = Table(
    "segment",
    metadata,
    Column("segment_id", String(32), primary_key=True),
    Column("source", String(63), nullable=False),
    Column("file_id", String(64), ForeignKey("log_file.file_id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("format", String(32), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("first_record", BigInteger, nullable=False),
    Column("modified_at", UtcDateTime, nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("host", Text, nullable=False),
    Column("after", BigInteger, nullable=False, default=0),
    Column("state", String(16), nullable=False),
    Column("sha256", String(64)),
    Column("file_sha256", String(64)),
    Column("landed_at", UtcDateTime),
    Column("records", BigInteger),
    Column("rows", BigInteger),
    Column("rejects", BigInteger),
    Column("pruned_rows", BigInteger, nullable=False, server_default="0"),  # of `records`, those retention removed
    Column("pruned_at", UtcDateTime),  # when retention removed its stored bytes
    Index("ix_segment_source_state", "source", "state"),
)

lake_file = Table(
    "lake_file",
    metadata,
    Column("path", Text, primary_key=True),  # relative to the lake, with /
    Column("segment_id", String(32), ForeignKey("segment.segment_id"), nullable=False),  # merged files: one of several
    Column("dataset", String(63), nullable=False),
    Column("date", String(10), nullable=False),  # YYYY-MM-DD, UTC; "unknown" where no time could be read
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("min_time", UtcDateTime),
    Column("max_time", UtcDateTime),
    Column("scanned_at", UtcDateTime),  # when a detection run had covered all of it
    Column("shape", String(16)),  # the columns it was written with: lake_shape; empty for files of before there was one
    Index("ix_lake_file_dataset_date", "dataset", "date"),
    Index("ix_lake_file_segment_id", "segment_id"),
)

lake_part = Table(
    "lake_part",
    metadata,
    Column("path", Text, ForeignKey("lake_file.path", ondelete="CASCADE"), primary_key=True),
    Column("segment_id", String(32), ForeignKey("segment.segment_id"), primary_key=True),
    Column("rows", BigInteger, nullable=False),  # of that segment in that file
    Column("min_time", UtcDateTime),
    Column("max_time", UtcDateTime),
    Index("ix_lake_part_segment_id", "segment_id"),
)

lake_shape = Table(
    "lake_shape",
    metadata,
    Column("shape", String(16), primary_key=True),  # start of the SHA-256 of `columns`
    Column("columns", Text, nullable=False),  # JSON [[name, DuckDB type], ...]
)

lake_retired = Table(
    "lake_retired",
    metadata,
    Column("path", Text, primary_key=True),  # relative to the workspace: no longer listed, removed from the disk later
    Column("bytes", BigInteger, nullable=False),
    Column("retired_at", UtcDateTime, nullable=False),
    Column("why", String(16), nullable=False),  # merged, pruned
)

disposal = Table(
    "disposal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # events: a lake file; bytes: the stored bytes of a segment
    Column("path", Text, nullable=False),  # relative to the workspace
    Column("dataset", String(63), nullable=False),  # of events; empty for bytes
    Column("date", String(10), nullable=False),  # of events
    Column("rows", BigInteger, nullable=False),  # of bytes: records
    Column("bytes", BigInteger, nullable=False),  # of bytes: uncompressed
    Column("sha256", String(64), nullable=False),
    Column("min_time", UtcDateTime),
    Column("max_time", UtcDateTime),
    Column("days", Integer, nullable=False),  # the period of retention that had passed
    Column("reason", Text, nullable=False),
    Index("ix_disposal_path", "path"),
)

disposal_part = Table(
    "disposal_part",
    metadata,
    Column("disposal", Integer, ForeignKey("disposal.seq"), primary_key=True),
    Column("segment_id", String(32), ForeignKey("segment.segment_id"), primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("min_time", UtcDateTime),
    Column("max_time", UtcDateTime),
    Index("ix_disposal_part_segment_id", "segment_id"),
)

run = Table(
    "run",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("night", String(10), nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("summary", Text),  # JSON of breachwatch.model.summary.RunSummary
)
