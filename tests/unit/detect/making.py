"""Small lakes and rule packs made by hand, from the schemas alone."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sigma.rule import SigmaRule
from sqlalchemy import insert, update

from breachwatch import lake
from breachwatch.detect.backend import DuckDBBackend, LocalTime, Scope, Table, table_of
from breachwatch.detect.backend.detections import detections_of
from breachwatch.detect.loading import documents
from breachwatch.detect.placeholders import load_placeholders
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.model.datasets import dataset
from breachwatch.model.finding import Scan
from breachwatch.model.segment import Batch, Segment, SegmentState, make_segment_id
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def at(minutes: float, day: datetime = DAY) -> datetime:
    return day + timedelta(minutes=minutes)


def pack(text: str) -> RulePack:
    """A pack of the rules in YAML text, as one file `rules.yml`."""
    return pack_of(documents("rules.yml", textwrap.dedent(text).encode()))


def land(ws: Workspace, name: str, rows: Iterable[Mapping[str, Any]], source: str = "auth") -> tuple[str, ...]:
    """Land rows of a dataset as one segment; `id` is the event id (any short text). Returns the lake files."""
    rows = list(rows)
    file_id = hashlib.sha256(f"{source}{name}{rows!r}".encode()).hexdigest()[:32]
    planned = DAY + timedelta(days=30)
    segment = Segment(
        segment_id=make_segment_id(source, file_id, 0, 1000),
        source=source,
        file_id=file_id,
        path="/var/log/x",
        format="syslog",
        start=0,
        end=1000,
        first_record=1,
        modified_at=planned,
        planned_at=planned,
        time_zone="UTC",
        host="",
        after=0,
        state=SegmentState.STORED,
    )
    columns = [column.name for column in catalog.segment.columns]
    row = {key: getattr(segment, key) for key in columns if hasattr(segment, key)}
    with ws.database.write() as connection:
        connection.execute(
            insert(catalog.log_file).values(
                file_id=file_id,
                source=source,
                path="x",
                format="syslog",
                identity_bytes=0,
                identity_sha256="",
                end=0,
                records=0,
            )
        )
        connection.execute(insert(catalog.segment).values(**{**row, "state": "stored"}))
    lake.land(ws, segment, [Batch(name, table(name, rows, segment.segment_id, source))])
    return tuple(file.path for file in lake.files(ws) if file.segment_id == segment.segment_id)


def table(name: str, rows: Iterable[Mapping[str, Any]], segment_id: str = "s", source: str = "auth") -> pa.Table:
    """Rows as a table of the dataset's schema; what a row leaves out is filled in."""
    filled = []
    for number, given in enumerate(rows, 1):
        row = dict(given)
        base = {
            "event_id": row.pop("id", f"{segment_id[:8]}-{number}"),
            "observed_at": (DAY + timedelta(days=30)).replace(tzinfo=None),
            "source": source,
            "segment_id": segment_id,
            "record_number": number,
            "byte_offset": number * 100,
            "byte_length": 99,
            "repeat_count": 1,
        }
        time = row.get("time")
        filled.append({**base, **row, "time": time.replace(tzinfo=None) if time else None})
    return pa.Table.from_pylist(filled, schema=dataset(name).schema)


def failure(ip: str, minutes: float, **more: Any) -> dict[str, Any]:
    """A failed sign-in over SSH."""
    return logon(ip, minutes, outcome="failure", **more)


def logon(ip: str | None, minutes: float, outcome: str = "success", **more: Any) -> dict[str, Any]:
    base = {"user": "mira", "host": "web01", "action": "logon", "program": "sshd", "message": "sign-in"}
    return {"id": f"{outcome[0]}{minutes:g}", "time": at(minutes), "source_ip": ip, "outcome": outcome, **base, **more}


def mark_scanned(ws: Workspace, scan: Scan) -> None:
    """What the incident stage does once findings are recorded."""
    with ws.database.write() as connection:
        connection.execute(
            update(catalog.lake_file).where(catalog.lake_file.c.path.in_(scan.scanned_files)).values(scanned_at=DAY)
        )


class OneTable:
    """Rules tried on one table in DuckDB, without a lake: which rows match?"""

    def __init__(
        self,
        rows: list[dict[str, Any]],
        schema: Mapping[str, str],
        extra: bool = False,
        placeholders: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.values_of = load_placeholders(placeholders or {}, Path()).of
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in schema.items())
        self.connection.execute(f"CREATE TABLE t (row INTEGER, {columns}{', extra VARCHAR' if extra else ''})")
        self.names = [*schema, *(["extra"] if extra else [])]
        self.fill(rows)
        kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "TIMESTAMP": pa.timestamp("us")}
        fields = [pa.field(name, kinds[kind]) for name, kind in schema.items()]
        if extra:
            fields.append(pa.field("extra", pa.string()))
        self.table: Table = table_of("t", pa.schema(fields), LocalTime())

    def fill(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put these rows in the place of all others."""
        self.connection.execute("DELETE FROM t")
        values = [[number, *(row.get(name) for name in self.names)] for number, row in enumerate(rows)]
        if values:
            self.connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(values[0]))})", values)

    def sql(self, detection: Mapping[str, Any]) -> str:
        rule = SigmaRule.from_dict(
            {"title": "t", "logsource": {"product": "x"}, "detection": {"s": {"f": "v"}, "condition": "s"}}
        )
        rule.detection = detections_of({"condition": "s", **detection}, self.values_of)
        scope = Scope(self.table)
        condition = DuckDBBackend().condition(rule, scope)
        return f"SELECT row FROM {scope.source} WHERE {condition} ORDER BY row"

    def matches(self, detection: Mapping[str, Any]) -> list[int]:
        return [row for (row,) in self.connection.execute(self.sql(detection)).fetchall()]
