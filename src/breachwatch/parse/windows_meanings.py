"""What Windows events mean: a short text, an action of breachwatch.model.actions, and whose account acts.

Event numbers: Microsoft, "Advanced security audit policy settings", Sysinternals' documentation of Sysmon, and the
event manifests of Service Control Manager, User32, EventLog and Terminal Services.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from breachwatch.model import actions as a

SECURITY = "Security"
SYSTEM = "System"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
LINUX_SYSMON = "Linux-Sysmon/Operational"
RDP_SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
RDP_CONNECTIONS = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"

_ACTOR = ("SubjectUserName",)
_TARGET = ("TargetUserName",)


class Meaning(NamedTuple):
    """`outcome` None: the record itself says it (audit keywords, status)."""

    text: str
    action: str | None = None
    outcome: str | None = None
    user: tuple[str, ...] = ()  # data fields that may name who acts, first one that is filled
    about: str | None = None  # data field that names whom or what it was done to, for the message


def _security() -> dict[int, Meaning]:
    return {
        1100: Meaning("The event logging service shut down", a.SERVICE_STOPPED),
        1102: Meaning("The audit log was cleared", a.LOG_CLEARED, a.SUCCESS, _ACTOR),
        517: Meaning("The audit log was cleared", a.LOG_CLEARED, a.SUCCESS, ("ClientUserName", "SubjectUserName")),
        4608: Meaning("Windows is starting up", a.SYSTEM_STARTED),
        4609: Meaning("Windows is shutting down", a.SYSTEM_STOPPED),
        4616: Meaning("The system time was changed", user=_ACTOR),
        4624: Meaning("An account was logged on", a.LOGON, a.SUCCESS, _TARGET),
        4625: Meaning("An account failed to log on", a.LOGON, a.FAILURE, _TARGET),
        4634: Meaning("An account was logged off", a.LOGOFF, a.SUCCESS, _TARGET),
        4647: Meaning("User initiated logoff", a.LOGOFF, a.SUCCESS, _TARGET),
        4648: Meaning("Logon with explicit credentials", a.PRIVILEGE_USED, None, _ACTOR, "TargetUserName"),
        4656: Meaning("A handle to an object was requested", user=_ACTOR, about="ObjectName"),
        4662: Meaning("An operation was performed on a directory object", user=_ACTOR, about="ObjectName"),
        4663: Meaning("An attempt was made to access an object", user=_ACTOR, about="ObjectName"),
        4672: Meaning("Special privileges assigned to new logon", a.PRIVILEGE_ASSIGNED, a.SUCCESS, _ACTOR),
        4673: Meaning("A privileged service was called", user=_ACTOR, about="Service"),
        4674: Meaning("An operation was attempted on a privileged object", user=_ACTOR, about="ObjectName"),
        4688: Meaning("A process was created", a.PROCESS_STARTED, a.SUCCESS, _ACTOR, "NewProcessName"),
        4689: Meaning("A process exited", a.PROCESS_ENDED, a.SUCCESS, _ACTOR, "ProcessName"),
        4697: Meaning("A service was installed", a.SERVICE_INSTALLED, a.SUCCESS, _ACTOR, "ServiceName"),
        4698: Meaning("A scheduled task was created", a.TASK_CREATED, a.SUCCESS, _ACTOR, "TaskName"),
        4699: Meaning("A scheduled task was deleted", user=_ACTOR, about="TaskName"),
        4700: Meaning("A scheduled task was enabled", user=_ACTOR, about="TaskName"),
        4701: Meaning("A scheduled task was disabled", user=_ACTOR, about="TaskName"),
        4702: Meaning("A scheduled task was updated", user=_ACTOR, about="TaskName"),
        4719: Meaning("System audit policy was changed", user=_ACTOR),
        4720: Meaning("A user account was created", a.USER_CREATED, None, _ACTOR, "TargetUserName"),
        4722: Meaning("A user account was enabled", a.USER_ENABLED, None, _ACTOR, "TargetUserName"),
        4723: Meaning("An account's password change was attempted", a.PASSWORD_CHANGED, None, _ACTOR, "TargetUserName"),
        4724: Meaning("An account's password reset was attempted", a.PASSWORD_RESET, None, _ACTOR, "TargetUserName"),
        4725: Meaning("A user account was disabled", a.USER_DISABLED, None, _ACTOR, "TargetUserName"),
        4726: Meaning("A user account was deleted", a.USER_DELETED, None, _ACTOR, "TargetUserName"),
        4727: Meaning("A global security group was created", a.GROUP_CREATED, None, _ACTOR, "TargetUserName"),
        4728: Meaning("Member added to a global group", a.GROUP_MEMBER_ADDED, None, _ACTOR, "TargetUserName"),
        4729: Meaning("Member removed from a global group", a.GROUP_MEMBER_REMOVED, None, _ACTOR, "TargetUserName"),
        4730: Meaning("A global security group was deleted", a.GROUP_DELETED, None, _ACTOR, "TargetUserName"),
        4731: Meaning("A local security group was created", a.GROUP_CREATED, None, _ACTOR, "TargetUserName"),
        4732: Meaning("Member added to a local group", a.GROUP_MEMBER_ADDED, None, _ACTOR, "TargetUserName"),
        4733: Meaning("Member removed from a local group", a.GROUP_MEMBER_REMOVED, None, _ACTOR, "TargetUserName"),
        4734: Meaning("A local security group was deleted", a.GROUP_DELETED, None, _ACTOR, "TargetUserName"),
        4738: Meaning("A user account was changed", a.USER_CHANGED, None, _ACTOR, "TargetUserName"),
        # The computer that noticed is the subject; the account is the news.
        4740: Meaning("A user account was locked out", a.USER_LOCKED_OUT, a.SUCCESS, _TARGET),
        4754: Meaning("A universal security group was created", a.GROUP_CREATED, None, _ACTOR, "TargetUserName"),
        4756: Meaning("Member added to a universal group", a.GROUP_MEMBER_ADDED, None, _ACTOR, "TargetUserName"),
        4757: Meaning("Member removed from a universal group", a.GROUP_MEMBER_REMOVED, None, _ACTOR, "TargetUserName"),
        4758: Meaning("A universal security group was deleted", a.GROUP_DELETED, None, _ACTOR, "TargetUserName"),
        4767: Meaning("A user account was unlocked", a.USER_UNLOCKED, None, _ACTOR, "TargetUserName"),
        4768: Meaning("A Kerberos authentication ticket was requested", a.TICKET_REQUESTED, None, _TARGET),
        4769: Meaning("A Kerberos service ticket was requested", a.TICKET_REQUESTED, None, _TARGET, "ServiceName"),
        4770: Meaning("A Kerberos service ticket was renewed", a.TICKET_REQUESTED, None, _TARGET, "ServiceName"),
        4771: Meaning("Kerberos pre-authentication failed", a.LOGON, a.FAILURE, _TARGET),
        4776: Meaning("Credentials were checked (NTLM)", a.LOGON, None, _TARGET),
        4778: Meaning("A session was reconnected", a.SESSION_OPENED, None, ("AccountName",)),
        4779: Meaning("A session was disconnected", a.SESSION_CLOSED, None, ("AccountName",)),
        4781: Meaning("An account name was changed", a.USER_CHANGED, None, _ACTOR, "NewTargetUserName"),
        5140: Meaning("A network share was accessed", user=_ACTOR, about="ShareName"),
        5145: Meaning("A network share object was checked for access", user=_ACTOR, about="RelativeTargetName"),
        5156: Meaning("Windows Filtering Platform allowed a connection", a.CONNECTION_ALLOWED),
        5157: Meaning("Windows Filtering Platform blocked a connection", a.CONNECTION_BLOCKED),
    }


def _sysmon() -> dict[int, Meaning]:
    user = ("User",)
    return {
        1: Meaning("Process created", a.PROCESS_STARTED, a.SUCCESS, user, "Image"),
        2: Meaning("File creation time changed", None, None, user, "TargetFilename"),
        3: Meaning("Network connection", a.CONNECTION, None, user, "DestinationIp"),
        4: Meaning("Sysmon service state changed", None, None, (), "State"),
        5: Meaning("Process ended", a.PROCESS_ENDED, a.SUCCESS, user, "Image"),
        6: Meaning("Driver loaded", None, None, (), "ImageLoaded"),
        7: Meaning("Image loaded", None, None, user, "ImageLoaded"),
        8: Meaning("Remote thread created", None, None, ("SourceUser",), "TargetImage"),
        9: Meaning("Raw disk read", None, None, user, "Device"),
        10: Meaning("Process accessed", None, None, ("SourceUser",), "TargetImage"),
        11: Meaning("File created", None, None, user, "TargetFilename"),
        12: Meaning("Registry object created or deleted", None, None, user, "TargetObject"),
        13: Meaning("Registry value set", None, None, user, "TargetObject"),
        14: Meaning("Registry object renamed", None, None, user, "TargetObject"),
        15: Meaning("File stream created", None, None, user, "TargetFilename"),
        16: Meaning("Sysmon configuration changed"),
        17: Meaning("Pipe created", None, None, user, "PipeName"),
        18: Meaning("Pipe connected", None, None, user, "PipeName"),
        22: Meaning("DNS query", None, None, user, "QueryName"),
        23: Meaning("File deleted", None, None, user, "TargetFilename"),
        25: Meaning("Process image tampered", None, None, user, "Image"),
        26: Meaning("File deletion detected", None, None, user, "TargetFilename"),
    }


_SYSTEM: dict[int, Meaning] = {
    104: Meaning("An event log was cleared", a.LOG_CLEARED, a.SUCCESS, _ACTOR, "Channel"),
    1074: Meaning("A shutdown or restart was requested", a.SYSTEM_STOPPED, None, ("param7",), "param5"),
    6005: Meaning("The event log service was started", a.SYSTEM_STARTED),
    6006: Meaning("The event log service was stopped", a.SYSTEM_STOPPED),
    6008: Meaning("The previous shutdown was unexpected", a.SYSTEM_STOPPED),
    7034: Meaning("A service ended unexpectedly", a.SERVICE_STOPPED, None, (), "param1"),
    7036: Meaning("A service changed its state", None, None, (), "param1"),
    7040: Meaning("A service's start type was changed", None, None, (), "param1"),
    7045: Meaning("A service was installed", a.SERVICE_INSTALLED, a.SUCCESS, (), "ServiceName"),
}
# Event numbers of the System channel belong to their provider: others use the same ones.
_SYSTEM_PROVIDERS = {104: "eventlog", 1074: "user32", 6005: "eventlog", 6006: "eventlog", 6008: "eventlog"}
_SERVICE_CONTROL = "service control manager"

_RDP = {
    21: Meaning("Remote desktop session logon", a.SESSION_OPENED, a.SUCCESS, ("User",)),
    23: Meaning("Remote desktop session logoff", a.SESSION_CLOSED, a.SUCCESS, ("User",)),
    24: Meaning("Remote desktop session disconnected", a.SESSION_CLOSED, a.SUCCESS, ("User",)),
    25: Meaning("Remote desktop session reconnected", a.SESSION_OPENED, a.SUCCESS, ("User",)),
}

_BY_CHANNEL: Mapping[str, Mapping[int, Meaning]] = MappingProxyType(
    {
        SECURITY: _security(),
        SYSMON: _sysmon(),
        LINUX_SYSMON: _sysmon(),
        RDP_SESSIONS: _RDP,
        # Without network level authentication the user has only connected, so it is no logon.
        RDP_CONNECTIONS: {1149: Meaning("Remote desktop user connected", a.CONNECTION, a.SUCCESS, ("Param1",))},
    }
)


def meaning(channel: str | None, provider: str | None, event_id: int | None) -> Meaning | None:
    """What this event is, or None where it is none that this table knows."""
    if event_id is None:
        return None
    if channel == SYSTEM:
        found = _SYSTEM.get(event_id)
        expected = _SYSTEM_PROVIDERS.get(event_id, _SERVICE_CONTROL)
        return found if found and expected in (provider or "").lower() else None
    return _BY_CHANNEL.get(channel or "", {}).get(event_id)
