"""What happens on Linux hosts (and `Reboot`, which happens to all)."""

from __future__ import annotations

from dataclasses import dataclass

from breachwatch.simulate.happenings.base import Happening


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
    """useradd makes a local account and, with `with_group`, its own group."""

    user: str
    uid: int
    login_shell: str = "/bin/bash"
    with_group: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGroupAdded(Happening):
    """groupadd makes a local group."""

    group: str
    gid: int


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
