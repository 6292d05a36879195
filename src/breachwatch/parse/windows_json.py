"""Windows events as JSON lines, or as JSON in a list or over several lines, in the shapes that tools write.

evtx_dump     {"Event": {"System": {...}, "EventData": {...}}}
winlogbeat    {"@timestamp": ..., "winlog": {"channel": ..., "event_id": ..., "event_data": {...}}}
wazuh         {"win": {"system": {...}, "eventdata": {...}}}, also under "data"
flat          {"EventID": ..., "Channel": ..., "Hostname": ..., <event data>} (NXLog, Log Analytics, OTRF's datasets)
raw XML       a field `log.record.original` with `<Event ...>` in it (Google Cloud Ops Agent)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from breachwatch.model.segment import Segment
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.cloud.records import split_json
from breachwatch.parse.lines import Reader, UnreadableError, json_value, read_lines, read_split
from breachwatch.parse.windows_event import event_row, parse_time
from breachwatch.parse.windows_evtx_json import from_evtx_json
from breachwatch.parse.windows_shapes import (
    WindowsEvent,
    as_text,
    guid,
    integer,
    keywords_text,
    put,
)
from breachwatch.parse.windows_xml import from_xml
from breachwatch.settings import Limits

_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)\s*$")
_LEVELS = {"critical": 1, "error": 2, "warning": 3, "information": 4, "info": 4, "verbose": 5}

# Flat shapes: names of the System part, first one that is there. What is used is taken out of the event data.
_FLAT = {
    "event_id": ("EventID", "EventId", "event_id"),
    "channel": ("Channel",),
    "computer": ("Computer", "Hostname", "MachineName"),
    "provider": ("Provider_Name", "SourceName", "ProviderName", "EventSourceName", "Source"),
    "record_id": ("EventRecordID", "RecordNumber", "RecordId", "EventRecordId"),
    "level": ("Level",),
    "task": ("Task",),
    "opcode": ("OpcodeValue", "Opcode"),
    "keywords": ("Keywords",),
    "process_id": ("ExecutionProcessID",),
}
# The first of these that holds a time is the time; one with a zone is preferred over one without.
_FLAT_TIMES = ("TimeCreated", "SystemTime", "TimeCreatedUtc", "TimeGenerated", "@timestamp", "EventTime")
_UTC_TIMES = frozenset({"TimeCreatedUtc", "TimeGenerated"})  # Log Analytics writes UTC without saying so


def parse_windows_json(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line as one event or one reject."""
    return read_lines(segment, data, limits, _reader(segment))


def parse_windows_json_list(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every object as one event or one reject, however they are laid out; other text between them as rejects."""
    return read_split(segment, split_json(data, limits), limits, _reader(segment))


def _reader(segment: Segment) -> Reader:
    zone = ZoneInfo(segment.time_zone)

    def read(text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        document = json_value(text)
        event = from_json(document)
        return event_row(event, zone if event.local_time else UTC)

    return read


def from_json(document: Any) -> WindowsEvent:
    """One event from a JSON object of any of the shapes; raises UnreadableError for anything else."""
    if not isinstance(document, dict):
        raise UnreadableError("the record is no JSON object")
    if isinstance(document.get("Event"), dict):
        return from_evtx_json(document)
    if isinstance(document.get("winlog"), dict):
        return _from_winlogbeat(document)
    inner = document.get("data")
    win = document.get("win") or (inner.get("win") if isinstance(inner, dict) else None)
    if isinstance(win, dict) and isinstance(win.get("system"), dict):
        return _from_wazuh(win)
    original = document.get("log.record.original")
    if isinstance(original, str) and original.lstrip().startswith("<Event"):
        return from_xml(original)
    if any(name in document for name in _FLAT["event_id"]):
        return _from_flat(document)
    raise UnreadableError("the JSON object has none of the shapes of a Windows event")


def _from_winlogbeat(document: dict[str, Any]) -> WindowsEvent:
    log = document["winlog"]
    event = WindowsEvent(
        event_id=integer(log.get("event_id")),
        channel=_text(log.get("channel")),
        computer=_text(log.get("computer_name")),
        provider=_text(log.get("provider_name")),
        record_id=integer(log.get("record_id")),
        task=integer(log.get("task")),
        opcode=integer(log.get("opcode")),
        keywords=keywords_text(log.get("keywords")),
        time_text=_text(document.get("@timestamp")),
        message=_text(document.get("message")),
    )
    user, process = log.get("user"), log.get("process")
    if isinstance(user, dict):
        event.user_id = _text(user.get("identifier"))
    if isinstance(process, dict):
        event.process_id = integer(process.get("pid"))
    level = document.get("log")
    if isinstance(level, dict):
        event.level = _LEVELS.get(str(level.get("level")).lower())
    for part in ("event_data", "user_data"):
        content = log.get(part)
        for name, value in content.items() if isinstance(content, dict) else ():
            if name != "xml_name":
                # Unnamed values arrive as param1, param2, ...; that is how the manifest-less events name them, too.
                put(event.data, name, value)
    for name in ("activity_id", "provider_guid"):
        if log.get(name):
            event.more[{"activity_id": "ActivityID", "provider_guid": "Provider_Guid"}[name]] = guid(str(log[name]))
    return event


def _from_wazuh(win: dict[str, Any]) -> WindowsEvent:
    """Wazuh writes Windows' names with a small first letter."""
    system = {name[:1].upper() + name[1:]: as_text(value) for name, value in win["system"].items()}
    event = WindowsEvent(
        event_id=integer(system.get("EventID")),
        channel=system.get("Channel"),
        computer=system.get("Computer"),
        provider=system.get("ProviderName"),
        record_id=integer(system.get("EventRecordID")),
        level=integer(system.get("Level")),
        task=integer(system.get("Task")),
        opcode=integer(system.get("Opcode")),
        keywords=keywords_text(system.get("Keywords")),
        process_id=integer(system.get("ProcessID")),
        time_text=system.get("SystemTime"),
        message=system.get("Message"),
    )
    data = win.get("eventdata")
    for name, value in data.items() if isinstance(data, dict) else ():
        put(event.data, name[:1].upper() + name[1:], value)
    return event


def _from_flat(document: dict[str, Any]) -> WindowsEvent:
    fields = dict(document)
    taken = {key: _take(fields, names) for key, names in _FLAT.items()}
    level = taken["level"]
    event = WindowsEvent(
        event_id=integer(taken["event_id"]),
        channel=_text(taken["channel"]),
        computer=_text(taken["computer"]),
        provider=_text(taken["provider"]),
        record_id=integer(taken["record_id"]),
        level=integer(level) if integer(level) is not None else _LEVELS.get(str(level).lower()),
        task=integer(taken["task"]),
        opcode=integer(taken["opcode"]),
        keywords=keywords_text(taken["keywords"]),
        process_id=integer(taken["process_id"]),
        message=_text(fields.pop("Message", None)),
    )
    _set_flat_time(event, fields)
    if "Domain" in fields and "UserID" in fields:  # NXLog adds the writing account; UserID is System/Security
        event.user_id = _text(fields.pop("UserID"))
    for name, value in fields.items():
        put(event.data, name, value)
    if event.channel is None and event.event_id is not None and "SubjectUserName" in event.data:
        event.channel = "Security"  # Log Analytics' SecurityEvent table holds that channel only and does not name it
    return event


def _take(fields: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if fields.get(name) is not None:
            return fields.pop(name)
    return None


def _set_flat_time(event: WindowsEvent, fields: dict[str, Any]) -> None:
    """The time that says its zone, or else the first one; without a zone it is the computer's local time."""
    texts = {name: text for name in _FLAT_TIMES if (text := _text(fields.get(name))) and parse_time(text)}
    zoned = next((name for name, text in texts.items() if name in _UTC_TIMES or _ZONE.search(text)), None)
    name = zoned or next(iter(texts), None)
    if name is not None:
        fields.pop(name)
        event.time_text, event.local_time = texts[name], zoned is None


def _text(value: Any) -> str | None:
    return as_text(value) or None
