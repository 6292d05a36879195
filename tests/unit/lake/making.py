"""Segments and batches of made-up events, built from the schemas: no parser is needed to test the lake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import insert

from breachwatch.model.datasets import dataset
from breachwatch.model.segment import Batch, Segment, SegmentState, make_event_id, make_segment_id
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

PLANNED_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def stored_segment(
    ws: Workspace, start: int = 0, *, source: str = "auth", file_id: str = "f" * 32, form: str = "syslog"
) -> Segment:
    """A segment that waits in the catalog for landing (its bytes are not in the store: the lake never reads them)."""
    segment = Segment(
        segment_id=make_segment_id(source, file_id, start, start + 1000),
        source=source,
        file_id=file_id,
        path="/var/log/auth.log",
        format=form,
        start=start,
        end=start + 1000,
        first_record=start + 1,
        modified_at=PLANNED_AT,
        planned_at=PLANNED_AT,
        time_zone="UTC",
        host="web01",
        after=0,
        state=SegmentState.STORED,
    )
    columns = {column.name for column in catalog.segment.columns}
    row = {name: getattr(segment, name) for name in columns if hasattr(segment, name)}
    with ws.database.write() as connection:
        if not connection.execute(catalog.log_file.select().where(catalog.log_file.c.file_id == file_id)).first():
            connection.execute(
                insert(catalog.log_file).values(
                    file_id=file_id,
                    source=source,
                    path=segment.path,
                    format=form,
                    identity_bytes=0,
                    identity_sha256="",
                    end=0,
                    records=0,
                )
            )
        connection.execute(insert(catalog.segment).values(**{**row, "state": "stored"}))
    return segment


def batch(segment: Segment, name: str, rows: Iterable[Mapping[str, Any]], first: int = 0) -> Batch:
    """A batch of dataset `name`: each mapping gives the columns that matter, the rest is filled in."""
    schema = dataset(name).schema
    filled = []
    for number, row in enumerate(rows, first):
        offset = segment.start + 100 * number
        base = {
            "event_id": make_event_id(segment.source, segment.file_id, offset),
            "observed_at": segment.planned_at.replace(tzinfo=None),
            "source": segment.source,
            "segment_id": segment.segment_id,
            "record_number": segment.first_record + number,
            "byte_offset": offset,
            "byte_length": 99,
        }
        base |= {"reason": "not a record", "raw": b"?"} if name == "rejects" else {"repeat_count": 1, "host": "web01"}
        filled.append({**base, **row})
    return Batch(name, pa.Table.from_pylist(filled, schema=schema))


def logon(time: datetime | None, user: str | None = "mira", outcome: str = "failure", **more: Any) -> dict[str, Any]:
    """A sign-in over SSH as a row of linux.auth."""
    return {
        "time": time,
        "user": user,
        "action": "logon",
        "outcome": outcome,
        "program": "sshd",
        "auth_method": "password",
        "source_ip": "203.0.113.7",
        "message": f"{outcome} password for {user}",
        **more,
    }
