"""Dovecot: IMAP, POP3, ManageSieve and submission.

Messages: dovecot src/login-common/client-common.c; src/auth/{auth-worker-server,passdb-pam,passdb-sql,db-ldap}.c.

What counts as an attempt to sign in (`action = logon`): `Login:`; `auth failed, N attempts` (`repeat_count` N),
whatever the password was checked against; a login that was refused because it came without encryption, or that the
server behind a proxy refused. The auth process tells of the same attempts with the reason (`auth_verbose`): those lines
carry account, address and reason, and are no further attempt.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, MessageReader, OwnLog, Values, pattern

_SERVICES: Final = ("imap", "pop3", "managesieve", "submission")
_LOGIN: Final = pattern(
    r"""
    (?P<service>imap|pop3|managesieve|submission)-login:[ ]
    (?:Info:[ ])?
    (?:(?P<login>Login)|(?P<why>.{0,512}?)):[ ]
    (?:user=<(?P<user>.*?)>,[ ])?(?:method=(?P<method>[^,]*),[ ])?rip=(?P<address>[^, ]+).*
    """
)
_TRIES: Final = pattern(r"auth[ ]failed(?:,[ ](\d{1,6})[ ]attempts?)?")
_PLAINTEXT: Final = "tried to use dis"  # disabled, disallowed plaintext auth
_CHECKED: Final = pattern(
    r"""
    (?:dovecot:[ ])?
    (?:auth(?:-worker)?(?:\([^()]{0,32}\))?:[ ]
      (?:Info:[ ]|conn[ ].{0,256}?:[ ](?=auth-worker<)|auth-worker<\d{1,10}>:[ ]){0,4})?
    (?P<how>pam|passwd-file|passwd|shadow|sql|ldap|lua|static|oauth2|ldap-bind)
    \((?P<user>.{0,256}),(?P<address>[0-9A-Fa-f.:]{2,45})(?:,<?(?P<session>[^<>()]{0,64})>?)?\):[ ]
    (?P<why>pam_authenticate\(\)[ ]failed:.{0,256}|unknown[ ]user.{0,256}|[Pp]assword[ ]mismatch.{0,256}|
       invalid[ ]credentials.{0,256})
    """
)
_CHECKED_SINCE_24: Final = pattern(
    r"""
    auth\((?P<user>.{0,256}),(?P<address>[0-9A-Fa-f.:]{2,45}),sasl:\w{1,32}\)<(?P<session>[^<>]{0,64})>:[ ]
    (?:Info:[ ])?(?P<how>\w{1,16}):[ ](?P<why>[Pp]assword[ ]mismatch.{0,256}|unknown[ ]user.{0,256})
    """
)
_SECRET: Final = re.compile(r" \((?:SHA1 of )?given password: .*\)")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of Dovecot's master process, which names its part first."""
    found = _LOGIN.fullmatch(message)
    if found is not None:
        _login(found.groupdict(), values, extra)
        return AUTH
    checked = _CHECKED.fullmatch(message) or _CHECKED_SINCE_24.fullmatch(message)
    if checked is None:
        return SYSLOG
    values["outcome"], values["user"] = actions.FAILURE, checked["user"] or None
    values["session_id"], values["auth_method"] = checked["session"] or None, checked["how"]
    put_source(values, extra, checked["address"])
    unknown = "unknown" in checked["why"].lower() or "not known" in checked["why"].lower()
    values["failure_reason"] = "invalid user" if unknown else "authentication failure"
    extra["reason"] = _SECRET.sub("", checked["why"])
    return AUTH


def _login(found: dict[str, str | None], values: Values, extra: Values) -> None:
    values["service"], values["auth_method"] = found["service"], (found["method"] or "").lower() or None
    values["user"] = found["user"] or None
    put_source(values, extra, found["address"])
    if found["login"]:
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
        return
    why = str(found["why"])
    extra["reason"] = why
    tries = _TRIES.search(why)
    if tries is not None:
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["failure_reason"], values["repeat_count"] = "authentication failure", int(tries[1] or 1)
    elif _PLAINTEXT in why:
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["failure_reason"] = "plaintext authentication refused"
    else:
        values["action"] = actions.CONNECTION_CLOSED


def _part(name: str) -> MessageReader:
    """The reader for a log in which the part itself is the program."""

    def read_part(message: str, values: Values, extra: Values) -> str | None:
        return read(f"{name}: {message}", values, extra)

    return read_part


READERS: Final = {
    "dovecot": read,
    **{f"{service}-login": _part(f"{service}-login") for service in _SERVICES},
    **dict.fromkeys(("auth", "auth-worker", "dovecot-auth"), _part("auth")),
}
OWN_LOG: Final = OwnLog(
    "dovecot", re.compile(r"(?:imap|pop3|managesieve|submission)-login: |auth(?:-worker)?(?:\([^()]{1,320}\))")
)
