"""What can happen in the city: typed, product-free where possible. Writers turn each into the lines hosts would write.

`at` and `until` are moments (see span.py). `mark` names the planted story it belongs to; empty: daily life.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens on `host` at the moment `at`."""

    at: int
    host: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshFailure(Happening):
    """One SSH connection that never got in: `tries` wrong passwords (0: it left before the first)."""

    user: str
    address: str
    port: int
    known: bool  # the account exists on the host
    tries: int = 1
    folded: bool = False  # syslog folds equal lines into "message repeated N times"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSession(Happening):
    """A successful SSH sign-in by `method`, after `typos` wrong passwords, until `until`."""

    user: str
    address: str
    port: int
    until: int
    method: str = "publickey"
    typos: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudo(Happening):
    """`user` runs `command` as root with sudo; `typos` wrong passwords first."""

    user: str
    command: str
    seconds: int = 1
    directory: str = ""
    typos: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Su(Happening):
    """`user` becomes `to` with su, or fails to."""

    user: str
    to: str
    succeeds: bool
    seconds: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJob(Happening):
    """Cron runs a command."""

    user: str
    command: str
    seconds: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CrontabReplaced(Happening):
    """`user` installs a new crontab for `owner`."""

    user: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccountAdded(Happening):
    """useradd makes a local account with its own group."""

    user: str
    uid: int
    shell: str = "/bin/bash"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGroupJoined(Happening):
    """usermod puts a local account into a group."""

    user: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPasswordSet(Happening):
    """passwd sets a local account's password."""

    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRun(Happening):
    """systemd runs a unit that ends after `seconds`."""

    unit: str
    about: str
    seconds: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot(Happening):
    """A host goes down and comes back after `seconds`."""

    seconds: int = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet(Happening):
    """A packet that netfilter logs."""

    verdict: str  # BLOCK, ALLOW or AUDIT, as UFW writes it
    source: str
    destination: str
    protocol: str  # TCP, UDP or ICMP
    source_port: int
    destination_port: int
    outgoing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest(Happening):
    """A request to a web server."""

    address: str
    method: str
    path: str
    status: int
    size: int
    agent: str
    user: str = "-"
    referrer: str = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnFailure(Happening):
    """A VPN client whose password is refused."""

    user: str
    address: str
    port: int
    domain_controller: str
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnSession(Happening):
    """A VPN sign-in that holds until `until`; inside, the client is `pool_address`."""

    user: str
    address: str
    port: int
    pool_address: str
    until: int
    domain_controller: str


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
