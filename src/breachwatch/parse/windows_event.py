"""One Windows event as a row: its dataset by channel, native fields under their Sigma names, and the event core."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, NamedTuple

from breachwatch.model import actions
from breachwatch.model.datasets import DATASETS
from breachwatch.parse.address import canonical_ip
from breachwatch.parse.windows_meanings import SECURITY, SYSTEM, Meaning, meaning
from breachwatch.parse.windows_shapes import WindowsEvent
from breachwatch.parse.windows_status import kerberos_reason, ntstatus_reason, number

_DATASET_BY_CHANNEL = {
    "security": "windows.security",
    "microsoft-windows-sysmon/operational": "windows.sysmon",
    "linux-sysmon/operational": "linux.sysmon",
    "windows powershell": "windows.powershell",
    "microsoft-windows-powershell/operational": "windows.powershell",
    "powershellcore/operational": "windows.powershell",
    "system": "windows.system",
    "application": "windows.application",
}
# Fields that name where something came from, by event family; first one that holds an address.
_ADDRESS_FIELDS = ("IpAddress", "ClientAddress", "SourceIp", "SourceAddress", "Address", "Param3")
PORT_FIELDS = ("IpPort", "SourcePort")
_STATUS_FIELDS = frozenset({"Status", "SubStatus", "FailureCode"})
_STATE_FIELD = "param2"  # of a service
PROCESS_FIELDS = frozenset(
    f"{whose}{what}" for whose in ("Subject", "Target") for what in ("UserName", "UserSid", "DomainName")
)
_ADDRESSED = frozenset((*_ADDRESS_FIELDS, *PORT_FIELDS))
_NOTHING = frozenset({"", "-", "N/A"})
_AUDIT_SUCCESS = 0x0020000000000000
_AUDIT_FAILURE = 0x0010000000000000
_PROCESS_CREATED = 4688
_SYSTEM_ACCOUNTS = {  # well-known SIDs, [MS-DTYP] 2.4.2.4
    "S-1-5-18": "NT AUTHORITY\\SYSTEM",
    "S-1-5-19": "NT AUTHORITY\\LOCAL SERVICE",
    "S-1-5-20": "NT AUTHORITY\\NETWORK SERVICE",
}
_LONGEST_DETAIL = 256
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_USUAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z", re.ASCII)
_KERBEROS_EVENTS = frozenset({4768, 4769, 4770, 4771})


def event_row(event: WindowsEvent, zone: tzinfo = UTC) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """(dataset, values, extra) of an event. `time` is naive UTC; `zone` is that of times which name none."""
    dataset = dataset_of(event.channel)
    values: dict[str, Any] = {
        "time": parse_time(event.time_text, zone),
        "time_text": event.time_text,
        "host": event.computer,
        "program": event.provider,
        "process_id": event.process_id,
        "EventID": event.event_id,
        "EventRecordID": event.record_id,
        "Level": event.level,
        "Task": event.task,
        "Opcode": event.opcode,
        "Channel": event.channel,
        "Provider_Name": event.provider,
        "Computer": event.computer,
        "Keywords": event.keywords,
        "UserID": event.user_id,
    }
    extra: dict[str, Any] = event.more.copy()
    data, columns = event.data, native_fields(dataset)
    if data.keys() <= columns:
        values.update(data)
    else:
        for name, text in data.items():
            if name in columns:
                values[name] = text
            else:
                extra[name] = text
    if event.channel == SECURITY and event.event_id == _PROCESS_CREATED:
        values["User"] = _process_account(data)
    what = meaning(event.channel, event.provider, event.event_id)
    _set_core(event, what, values)
    if event.message is not None:
        extra["Message"] = event.message
    return dataset, {name: value for name, value in values.items() if value is not None}, extra


def dataset_of(channel: str | None) -> str:
    """The dataset of a channel's events."""
    return _DATASET_BY_CHANNEL.get((channel or "").lower(), "windows.other")


class Core(NamedTuple):
    """What the core columns of an event say beside its System part; named as these."""

    user: str | None
    source_ip: str | None
    action: str | None
    outcome: str | None
    message: str
    User: str | None  # of a process that was created; Sysmon's name


def core_of(event: WindowsEvent) -> Core:
    """The core columns of an event; of its data, only `core_fields` are looked at."""
    values = event_row(event)[1]
    return Core._make(values.get(name) for name in Core._fields)


def core_fields(channel: str | None, provider: str | None, event_id: int | None) -> frozenset[str]:
    """The data fields that say something about the core columns of such events, but for ports (`port_of`)."""
    what = meaning(channel, provider, event_id)
    fields = {*_ADDRESS_FIELDS, *(what.user if what else ()), *([what.about] if what and what.about else ())}
    if channel == SECURITY:
        fields |= _STATUS_FIELDS
        fields |= PROCESS_FIELDS if event_id == _PROCESS_CREATED else frozenset()
    if channel == SYSTEM:
        fields.add(_STATE_FIELD)
    return frozenset(fields)


def port_of(text: str | None) -> int | None:
    """The port that is written in the first of PORT_FIELDS that an event has."""
    port = number(text)
    return port if port and port < 65_536 else None


@cache
def native_fields(dataset: str) -> frozenset[str]:
    """The columns of a Windows dataset that event data may fill: all that start with an upper-case or `param` name."""
    system = {"EventID", "EventRecordID", "Level", "Task", "Opcode", "Channel", "Provider_Name", "Computer", "Keywords"}
    names = {name for name in DATASETS[dataset].schema.names if name[0].isupper() or name.startswith("param")}
    return frozenset(names - system - {"UserID"})


def parse_time(text: str | None, zone: tzinfo = UTC) -> datetime | None:
    """A time as Windows and forwarders write it (ISO 8601, up to 100 ns) as naive UTC; None if it is none."""
    if text and _USUAL_TIME.fullmatch(text):  # as the `evtx` library and CloudTrail write all of them
        try:
            return datetime.fromisoformat(text[:-1])
        except ValueError:
            return None
    found = _TIME.match(text) if text else None
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}")
        at += timedelta(microseconds=int((found[3] or "0").ljust(6, "0")[:6]))
        own = found[4] and datetime.fromisoformat(f"2000-01-01T00:00:00{found[4].replace('UTC', 'Z')}").tzinfo
        return at.replace(tzinfo=own or zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def account_name(text: str | None) -> str | None:
    r"""An account without its domain (`CITY\jmeyer`, `jmeyer@CITY.LAN`); None for `-` and empty text."""
    if text is None or text in _NOTHING:
        return None
    name = text.rpartition("\\")[2]
    return name.partition("@")[0] or name or None


def _process_account(data: dict[str, str]) -> str | None:
    """Whom a process of 4688 runs as, in Sysmon's form; 4688 calls services' accounts by the computer's name."""
    whose = "Target" if data.get("TargetUserName", "-") not in _NOTHING else "Subject"
    known = _SYSTEM_ACCOUNTS.get(data.get(f"{whose}UserSid", ""))
    name, domain = data.get(f"{whose}UserName", ""), data.get(f"{whose}DomainName", "-")
    if known is not None or name in _NOTHING:
        return known
    return name if domain in _NOTHING else f"{domain}\\{name}"


def _set_core(event: WindowsEvent, what: Meaning | None, values: dict[str, Any]) -> None:
    data = event.data
    values["user"] = values["source_ip"] = values["source_port"] = None
    for field in what.user if what else ():
        if name := account_name(data.get(field)):
            values["user"] = name
            break
    if not _ADDRESSED.isdisjoint(data):
        for field in _ADDRESS_FIELDS:
            if ip := _address(data.get(field)):
                values["source_ip"] = ip
                break
        values["source_port"] = port_of(next((data[field] for field in PORT_FIELDS if field in data), None))
    reason = _failure_reason(event) if event.channel == SECURITY else None
    values["action"] = _action(event, what, reason)
    values["outcome"] = _outcome(event, what, reason)
    values["message"] = _message(event, what, values, reason)


def _address(text: str | None) -> str | None:
    if text is None or text in _NOTHING or text.upper() == "LOCAL":
        return None
    return canonical_ip(text)


def _action(event: WindowsEvent, what: Meaning | None, reason: str | None) -> str | None:
    if event.channel == SYSTEM and event.event_id == 7036 and what:
        state = event.data.get(_STATE_FIELD, "").lower()
        return {"running": actions.SERVICE_STARTED, "stopped": actions.SERVICE_STOPPED}.get(state)
    if event.channel == SECURITY and event.event_id == 4768 and reason is not None:
        return actions.LOGON  # a refused ticket is the domain's failed sign-in
    return what.action if what else None


def _failure_reason(event: WindowsEvent) -> str | None:
    """Why the sign-in that an event of the Security log tells of was refused, None where it was not or is none."""
    status, event_id = event.data.get("Status"), event.event_id
    if event_id in _KERBEROS_EVENTS:
        return kerberos_reason(status or event.data.get("FailureCode"))
    if event_id == 4625:
        return ntstatus_reason(status, event.data.get("SubStatus")) or "reason not given"
    return ntstatus_reason(status) if event_id == 4776 else None


def _outcome(event: WindowsEvent, what: Meaning | None, reason: str | None) -> str | None:
    if what and what.outcome:
        return what.outcome
    if event.channel != SECURITY:
        return None
    if event.event_id in _KERBEROS_EVENTS or event.event_id == 4776:
        return actions.FAILURE if reason else actions.SUCCESS
    return _audit_outcome((event.keywords or "").lower())


def _audit_outcome(keywords: str) -> str | None:
    """What the audit keywords say, as bits (`0x8020000000000000`) or as a forwarder's words (`Audit Success`)."""
    bits = int(keywords, 16) if re.fullmatch(r"0x[0-9a-f]{1,16}", keywords) else 0
    if bits & _AUDIT_FAILURE or "audit failure" in keywords:
        return actions.FAILURE
    return actions.SUCCESS if bits & _AUDIT_SUCCESS or "audit success" in keywords else None


def _message(event: WindowsEvent, what: Meaning | None, values: dict[str, Any], reason: str | None) -> str:
    """One line: number, what happened, who, to whom, from where, why."""
    parts = [str(event.event_id if event.event_id is not None else "?")]
    parts.append(what.text if what else (event.provider or event.channel or "Windows event"))
    details: list[str] = []
    if values["user"]:
        details.append(values["user"])
    about = event.data.get(what.about) if what and what.about else None
    if about and about not in _NOTHING:
        details.append(f"-> {about}" if details else about)
    if values["source_ip"]:
        details.append(f"from {values['source_ip']}")
    text = " ".join(parts) + (": " + " ".join(details) if details else "")
    if reason:
        text += f" ({reason})"
    return " ".join(text.split())[:_LONGEST_DETAIL]
