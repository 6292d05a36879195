"""Making logs, events and incidents for the tests of the evidence stage, with the real stages above it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from sqlalchemy import select

from breachwatch import evidence, incidents, lake
from breachwatch.collect.store import SegmentWriter
from breachwatch.model.datasets import dataset
from breachwatch.model.finding import (
    CompiledRule,
    Entity,
    Finding,
    Level,
    Match,
    RuleOrigin,
    Scan,
    Window,
    make_finding_key,
)
from breachwatch.model.incident import PreservationFailure, Snapshot, ToPreserve
from breachwatch.model.segment import Batch, Segment, SegmentState, make_event_id, make_segment_id
from breachwatch.records import cases, catalog
from breachwatch.workspace import Workspace

NIGHT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LINES = [
    f"Nov 22 02:{number // 60:02d}:{number % 60:02d} vpn01 sshd[{number}]: Failed password for jdoe from 203.0.113.9\n"
    for number in range(40)
]


@dataclass
class Log:
    """One stored and landed segment."""

    segment: Segment
    event_ids: list[str]
    records: list[bytes]


@dataclass
class City:
    """A workspace with logs and incidents."""

    ws: Workspace
    rules: dict[str, CompiledRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self.ws.database  # as in a run, it is there before any segment

    def log(
        self,
        lines: Iterable[str | bytes] = LINES,
        *,
        source: str = "auth",
        path: str = "/var/log/auth.log",
        log_format: str = "syslog",
        start: int = 0,
        in_dataset: str = "linux.auth",
        user: str | None = "jdoe",
    ) -> Log:
        """Store lines as one segment and land a row for each."""
        records = [line.encode() if isinstance(line, str) else line for line in lines]
        data = b"".join(records)
        file_id = hashlib.sha256(f"{source}{path}".encode()).hexdigest()
        segment = Segment(
            segment_id=make_segment_id(source, file_id, start, start + len(data)),
            source=source,
            file_id=file_id,
            path=path,
            format=log_format,
            start=start,
            end=start + len(data),
            first_record=1,
            modified_at=NIGHT + timedelta(hours=4),
            planned_at=NIGHT + timedelta(hours=5),
            time_zone="America/Chicago",
            host="",
            after=0,
            state=SegmentState.STORED,
        )
        with SegmentWriter(self.ws, segment) as writer:
            writer.write(data)
            segment = replace(segment, sha256=writer.finish(), file_sha256=hashlib.sha256(data).hexdigest())
        self._catalog(segment)
        event_ids = self._land(segment, records, in_dataset, user)
        return Log(segment, event_ids, records)

    def _catalog(self, segment: Segment) -> None:
        with self.ws.database.write() as connection:
            known = select(catalog.log_file.c.file_id).where(catalog.log_file.c.file_id == segment.file_id)
            if connection.scalar(known) is None:
                connection.execute(
                    catalog.log_file.insert().values(
                        file_id=segment.file_id,
                        source=segment.source,
                        path=segment.path,
                        format=segment.format,
                        identity_bytes=64,
                        identity_sha256="0" * 64,
                        end=segment.end,
                        records=0,
                    )
                )
            names = [column.name for column in catalog.segment.c if hasattr(segment, column.name)]
            connection.execute(catalog.segment.insert().values({name: getattr(segment, name) for name in names}))

    def _land(self, segment: Segment, records: Sequence[bytes], name: str, user: str | None) -> list[str]:
        schema = dataset(name).schema
        rows, event_ids, offset = [], [], segment.start
        for number, record in enumerate(records):
            event_ids.append(make_event_id(segment.source, segment.file_id, offset))
            time = (NIGHT + timedelta(seconds=number)).replace(tzinfo=None)
            known = {
                "event_id": event_ids[-1],
                "time": time,
                "time_text": record[:15].decode(errors="replace"),
                "observed_at": segment.planned_at.replace(tzinfo=None),
                "source": segment.source,
                "host": "vpn01",
                "user": user,
                "source_ip": "203.0.113.9",
                "action": "logon",
                "outcome": "failure",
                "message": record.decode(errors="replace").rstrip("\n"),
                "repeat_count": 1,
                "segment_id": segment.segment_id,
                "record_number": number + 1,
                "byte_offset": offset,
                "byte_length": len(record.rstrip(b"\r\n")),
            }
            rows.append({column: known.get(column) for column in schema.names})
            offset += len(record)
        lake.land(self.ws, segment, iter([Batch(name, pa.Table.from_pylist(rows, schema=schema))]))
        return event_ids

    def finding(
        self,
        event_ids: Sequence[str],
        *,
        rule: str = "many-failed-sign-ins",
        rule_text: str = "title: Many failed sign-ins\n",
        user: str = "jdoe",
        key: str = "",
        in_dataset: str = "linux.auth",
    ) -> Finding:
        """A finding over these events, and the rule that made it."""
        revision = hashlib.sha256(rule_text.encode()).hexdigest()
        self.rules[revision] = CompiledRule(
            rule,
            "Many failed sign-ins",
            revision,
            rule_text,
            "SELECT event_id FROM linux_auth",
            in_dataset,
            (RuleOrigin("Many failed sign-ins", rule, "Ann Author", "DRL-1.1", "LICENSE", pack="p", pack_version="7"),),
        )
        return Finding(
            key=make_finding_key(rule, key or event_ids[0]),
            rule_id=rule,
            rule_title="Many failed sign-ins",
            rule_revision=revision,
            level=Level.HIGH,
            dataset=in_dataset,
            event_ids=tuple(event_ids),
            first_time=NIGHT,
            last_time=NIGHT + timedelta(hours=1),
            event_count=len(event_ids),
            entities=(Entity("user", user),),
            why={"user": user},
            matched=(Match(rule, event_ids[0], "failed", "message", "contains", "failed password"),),
        )

    def waiting(self, *findings: Finding, run_id: str = "run-1") -> tuple[ToPreserve, ...]:
        """Record findings; the jobs that wait for evidence."""
        scan = Scan(
            window=Window(NIGHT - timedelta(days=7), NIGHT + timedelta(days=7)),
            findings=findings,
            outcomes=(),
            rules=tuple(self.rules.values()),
            events_in_window=0,
        )
        return incidents.record(self.ws, scan, run_id).to_preserve

    def job(self, **log: object) -> ToPreserve:
        """One incident over ten events of one log."""
        made = self.log(**log)  # type: ignore[arg-type]
        [job] = self.waiting(self.finding(made.event_ids[:10]))
        return job

    def seal(self, job: ToPreserve) -> Snapshot:
        """Preserve a job that must succeed."""
        result = evidence.preserve(self.ws, job, "run-1")
        assert isinstance(result, Snapshot), result
        return result

    def fail(self, job: ToPreserve) -> str:
        """Preserve a job that must fail; the reason."""
        result = evidence.preserve(self.ws, job, "run-1")
        assert isinstance(result, PreservationFailure), result
        return result.reason

    def snapshot(self, **log: object) -> Snapshot:
        """A sealed snapshot over ten events."""
        return self.seal(self.job(**log))

    def state(self, incident: str) -> str:
        with self.ws.database.read() as connection:
            return str(connection.scalar(cases.incident.select().with_only_columns(cases.incident.c.state)))


@dataclass
class SealedCity(City):
    """A city that has one snapshot already."""

    sealed: Snapshot = field(kw_only=True)

    def snapshot(self, **log: object) -> Snapshot:
        return self.sealed


def files_of(folder: Path) -> list[str]:
    """Every file of a bag by its name in it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def loosen(folder: Path) -> None:
    """Make a read-only bag writable, as someone who tampers with it would."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
