"""What can happen in the city: typed, product-free where possible. Writers turn each into the lines hosts would write.

`at` and `until` are moments (see span.py). `mark` names the planted story it belongs to; empty: daily life.
"""

from __future__ import annotations

from breachwatch.simulate.happenings.base import Happening
from breachwatch.simulate.happenings.linux import (
    CronJob,
    CrontabReplaced,
    LocalAccountAdded,
    LocalGroupAdded,
    LocalGroupJoined,
    LocalPasswordSet,
    Reboot,
    SshFailure,
    SshSession,
    Su,
    Sudo,
    UnitRun,
)
from breachwatch.simulate.happenings.network import Packet, VpnFailure, VpnProbe, VpnSession, WebRequest
from breachwatch.simulate.happenings.windows import (
    AccountLockedOut,
    DomainAccountCreated,
    DomainLogon,
    DomainLogonFailure,
    EventLogCleared,
    ExplicitCredentials,
    GroupMemberAdded,
    PasswordReset,
    ProcessStarted,
    ServiceInstalled,
    ServiceTicket,
    TicketGrantingTicket,
)

__all__ = [
    "AccountLockedOut",
    "CronJob",
    "CrontabReplaced",
    "DomainAccountCreated",
    "DomainLogon",
    "DomainLogonFailure",
    "EventLogCleared",
    "ExplicitCredentials",
    "GroupMemberAdded",
    "Happening",
    "LocalAccountAdded",
    "LocalGroupAdded",
    "LocalGroupJoined",
    "LocalPasswordSet",
    "Packet",
    "PasswordReset",
    "ProcessStarted",
    "Reboot",
    "ServiceInstalled",
    "ServiceTicket",
    "SshFailure",
    "SshSession",
    "Su",
    "Sudo",
    "TicketGrantingTicket",
    "UnitRun",
    "VpnFailure",
    "VpnProbe",
    "VpnSession",
    "WebRequest",
]
