"""Short ways to parse bytes in tests."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from breachwatch.model.segment import Segment
from breachwatch.parse import parse
from breachwatch.settings import Limits

PLANNED = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def make_segment(
    form: str,
    data: bytes,
    *,
    modified_at: datetime = PLANNED,
    time_zone: str = "UTC",
    path: str = "/var/log/some.log",
    start: int = 0,
    first_record: int = 1,
    host: str = "",
) -> Segment:
    return Segment(
        segment_id="0" * 32,
        source="test",
        file_id="file-1",
        path=path,
        format=form,
        start=start,
        end=start + len(data),
        first_record=first_record,
        modified_at=modified_at,
        planned_at=PLANNED,
        time_zone=time_zone,
        host=host,
        after=0,
    )


@dataclass
class Parsed:
    """Events and rejects in the order of their records; values that are empty are left out of each."""

    events: list[dict[str, Any]]
    rejects: list[dict[str, Any]]

    @property
    def records(self) -> list[dict[str, Any]]:
        return sorted([*self.events, *self.rejects], key=lambda record: record["record_number"])


def parsed(form: str, data: bytes, *, limits: Limits | None = None, batch_rows: int = 50_000, **segment: Any) -> Parsed:
    """All events and rejects of `data`."""
    found = make_segment(form, data, **segment)
    result = Parsed([], [])
    for batch in parse_batches(found, data, limits or Limits(), batch_rows):
        for row in batch.table.to_pylist():
            full = {name: value for name, value in row.items() if value is not None}
            if batch.dataset == "rejects":
                result.rejects.append(full)
            else:
                full["dataset"] = batch.dataset
                full["extra"] = json.loads(full.get("extra", "{}"))
                result.events.append(full)
    result.events.sort(key=lambda event: event["record_number"])
    return result


def parse_batches(segment: Segment, data: bytes, limits: Limits, batch_rows: int) -> Iterator[Any]:
    return parse(segment, io.BytesIO(data), limits, batch_rows=batch_rows)


def one_event(form: str, data: bytes, **segment: Any) -> dict[str, Any]:
    """The only event of `data`."""
    result = parsed(form, data, **segment)
    assert not result.rejects
    assert len(result.events) == 1
    return result.events[0]


def message(program: str, text: str) -> dict[str, Any]:
    """What one message of a program means, as a syslog line of host web01."""
    event = one_event("syslog", f"Nov 22 04:15:00 web01 {program}[812]: {text}\n".encode())
    assert event["host"] == "web01"
    assert event["message"] == text
    return event


# What every event has anyway; `extra` is looked at apart.
_FILLED_BY_THE_DRIVER = {
    *("event_id", "time", "time_text", "observed_at", "source", "host", "program", "process_id", "message"),
    *("segment_id", "record_number", "byte_offset", "byte_length", "extra"),
}


def meaning(program: str, text: str) -> dict[str, Any]:
    event = message(program, text)
    if event["repeat_count"] == 1:
        del event["repeat_count"]
    return {name: value for name, value in event.items() if name not in _FILLED_BY_THE_DRIVER}


def auth(**values: Any) -> dict[str, Any]:
    return {"dataset": "linux.auth", **values}


def logon(outcome: str, **values: Any) -> dict[str, Any]:
    return auth(action="logon", outcome=outcome, **values)
