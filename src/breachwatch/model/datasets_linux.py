"""The datasets of Linux's audit daemon and of Sysmon for Linux.

Fields: the field dictionary of linux-audit (audit-documentation, `specs/fields/field-dictionary.csv`), auditd.conf(5)
for the names of the enriched format; the manifest of Sysmon for Linux. Names and spelling are those of the logs and of
public Sigma rules: auditd's `syscall` is the number, `SYSCALL` the name.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from breachwatch.model.datasets_cloud import MANY


def _texts(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.string()) for name in names]


_SYSLOG = _texts("facility", "severity", "msgid", "structured_data")

_AUDITD = [
    *_texts("auth_method", "failure_reason", "target_user", "session_id"),
    *_texts("type", "audit_id"),  # audit_id is `time:serial`, which the records of one event share
    # Of the record itself
    *_texts("arch", "syscall", "SYSCALL", "success", "exit", "argc"),
    *_texts(*(f"a{number}" for number in range(10))),  # arguments: of a system call in hexadecimal, of EXECVE as text
    *_texts("items", "ppid", "auid", "AUID", "uid", "UID", "gid", "euid", "EUID", "suid", "fsuid", "egid", "sgid"),
    *_texts("fsgid", "tty", "ses", "comm", "exe", "subj", "cwd", "proctitle", "data"),
    pa.field("key", pa.string(), metadata={MANY: b"keys of the audit rule, one a line"}),
    *_texts("item", "name", "nametype", "mode", "ouid", "ogid", "objtype"),
    *_texts("op", "acct", "hostname", "addr", "terminal", "res", "unit", "cmd", "apparmor", "operation", "profile"),
    # Of the whole event, under the names that Sysmon and Sigma's categories use
    *_texts("Image", "CommandLine", "CurrentDirectory", "User", "TargetFilename"),
    *_texts("Protocol", "Initiated", "DestinationIp", "DestinationPort", "SourceIp", "SourcePort"),
    *_SYSLOG,
]

_SYSMON = [
    *(pa.field(name, pa.int64()) for name in ("EventID", "EventRecordID", "Level", "Task", "Opcode")),
    *_texts("Channel", "Provider_Name", "Computer", "Keywords", "UserID"),
    *_texts("RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "FileVersion", "Description", "Product"),
    *_texts("Company", "OriginalFileName", "CommandLine", "CurrentDirectory", "User", "LogonGuid", "LogonId"),
    *_texts("TerminalSessionId", "IntegrityLevel", "Hashes", "ParentProcessGuid", "ParentProcessId", "ParentImage"),
    *_texts("ParentCommandLine", "ParentUser", "Protocol", "Initiated", "SourceIp", "SourceHostname", "SourcePort"),
    *_texts("DestinationIp", "DestinationHostname", "DestinationPort", "TargetFilename", "CreationUtcTime"),
    *_texts("Device", "State", "Archived", "IsExecutable", "Configuration", "ConfigurationFileHash"),
    *_SYSLOG,
]

LINUX: Final[tuple[tuple[str, str, list[pa.Field[Any]]], ...]] = (
    ("linux.auditd", "records of the Linux audit daemon", _AUDITD),
    ("linux.sysmon", "Sysmon for Linux: processes, connections, files", _SYSMON),
)
"""Name, what it holds, and the native fields."""
