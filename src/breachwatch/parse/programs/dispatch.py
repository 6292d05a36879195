"""Which program's parser reads which message. To add a program: write its module beside this one and name it here.

`action = logon` marks an attempt to sign in, and each attempt is marked once, however many lines tell of it:

==================================  ==================================================================================
sshd                                `Accepted ...` (success), `Failed ...` except "none" (failure)
Dropbear, ProFTPD                   a password or key taken (success), refused, or for a name nobody has (failure)
PAM, for services without own       `authentication failure` (failure): login, gdm, vsftpd, webmin, ...;
lines                               for consoles and desktops also `session opened` (success)
Dovecot, Postfix, vsftpd            `Login:`, `sasl_username=`, `OK LOGIN` (success);
                                    `auth failed, N attempts` (N failures), `SASL ... authentication failed`
network devices                     see the vendor's module
OpenVPN, charon, pppd               connection or IKE_SA established by name, authentication succeeded (success);
                                    verification, EAP method or authentication failed (failure)
==================================  ==================================================================================

Acting as another account (sudo, su, pkexec, polkit) is `privilege-used`, no sign-in; sessions are `session-opened` and
`session-closed`; the other lines about an attempt carry user, address and reason without being one.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final

from breachwatch.parse import squid, web_error
from breachwatch.parse.programs import (
    accounts,
    audit,
    clamav,
    cron,
    devices,
    dns,
    dropbear,
    filterlog,
    login,
    logind,
    mail,
    netfilter,
    pam,
    polkit,
    proftpd,
    sshd,
    su,
    sudo,
    sysmon,
    vpn,
)
from breachwatch.parse.programs.meaning import AUTH, CRON, LONGEST_MESSAGE, SYSLOG, MessageReader, Values

_ACCOUNT_TOOLS = (
    *(
        "useradd",
        "userdel",
        "usermod",
        "groupadd",
        "groupdel",
        "groupmod",
        "gpasswd",
        "passwd",
        "chpasswd",
        "chgpasswd",
    ),
    *("chage", "chfn", "chsh", "newusers", "adduser", "addgroup", "deluser", "delgroup"),
)

PROGRAMS: Final = MappingProxyType(
    {
        "sshd": sshd.read,
        "sshd-session": sshd.read,
        "sshd-auth": sshd.read,
        "sudo": sudo.read,
        "su": su.read,
        **dict.fromkeys(_ACCOUNT_TOOLS, accounts.read),
        **dict.fromkeys(("cron", "crond", "crontab", "anacron", "atd"), cron.read),
        "systemd-logind": logind.read,
        "elogind": logind.read,
        "polkitd": polkit.read,
        "pkexec": polkit.read,
        "login": login.read,
        "kernel": audit.read_kernel,
        "ufw": netfilter.read,
        "filterlog": filterlog.read,
        **dict.fromkeys(("apache", "apache2", "httpd", "nginx"), web_error.read),
        **dict.fromkeys(("squid", "squid-1"), squid.read),
        **dict.fromkeys(("named", "dnsmasq", "unbound"), dns.read),
        **dict.fromkeys(("clamd", "clamav", "clamscan", "clamonacc"), clamav.read),
        **dict.fromkeys(("audispd", "audisp-syslog", "auditd"), audit.read),
        "sysmon": sysmon.read,
        "openvpn": vpn.read_openvpn,
        "ovpn-server": vpn.read_openvpn,
        "charon": vpn.read_charon,
        "charon-systemd": vpn.read_charon,
        "pppd": vpn.read_pppd,
        "dovecot": mail.read_dovecot,
        "postfix": mail.read_postfix,
        "vsftpd": mail.read_vsftpd,
        "dropbear": dropbear.read,
        "proftpd": proftpd.read,
    }
)
"""Parsers by program, lower case, without path, instance and bracketed module."""

# Programs whose records belong to linux.auth, also those that no parser here can read.
_AUTH_PROGRAMS = frozenset(
    {
        "sshd",
        "sshd-session",
        "sshd-auth",
        "sudo",
        "su",
        "systemd-logind",
        "polkitd",
        "pkexec",
        "login",
        "vsftpd",
        "dropbear",
        "doas",
        "gdm",
        "lightdm",
        "sddm",
        "xrdp-sesman",
        "in.telnetd",
        "systemd-homed",
        *_ACCOUNT_TOOLS,
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
    reader, service, default = _reader(program)
    if not readable and reader not in _ANY_LENGTH:
        return default
    if service is not None:
        return pam.read_for_service(service, message, values, extra)
    return (reader(message, values, extra) if reader is not None else None) or default


@lru_cache(maxsize=8192)
def _reader(program: str) -> tuple[MessageReader | None, str | None, str]:
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
