"""The event core: the columns that every dataset has, whatever log it came from.

Names are ECS field names with underscores. Times are UTC, microseconds, stored as plain TIMESTAMP (DuckDB hands those
to Python without a time zone library). The text a time was read from stays beside it.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

TIME = pa.timestamp("us")

_CORE: list[pa.Field[Any]] = [
    pa.field("event_id", pa.string(), nullable=False, metadata={"doc": "hash of source, file identity and position"}),
    pa.field("time", TIME, metadata={"doc": "when it happened, UTC"}),
    pa.field("time_text", pa.string(), metadata={"doc": "the text that time was read from"}),
    pa.field("observed_at", TIME, nullable=False, metadata={"doc": "when its segment was planned, UTC"}),
    pa.field("source", pa.string(), nullable=False, metadata={"doc": "name of the configured source"}),
    pa.field("host", pa.string(), metadata={"doc": "host that wrote the record"}),
    pa.field("user", pa.string(), metadata={"doc": "the account that acts or signs in"}),
    pa.field("source_ip", pa.string(), metadata={"doc": "address the action came from, in canonical form"}),
    pa.field("source_port", pa.int32()),
    pa.field("action", pa.string(), metadata={"doc": "one of breachwatch.model.actions"}),
    pa.field("outcome", pa.string(), metadata={"doc": "success, failure or unknown"}),
    pa.field("program", pa.string(), metadata={"doc": "program or provider that wrote the record"}),
    pa.field("process_id", pa.int64()),
    pa.field("message", pa.string(), metadata={"doc": "the record as text, as readers of that log know it"}),
    pa.field("repeat_count", pa.int32(), nullable=False, metadata={"doc": "events this record stands for, mostly 1"}),
]
CORE = pa.schema(_CORE)

_PROVENANCE: list[pa.Field[Any]] = [
    pa.field("segment_id", pa.string(), nullable=False),
    pa.field("record_number", pa.int64(), nullable=False, metadata={"doc": "1-based, counted from the file's start"}),
    pa.field("byte_offset", pa.int64(), nullable=False, metadata={"doc": "from the start of the uncompressed file"}),
    pa.field("byte_length", pa.int64(), nullable=False),
]
PROVENANCE = pa.schema(_PROVENANCE)

EXTRA = pa.field(
    "extra", pa.string(), metadata={"doc": "JSON object of the fields no schema names, under the log's own names"}
)

_REJECTS: list[pa.Field[Any]] = [
    pa.field("event_id", pa.string(), nullable=False),
    pa.field("observed_at", TIME, nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("raw", pa.binary(), nullable=False, metadata={"doc": "the record, byte for byte"}),
    *PROVENANCE,
]
REJECTS = pa.schema(_REJECTS)
"""Schema of the dataset `rejects`: records that could not be parsed. rows + rejects = records read, always."""


def event_schema(native: pa.Schema) -> pa.Schema:
    """The full schema of a dataset: core, then its native fields, then `extra`, then provenance."""
    return pa.schema([*CORE, *native, EXTRA, *PROVENANCE])
