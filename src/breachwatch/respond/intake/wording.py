"""A report as the exact text that is sealed and kept, and back again."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from breachwatch.model.intake import Channel, Relation, Report, ReportKind
from breachwatch.records.disposing_texts import MARK

SEALED, NOT_SEALED, DUE = "sealed", "not sealed", "due"
"""What the program itself does with a report, as its events say it."""

FILE = "report.json"
"""The name under which a report's text is sealed."""

_TIMES = ("noticed_at", "occurred_from", "occurred_until")
_KINDS = {"kind": ReportKind, "relation": Relation, "channel": Channel}
_LISTS = ("accounts", "systems", "records")


def to_text(number: str, received_at: datetime, report: Report) -> str:
    """JSON in ASCII, so that whatever somebody typed survives every database and file system unchanged."""
    said: dict[str, Any] = {"report": number, "received_at": received_at.isoformat()}
    for field in fields(report):
        value = getattr(report, field.name)
        if isinstance(value, datetime):
            said[field.name] = value.isoformat()
            said[f"{field.name}_zone"] = getattr(value.tzinfo, "key", None) or value.strftime("%z")
        else:
            said[field.name] = list(value) if isinstance(value, tuple) else value
    return json.dumps(said, indent=1) + "\n"


def from_text(text: str) -> Report:
    """The opposite of `to_text`. Of a report that was disposed of only that is left."""
    said = json.loads(text)
    if not said:
        return Report(MARK)
    values: dict[str, Any] = {field.name: said[field.name] for field in fields(Report) if field.name in said}
    for name, kind in _KINDS.items():
        values[name] = kind(values[name])
    for name in _LISTS:
        values[name] = tuple(values[name])
    for name in _TIMES:
        if values[name] is not None:
            values[name] = _in_zone(datetime.fromisoformat(values[name]), said.get(f"{name}_zone", ""))
    return Report(**values)


def _in_zone(moment: datetime, zone: str) -> datetime:
    """The moment in the zone in which it was given, where this machine knows it."""
    if isinstance(moment.tzinfo, timezone) and moment.utcoffset() == timedelta(0) and zone in {"UTC", "+0000"}:
        return moment
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return moment
