"""One Windows event as a line: JSON in the shape the `evtx` library gives, or XML in the shape Windows exports.

The XML's namespace and element order are those of the event schema (MS-EVEN6 section 2.2.13).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from breachwatch.simulate.span import utc
from breachwatch.simulate.writers.syslog import full_name

EVENT_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
LOG_NAMESPACE = "http://manifests.microsoft.com/win/2004/08/windows/eventlog"

AUDIT_SUCCESS = "0x8020000000000000"
AUDIT_FAILURE = "0x8010000000000000"
CLASSIC = "0x80000000000000"

Value = str | int


@dataclass(frozen=True, slots=True)
class Provider:
    """Who writes an event; some name a GUID, some an older source name."""

    name: str
    guid: str = ""
    source_name: str = ""


SECURITY_AUDITING = Provider("Microsoft-Windows-Security-Auditing", "54849625-5478-4994-A5BA-3E3B0328C30D")
EVENTLOG = Provider("Microsoft-Windows-Eventlog", "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}")
SERVICE_CONTROL = Provider(
    "Service Control Manager", "{555908d1-a6d7-4695-8e1e-26931d2012f4}", "Service Control Manager"
)
CLASSIC_EVENTLOG = Provider("EventLog")


@dataclass(frozen=True, slots=True)
class WindowsEvent:
    """One event without the numbers that its log gives it."""

    event_id: int
    provider: Provider
    channel: str
    task: int
    data: Mapping[str, Value]
    keywords: str = AUDIT_SUCCESS
    version: int = 0
    level: int = 0
    qualifiers: int | None = None
    process_id: int = 612
    user_sid: str = ""
    log_cleared: bool = False  # the fields are UserData/LogFileCleared, not EventData


def as_json(at: int, event: WindowsEvent, number: int, host: str) -> bytes:
    """The event as one line of JSON."""
    provider = {"Name": event.provider.name}
    if event.provider.guid:
        provider["Guid"] = event.provider.guid
    if event.provider.source_name:
        provider["EventSourceName"] = event.provider.source_name
    event_id: object = event.event_id
    if event.qualifiers is not None:
        event_id = {"#attributes": {"Qualifiers": event.qualifiers}, "#text": event.event_id}
    system: dict[str, object] = {
        "Provider": {"#attributes": provider},
        "EventID": event_id,
        "Version": event.version,
        "Level": event.level,
        "Task": event.task,
        "Opcode": 0,
        "Keywords": event.keywords,
        "TimeCreated": {"#attributes": {"SystemTime": utc(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}},
        "EventRecordID": _FIRST_RECORD + number,
        "Correlation": None,
        "Execution": {"#attributes": {"ProcessID": event.process_id, "ThreadID": 700 + number % 37 * 4}},
        "Channel": event.channel,
        "Computer": full_name(host),
        "Security": {"#attributes": {"UserID": event.user_sid}} if event.user_sid else None,
    }
    document: dict[str, object] = {"#attributes": {"xmlns": EVENT_NAMESPACE}, "System": system}
    if event.log_cleared:
        document["UserData"] = {"LogFileCleared": {"#attributes": {"xmlns": LOG_NAMESPACE}, **event.data}}
    else:
        document["EventData"] = dict(event.data) or None
    return json.dumps({"Event": document}, separators=(",", ":"), ensure_ascii=False).encode()


def as_xml(at: int, event: WindowsEvent, number: int, host: str) -> bytes:
    """The event as one line of XML. Times have seven decimals, as Windows counts in 100 nanoseconds."""
    provider = f"<Provider Name={quoteattr(event.provider.name)}"
    if event.provider.guid:
        provider += f" Guid={quoteattr('{' + event.provider.guid.strip('{}') + '}')}"
    if event.provider.source_name:
        provider += f" EventSourceName={quoteattr(event.provider.source_name)}"
    qualifiers = "" if event.qualifiers is None else f" Qualifiers='{event.qualifiers}'"
    security = f"<Security UserID={quoteattr(event.user_sid)}/>" if event.user_sid else "<Security/>"
    system = (
        f"<System>{provider}/><EventID{qualifiers}>{event.event_id}</EventID><Version>{event.version}</Version>"
        f"<Level>{event.level}</Level><Task>{event.task}</Task><Opcode>0</Opcode><Keywords>{event.keywords}</Keywords>"
        f"<TimeCreated SystemTime='{utc(at).strftime('%Y-%m-%dT%H:%M:%S.%f')}0Z'/>"
        f"<EventRecordID>{_FIRST_RECORD + number}</EventRecordID><Correlation/>"
        f"<Execution ProcessID='{event.process_id}' ThreadID='{700 + number % 37 * 4}'/>"
        f"<Channel>{event.channel}</Channel><Computer>{full_name(host)}</Computer>{security}</System>"
    )
    if event.log_cleared:
        fields = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in event.data.items())
        body = f"<UserData><LogFileCleared xmlns='{LOG_NAMESPACE}'>{fields}</LogFileCleared></UserData>"
    else:
        fields = "".join(
            f"<Data Name={quoteattr(name)}>{_text(_as_in_xml(name, value))}</Data>"
            for name, value in event.data.items()
        )
        body = f"<EventData>{fields}</EventData>"
    return f"<Event xmlns='{EVENT_NAMESPACE}'>{system}{body}</Event>".encode()


_FIRST_RECORD = 400_000  # the hosts have been running for a while


def _as_in_xml(name: str, value: Value) -> Value:
    """Windows writes GUIDs in braces; the `evtx` library's JSON leaves them out."""
    return f"{{{value}}}" if name.endswith("Guid") else value


def _text(value: Value) -> str:
    """Text of an element; line breaks as character references keep the event on one line."""
    return escape(str(value), {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
