"""Events of Windows' Security and System logs and of Sysmon, as the `evtx` tools write them in JSON.

Fields as in Microsoft's "Advanced security auditing" reference (4624, 4688), the Service Control Manager's event 7045,
and the schema of Sysmon 15 (event 1, ProcessCreate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from breachwatch.simulate.cases.files import Record, made_up_id
from breachwatch.simulate.span import utc

SECURITY, SYSTEM, SYSMON = "Security", "System", "Microsoft-Windows-Sysmon/Operational"
_PROVIDERS = {
    SECURITY: ("Microsoft-Windows-Security-Auditing", "54849625-5478-4994-A5BA-3E3B0328C30D", "0x8020000000000000"),
    SYSTEM: ("Service Control Manager", "555908D1-A6D7-4695-8E1E-26931D2012F4", "0x8080000000000000"),
    SYSMON: ("Microsoft-Windows-Sysmon", "5770385F-C22A-43E0-BF4C-06F5698FFBD9", "0x8000000000000000"),
}
_LEVEL = {SECURITY: 0, SYSTEM: 4, SYSMON: 4}
_TASKS = {4624: 12544, 4688: 13312, 7045: 0, 1: 1}
_VERSIONS = {4624: 2, 4688: 2, 7045: 0, 1: 5}


@dataclass(frozen=True, slots=True)
class Machine:
    """A server: its name, its Windows domain, and the DNS domain."""

    name: str
    domain: str
    dns: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the domain, with the last part of its SID and the id of its session."""

    name: str
    rid: int
    session: str


def event(at: int, machine: Machine, channel: str, event_id: int, data: Mapping[str, Any]) -> Record:
    """One event of a channel. Its record number grows with time: the seconds since 2025, times ten, and a digit."""
    name, guid, keywords = _PROVIDERS[channel]
    number = (at // 100_000) - 17_356_896_000
    system = {
        "Provider": {"#attributes": {"Name": name, "Guid": guid}},
        "EventID": event_id,
        "Version": _VERSIONS[event_id],
        "Level": _LEVEL[channel],
        "Task": _TASKS[event_id],
        "Opcode": 0,
        "Keywords": keywords,
        "TimeCreated": {"#attributes": {"SystemTime": utc(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}},
        "EventRecordID": number,
        "Correlation": None,
        "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 700 + number % 37 * 4}},
        "Channel": channel,
        "Computer": f"{machine.name}.{machine.dns}",
        "Security": None,
    }
    return at, {"Event": {"System": system, "EventData": dict(data)}}


def signed_in(at: int, machine: Machine, who: Account, kind: int, address: str, workstation: str) -> Record:
    """4624: an account was signed in; type 3 from the network, 5 as a service, 10 by remote desktop."""
    package = {3: ("Kerberos", "Kerberos"), 5: ("Advapi  ", "Negotiate"), 10: ("User32 ", "Negotiate")}[kind]
    data = {
        **_subject(None),
        "TargetUserSid": _sid(who),
        "TargetUserName": who.name,
        "TargetDomainName": machine.domain,
        "TargetLogonId": who.session,
        "LogonType": kind,
        "LogonProcessName": package[0],
        "AuthenticationPackageName": package[1],
        "WorkstationName": workstation or "-",
        "LogonGuid": made_up_id("logon", at, who.name).upper(),
        "TransmittedServices": "-",
        "LmPackageName": "-",
        "KeyLength": 0,
        "ProcessId": "0x0" if kind == 3 else "0x3c8",
        "ProcessName": "-" if kind == 3 else "C:\\Windows\\System32\\svchost.exe",
        "IpAddress": address or "-",
        "IpPort": str(50_000 + at // 1_000_000 % 9_000) if address else "-",
        "ImpersonationLevel": "%%1833",
    }
    return event(at, machine, SECURITY, 4624, data)


def process(at: int, machine: Machine, who: Account, image: str, command: str, parent: str) -> tuple[Record, Record]:
    """A program was started: 4688 of the Security log, and 1 of Sysmon, which sees it a little later."""
    pid = 3_000 + at // 1_000_000 % 5_000
    audited = {
        **_subject(who, machine.domain),
        "NewProcessId": f"0x{pid:x}",
        "NewProcessName": image,
        "TokenElevationType": "%%1936",
        "ProcessId": "0x2f4",
        "CommandLine": command,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": parent,
        "MandatoryLabel": "S-1-16-12288",
    }
    seen = at + 4_000
    watched = {
        "RuleName": "-",
        "UtcTime": utc(at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        "ProcessGuid": made_up_id("process", at, image).upper(),
        "ProcessId": pid,
        "Image": image,
        "OriginalFileName": image.rpartition("\\")[2],
        "CommandLine": command,
        "CurrentDirectory": "C:\\Windows\\system32\\",
        "User": f"{machine.domain}\\{who.name}",
        "LogonId": who.session,
        "TerminalSessionId": 0,
        "IntegrityLevel": "High",
        "ParentProcessGuid": made_up_id("process", parent).upper(),
        "ParentProcessId": 756,
        "ParentImage": parent,
        "ParentCommandLine": parent,
        "ParentUser": f"{machine.domain}\\{who.name}",
    }
    return event(at, machine, SECURITY, 4688, audited), event(seen, machine, SYSMON, 1, watched)


def service_installed(at: int, machine: Machine, name: str, command: str) -> Record:
    """7045: a service was installed."""
    data = {
        "ServiceName": name,
        "ImagePath": command,
        "ServiceType": "user mode service",
        "StartType": "demand start",
        "AccountName": "LocalSystem",
    }
    return event(at, machine, SYSTEM, 7045, data)


def _sid(who: Account) -> str:
    return f"S-1-5-21-2025429265-492894223-854245398-{who.rid}"


def _subject(who: Account | None, domain: str = "-") -> dict[str, str]:
    return {
        "SubjectUserSid": _sid(who) if who else "S-1-0-0",
        "SubjectUserName": who.name if who else "-",
        "SubjectDomainName": domain,
        "SubjectLogonId": who.session if who else "0x0",
    }
