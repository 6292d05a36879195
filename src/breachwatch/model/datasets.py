"""The datasets: families of events with one schema and one folder in the lake.

A dataset's native fields keep the log's own names (for Windows the Sigma names), so that public rules read the table as
it is. A field that no schema names goes to the column `extra` and stays reachable by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from breachwatch.errors import UnknownNameError
from breachwatch.model.datasets_cloud import CLOUD
from breachwatch.model.datasets_linux import LINUX
from breachwatch.model.datasets_network import NETWORK
from breachwatch.model.datasets_saas import SAAS
from breachwatch.model.events import REJECTS, event_schema


@dataclass(frozen=True)
class Dataset:
    """One family of events: its name, what it holds, and the full Arrow schema of its Parquet files."""

    name: str
    about: str
    schema: pa.Schema

    @property
    def view(self) -> str:
        """Name of the SQL view, `linux_auth` for `linux.auth`."""
        return self.name.replace(".", "_")


def _strings(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.string()) for name in names]


_SIGN_IN = [
    *_strings("auth_method", "failure_reason", "target_user", "session_id"),
]

_SYSLOG = [
    *_strings("facility", "severity", "msgid", "structured_data"),
]

_WINDOWS_SYSTEM = [
    pa.field("EventID", pa.int64()),
    pa.field("EventRecordID", pa.int64()),
    pa.field("Level", pa.int64()),
    pa.field("Task", pa.int64()),
    pa.field("Opcode", pa.int64()),
    *_strings("Channel", "Provider_Name", "Computer", "Keywords", "UserID"),
]

_WINDOWS_SECURITY = _strings(
    *("SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"),
    *("TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId", "TargetSid", "TargetServerName"),
    *("LogonType", "LogonProcessName", "AuthenticationPackageName", "WorkstationName", "LmPackageName", "LogonGuid"),
    *("IpAddress", "IpPort", "Status", "SubStatus", "FailureReason", "ElevatedToken", "PrivilegeList"),
    *("ProcessId", "ProcessName", "NewProcessId", "NewProcessName", "ParentProcessName", "CommandLine"),
    *("TicketEncryptionType", "TicketOptions", "ServiceName", "ServiceSid", "PreAuthType"),
    *("MemberName", "MemberSid", "SamAccountName", "UserAccountControl"),
    *("ObjectName", "ObjectType", "ObjectServer", "AccessMask", "AccessList", "ShareName", "RelativeTargetName"),
    *("TaskName", "TaskContent", "ServiceFileName", "ServiceType", "ServiceStartType", "ServiceAccount"),
)

_PROCESS_ACCOUNT = pa.field(
    "User",
    pa.string(),
    metadata={"doc": "of 4688: the account that the process runs as, in Sysmon's form DOMAIN\\name"},
)

_SYSMON = _strings(
    *("RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "FileVersion", "Description", "Product", "Company"),
    *("OriginalFileName", "CommandLine", "CurrentDirectory", "User", "LogonGuid", "LogonId", "TerminalSessionId"),
    *(
        "IntegrityLevel",
        "Hashes",
        "Imphash",
        "ParentProcessGuid",
        "ParentProcessId",
        "ParentImage",
        "ParentCommandLine",
    ),
    *("ParentUser", "TargetFilename", "TargetObject", "Details", "EventType", "NewName", "ImageLoaded", "Signed"),
    *("Signature", "SignatureStatus", "SourceImage", "TargetImage", "GrantedAccess", "CallTrace", "StartFunction"),
    *("StartModule", "StartAddress", "SourceProcessGUID", "TargetProcessGUID", "SourceUser", "TargetUser"),
    *("Protocol", "Initiated", "SourceIp", "SourceHostname", "SourcePort", "DestinationIp", "DestinationHostname"),
    *("DestinationPort", "PipeName", "QueryName", "QueryStatus", "QueryResults", "Contents", "CreationUtcTime"),
    *("PreviousCreationUtcTime", "EventNamespace", "Name", "Query", "Operation", "Type", "Destination", "Consumer"),
    *("Filter", "Device", "State", "Archived", "IsExecutable", "ClientInfo"),
)

_POWERSHELL = _strings(
    *(
        "ScriptBlockText",
        "ScriptBlockId",
        "Path",
        "MessageNumber",
        "MessageTotal",
        "ContextInfo",
        "Payload",
        "UserData",
    ),
    *("HostApplication", "HostName", "HostVersion", "EngineVersion", "Data"),
)

_WINDOWS_SERVICES = _strings(
    *("ServiceName", "ImagePath", "ServiceType", "StartType", "AccountName", "param1", "param2", "param3", "Data"),
)


def _dataset(name: str, about: str, *native: pa.Field[Any]) -> Dataset:
    return Dataset(name, about, event_schema(pa.schema(native)))


_ALL = (
    _dataset(
        "linux.auth",
        "sign-ins, sudo, su, PAM sessions and account changes of Linux hosts, from syslog or the journal",
        *_SIGN_IN,
        *_strings("command", "tty", "working_directory", "group", "service"),
        pa.field("uid", pa.int64()),
        *_SYSLOG,
    ),
    _dataset("linux.syslog", "everything else that Linux hosts and devices write to syslog or the journal", *_SYSLOG),
    _dataset("linux.cron", "jobs that cron ran and crontabs that changed", *_strings("command", "service"), *_SYSLOG),
    _dataset(
        "linux.utmp",
        "wtmp, btmp and utmp: sessions, failed sign-ins and boots",
        *_SIGN_IN,
        *_strings("record_type", "tty", "terminal_id"),
    ),
    _dataset(
        "windows.security", "the Windows Security channel", *_WINDOWS_SYSTEM, *_WINDOWS_SECURITY, _PROCESS_ACCOUNT
    ),
    _dataset("windows.sysmon", "Microsoft-Windows-Sysmon/Operational", *_WINDOWS_SYSTEM, *_SYSMON),
    _dataset("windows.powershell", "PowerShell channels, classic and operational", *_WINDOWS_SYSTEM, *_POWERSHELL),
    _dataset("windows.system", "the Windows System channel", *_WINDOWS_SYSTEM, *_WINDOWS_SERVICES),
    _dataset("windows.application", "the Windows Application channel", *_WINDOWS_SYSTEM, *_strings("Data")),
    _dataset("windows.other", "every other Windows channel", *_WINDOWS_SYSTEM, *_strings("Data")),
    *(_dataset(name, about, *native) for name, about, native in (*LINUX, *NETWORK, *CLOUD, *SAAS)),
)

DATASETS: Mapping[str, Dataset] = MappingProxyType({dataset.name: dataset for dataset in _ALL})
"""Every dataset of events, by name."""

REJECTS_DATASET = Dataset("rejects", "records that could not be parsed, byte for byte", REJECTS)


def dataset(name: str) -> Dataset:
    """The dataset of that name; raises UnknownNameError."""
    if name == REJECTS_DATASET.name:
        return REJECTS_DATASET
    try:
        return DATASETS[name]
    except KeyError:
        raise UnknownNameError("dataset", name, DATASETS) from None
