"""Which program's parser reads which message.

A module beside this one names in `READERS` the programs that it reads (lower case, without path, instance and bracketed
module), and in `OWN_LOG` (`OWN_LOGS` for several) how a log is known that a program writes itself. That is all: nothing
else needs to be told of it.

`action = logon` marks an attempt to sign in, and each attempt is marked once, however many lines tell of it:

==================================  ==================================================================================
sshd                                `Accepted ...` (success), `Failed ...` except "none" (failure)
PAM, for services without own       `authentication failure` (failure): login, gdm, vsftpd, pop, ...;
lines                               for consoles and desktops also `session opened` (success)
network devices                     see the vendor's module
all others                          see the program's module
==================================  ==================================================================================

Acting as another account (sudo, su, pkexec, polkit) is `privilege-used`, no sign-in; sessions are `session-opened` and
`session-closed`; the other lines about an attempt carry user, address and reason without being one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Final

from breachwatch.parse import squid, web_error
from breachwatch.parse.programs import accounts, audit, cron, devices, pam, sysmon
from breachwatch.parse.programs.meaning import AUTH, CRON, LONGEST_MESSAGE, SYSLOG, MessageReader, OwnLog, Values


def _modules() -> Iterator[ModuleType]:
    for module in sorted(module.name for module in iter_modules([str(Path(__file__).parent)])):
        if module != "dispatch":
            yield import_module(f"breachwatch.parse.programs.{module}")


def _declared() -> Mapping[str, MessageReader]:
    """What the modules beside this one declare; raises ValueError where two read the same program."""
    readers: dict[str, MessageReader] = {
        **dict.fromkeys(("apache", "apache2", "httpd", "nginx"), web_error.read),
        **dict.fromkeys(("squid", "squid-1"), squid.read),
    }
    for module in _modules():
        for program, reader in getattr(module, "READERS", {}).items():
            if program in readers:
                msg = f"{module.__name__} reads {program}, which another module reads already"
                raise ValueError(msg)
            readers[program] = reader
    return MappingProxyType(readers)


PROGRAMS: Final = _declared()
"""Parsers by program."""

OWN_LOGS: Final[tuple[OwnLog, ...]] = tuple(
    own
    for module in _modules()
    for own in (*getattr(module, "OWN_LOGS", ()), getattr(module, "OWN_LOG", None))
    if own is not None
)
"""How the logs that programs write themselves, without syslog, are told apart (see `breachwatch.parse.daemon_log`)."""

# Programs whose records belong to linux.auth, also those that no parser here can read.
_AUTH_PROGRAMS: Final = frozenset(
    {
        *("sshd", "sshd-session", "sshd-auth", "sudo", "su", "systemd-logind", "polkitd", "pkexec", "login", "vsftpd"),
        *("dropbear", "doas", "gdm", "lightdm", "sddm", "xrdp-sesman", "in.telnetd", "systemd-homed"),
        *accounts.READERS,
    }
)


_ANY_LENGTH: Final = frozenset({audit.read, sysmon.read})  # records that programs write for programs
_LONGEST_PROGRAM: Final = 128  # what is remembered about programs stays small
_PAM_STARTS: Final = ("pam_", "(pam_")


def read_message(program: str | None, message: str, values: Values, extra: Values) -> str:
    """Fill in what a message means and give its dataset; `program` is its tag or identifier as logged."""
    readable = len(message) <= LONGEST_MESSAGE
    if readable and message.startswith(_PAM_STARTS):
        found = pam.read(program, message, values, extra)
        if found is not None:
            return found
    if program is None or not program[:1].isalpha() or message.startswith("%"):
        found = devices.read(program, message, values, extra) if readable else None
        if found is not None:
            return found
    if program is None or len(program) > _LONGEST_PROGRAM:
        return SYSLOG
    reader, service, default = reader_of(program)
    if not readable and reader not in _ANY_LENGTH:
        return default
    if service is not None:
        return pam.read_for_service(service, message, values, extra)
    return (reader(message, values, extra) if reader is not None else None) or default


@lru_cache(maxsize=8192)
def reader_of(program: str) -> tuple[MessageReader | None, str | None, str]:
    """(parser, PAM service, default dataset) for a tag such as `CRON`, `/usr/sbin/cron` or `sshd(pam_unix)`."""
    name = program.lower()
    if name.startswith("/"):
        name = name.rsplit("/", 1)[1]
    base, bracket, module = name.strip("()").partition("(")
    if bracket and module.startswith(("pam_unix", "pam_sss", "pam_ldap", "pam_winbind", "pam_krb5")):
        return None, base, AUTH  # the wording before Linux-PAM 0.99: sshd(pam_unix)[31738]: session opened ...
    if name.startswith("ovpn-"):
        base = "openvpn"
    base = base.partition("/")[0].partition("@")[0]  # postfix/smtpd, openvpn@city
    reader = PROGRAMS.get(base)
    default = AUTH if base in _AUTH_PROGRAMS else CRON if reader is cron.read else SYSLOG
    return reader, None, default
