"""One Windows event, whatever it was rendered as: `WindowsEvent`, and the value rules that all renderings share.

The same record read from EVTX, from evtx_dump JSON and from Windows XML gives the same values: numbers become decimal
text, booleans `true` and `false`, GUIDs lower case in braces (as Windows renders them), several unnamed `Data` one text
with a line each. Lines end with LF alone, as XML has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")
_GUID_LENGTHS = (36, 38)  # without and with braces


@dataclass(slots=True)
class WindowsEvent:
    """One event. Texts as Windows renders them; numbers of the System part as int where they are numbers."""

    event_id: int | None = None
    channel: str | None = None
    computer: str | None = None
    provider: str | None = None
    record_id: int | None = None
    level: int | None = None
    task: int | None = None
    opcode: int | None = None
    keywords: str | None = None
    user_id: str | None = None  # SID under which the record was written
    process_id: int | None = None
    time_text: str | None = None
    local_time: bool = False  # time_text names no zone and is in the computer's own
    message: str | None = None  # as rendered by Windows, where the forwarder kept it
    data: dict[str, str] = field(default_factory=dict)  # EventData and UserData by leaf name
    more: dict[str, str] = field(default_factory=dict)  # of System: Version, Qualifiers, ThreadID, ActivityID ...


def put(fields: dict[str, str], name: str, value: Any) -> None:
    """Add a field; a second value of the same name is added on a line of its own. Null adds nothing."""
    text = as_text(value, name)
    if text is not None:
        fields[name] = f"{fields[name]}\n{text}" if name in fields else text


def as_text(value: Any, name: str = "") -> str | None:
    """A value as Windows writes it in XML."""
    if isinstance(value, str):  # nearly all are, and there are dozens in a record
        if len(value) in _GUID_LENGTHS and name[-4:].lower() == "guid":
            return guid(value)
        return value.replace("\r\n", "\n") if "\r" in value else value
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if isinstance(value, list):
        return "\n".join(text for item in value if (text := as_text(item, name)) is not None)
    if isinstance(value, dict):
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def guid(text: str) -> str:
    """A GUID in braces and lower case; other text as it is."""
    return _guid(text) if len(text) in _GUID_LENGTHS else text


@lru_cache(maxsize=8192)
def _guid(text: str) -> str:
    found = _GUID.fullmatch(text)
    return f"{{{found[1].lower()}}}" if found else text


def integer(value: Any) -> int | None:
    """A whole number of the System part, from a number, decimal or hexadecimal text; None where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= 24:
        try:
            return int(value, 16) if value.lower().startswith("0x") else int(value)
        except ValueError:
            return None
    return None


def keywords_text(value: Any) -> str | None:
    """Keywords as 16 hexadecimal digits (`0x8020000000000000`); forwarders also write a signed number or words."""
    if isinstance(value, str) and value.lower().startswith("0x"):
        return value.lower()
    number = integer(value)
    if number is not None:
        return f"0x{number & 0xFFFFFFFFFFFFFFFF:016x}"
    return as_text(value)


def set_system(event: WindowsEvent, parts: Mapping[str, str | None]) -> None:
    """Fill the System part from its leaves; names as in the schema, attributes as `Element.Attribute`."""
    event.event_id = integer(parts.get("EventID"))
    event.channel = parts.get("Channel") or None
    event.computer = parts.get("Computer") or None
    event.provider = parts.get("Provider.Name") or parts.get("Provider.EventSourceName") or None
    event.record_id = integer(parts.get("EventRecordID"))
    event.level = integer(parts.get("Level"))
    event.task = integer(parts.get("Task"))
    event.opcode = integer(parts.get("Opcode"))
    event.keywords = keywords_text(parts.get("Keywords"))
    event.user_id = parts.get("Security.UserID") or None
    event.process_id = integer(parts.get("Execution.ProcessID"))
    event.time_text = parts.get("TimeCreated.SystemTime") or None
    for name, key in _SYSTEM_MORE.items():
        value = parts.get(key)
        if value:
            event.more[name] = guid(value) if key in _GUIDS else value


_SYSTEM_MORE = {
    "Version": "Version",
    "Qualifiers": "EventID.Qualifiers",
    "ThreadID": "Execution.ThreadID",
    "ActivityID": "Correlation.ActivityID",
    "RelatedActivityID": "Correlation.RelatedActivityID",
    "Provider_Guid": "Provider.Guid",
    "EventSourceName": "Provider.EventSourceName",
}
MORE = frozenset(_SYSTEM_MORE)
"""The names in `WindowsEvent.more`."""
_GUIDS = frozenset({"Correlation.ActivityID", "Correlation.RelatedActivityID", "Provider.Guid"})
