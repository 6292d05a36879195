"""Proxmox: the virtualisation server, Backup Server and Mail Gateway.

Messages: pve-manager PVE/API2/AccessControl.pm, and the same of its sisters. What counts as an attempt to sign in
(`action = logon`): `authentication failure` and `successful auth for user`. Accounts carry their realm (`root@pam`).
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_FAILED: Final = pattern(
    r"authentication[ ]failure;[ ]rhost=\[?(?P<address>[^ \]]{0,64})\]?"
    r"(?::(?P<port>\d{1,5}))?[ ]user=(?P<user>.{0,256}?)[ ]msg=(?P<why>.{0,512})"
)
_TAKEN: Final = pattern(
    r"(?:<(?P<who>[^<>]{0,256})>[ ])?successful[ ]auth[ ]for[ ]user[ ]'(?P<user>.{0,256})'"
    r"(?:[ ]rhost=\[?(?P<address>[^ \]]{1,64})\]?(?::(?P<port>\d{1,5}))?)?"
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    failed = _FAILED.fullmatch(message)
    found = failed or _TAKEN.fullmatch(message)
    if found is None:
        return SYSLOG
    values["action"], values["service"], values["user"] = actions.LOGON, "proxmox", found["user"] or None
    values["outcome"] = actions.FAILURE if failed else actions.SUCCESS
    if failed:
        unknown = "no such user" in failed["why"]
        values["failure_reason"] = "invalid user" if unknown else "authentication failure"
        extra["reason"] = failed["why"]
    put_source(values, extra, found["address"], found["port"])
    return AUTH


READERS: Final = dict.fromkeys(
    ("pvedaemon", "pveproxy", "proxmox-backup-api", "proxmox-backup-proxy", "pmgdaemon"), read
)
OWN_LOG: Final = OwnLog("proxmox-backup-api", re.compile(r"authentication failure; rhost=|successful auth for user '"))
