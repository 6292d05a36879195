"""Samba: sign-ins to file shares and to a Samba domain controller.

Messages: samba auth/auth_log.c (`log level = 2` or `auth_audit:3`), which begin with `Auth:`. What counts as an attempt
to sign in (`action = logon`): each of them; `NT_STATUS_OK` is success. Status codes: [MS-ERREF] 2.3.1.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_AUTH: Final = pattern(
    r"""
    \s*Auth:[ ]\[(?P<service>[^,\]]{1,64}),(?P<how>[^\]]{0,64})\][ ]user[ ]\[(?P<domain>[^\]]{0,256})\]\\\[
    (?P<user>.{0,256}?)\][ ]
    at[ ]\[(?P<time>[^\]]{1,64})\][ ]with[ ]\[(?P<method>[^\]]{0,64})\][ ]status[ ]\[(?P<status>\w{1,64})\][ ]
    workstation[ ]\[(?P<workstation>[^\]]{0,256})\][ ]remote[ ]host[ ]\[(?P<address>[^\]]{0,128})\].*
    """
)
_REASONS: Final = {
    "NT_STATUS_NO_SUCH_USER": "invalid user",
    "NT_STATUS_WRONG_PASSWORD": "wrong password",
    "NT_STATUS_LOGON_FAILURE": "authentication failure",
    "NT_STATUS_ACCOUNT_LOCKED_OUT": "account locked out",
    "NT_STATUS_ACCOUNT_DISABLED": "account disabled",
    "NT_STATUS_PASSWORD_EXPIRED": "password expired",
}


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    found = _AUTH.fullmatch(message) if "Auth: [" in message else None
    if found is None:
        return SYSLOG
    values["action"], values["service"], values["auth_method"] = (
        actions.LOGON,
        found["service"],
        found["method"].lower(),
    )
    status = found["status"]
    values["outcome"] = actions.SUCCESS if status == "NT_STATUS_OK" else actions.FAILURE
    if status != "NT_STATUS_OK":
        values["failure_reason"] = _REASONS.get(status, status)
    domain, user = found["domain"], found["user"]
    values["user"] = (f"{domain}\\{user}" if domain not in {"", "(null)"} else user) or None
    family, _, rest = found["address"].partition(":")
    address, _, port = rest.rpartition(":")
    put_source(values, extra, address if family in {"ipv4", "ipv6"} else None, port or None)
    extra["workstation"] = found["workstation"]
    return AUTH


READERS: Final = dict.fromkeys(("smbd", "smbd_audit", "samba", "nmbd", "winbindd"), read)
OWN_LOG: Final = OwnLog("smbd", re.compile(r"\s*Auth: \[[^\]]{1,128}\] user \["))
