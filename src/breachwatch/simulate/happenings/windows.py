"""What happens in the Windows domain."""

from __future__ import annotations

from dataclasses import dataclass

from breachwatch.simulate.happenings.base import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLogon(Happening):
    """A Windows sign-in of a domain account to `host`, its session ending at `until`.

    `logon_type` as in event 4624: 2 console, 3 network, 5 service, 10 remote desktop.
    """

    user: str
    logon_type: int
    address: str
    port: int
    workstation: str
    until: int
    domain_controller: str
    fresh_ticket: bool = False  # the account asks for a new ticket-granting ticket first
    ntlm: bool = False
    elevated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLogonFailure(Happening):
    """A refused Windows sign-in. `reason`: bad password, no such user, or locked out."""

    user: str
    logon_type: int
    address: str
    port: int
    workstation: str
    domain_controller: str
    reason: str = "bad password"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketGrantingTicket(Happening):
    """`user` asks the domain controller `host` for a ticket-granting ticket; a wrong password is refused."""

    user: str
    address: str
    port: int
    succeeds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTicket(Happening):
    """`user` asks the domain controller `host` for a ticket to `service`."""

    user: str
    service: str
    address: str
    port: int
    encryption: str = "0x12"  # AES-256; 0x17 is RC4


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitCredentials(Happening):
    """`user` uses the credentials of `target_user` for `server` (runas, scheduled tasks)."""

    user: str
    target_user: str
    server: str
    process: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted(Happening):
    """A process starts on a Windows host that audits process creation."""

    user: str
    image: str
    command_line: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainAccountCreated(Happening):
    """A domain account is created, enabled and given a password by `by`."""

    user: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMemberAdded(Happening):
    """`by` adds `user` to a domain group (or, with `local`, to a built-in local group)."""

    user: str
    group: str
    by: str
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Happening):
    """`by` resets the password of `user`."""

    user: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLockedOut(Happening):
    """A domain account is locked after too many failures from `workstation`."""

    user: str
    workstation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogCleared(Happening):
    """`by` clears a Windows event log."""

    by: str
    channel: str  # Security or System


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInstalled(Happening):
    """A Windows service is installed."""

    service: str
    image_path: str
    by: str
    start_type: str = "demand start"
