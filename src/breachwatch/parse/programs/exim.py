"""Exim, the mail server of Debian and cPanel.

Messages: Exim src/log.c and src/auths/, "Log files" in the specification. What counts as an attempt to sign in
(`action = logon`): `authenticator failed`, and the arrival of a message (`<=`) from a client that had signed in (`A=`).
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_HOST: Final = (
    r"(?:H=)?(?P<name>[^ ()\[\]]{1,256}[ ])?(?:\((?P<helo>[^()]{0,256})\)[ ])?"
    r"\[(?P<address>[^\] ]{1,64})\](?::(?P<port>\d{1,5}))?"
)
_REFUSED: Final = pattern(
    r"""
    (?:\[\d{1,10}\][ ])?(?P<method>[\w.-]{1,64})[ ]authenticator[ ]failed[ ]for[ ]"""
    + _HOST
    + r"""(?:[ ]I=\[[^ ]{1,64})?(?:[ ]U=[^ ]{1,64})?:[ ]
    (?P<why>\d{3}.{0,512}?)(?:[ ]\(set_id=(?P<user>.{0,256})\))?
    """
)
_ARRIVED: Final = pattern(
    r"(?:\[\d{1,10}\][ ])?(?P<queue>[\w-]{10,32})[ ]<=[ ](?P<sender>[^ ]{1,320})[ ](?:.{0,512}?[ ])?"
    + _HOST.replace("(?:H=)?", "H=")
    + r"[ ].{0,1024}?A=(?P<method>[\w.-]{1,64})(?::(?P<user>[^ ]{1,256}))?(?:[ ].*)?"
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of Exim."""
    refused = _REFUSED.fullmatch(message) if "authenticator failed" in message else None
    found = refused or (_ARRIVED.fullmatch(message) if " A=" in message else None)
    if found is None:
        return SYSLOG
    values["action"], values["service"], values["user"] = actions.LOGON, "smtp", found["user"] or None
    values["outcome"] = actions.FAILURE if refused else actions.SUCCESS
    values["auth_method"] = found["method"].lower()
    if refused:
        values["failure_reason"] = "authentication failure"
        extra["reason"] = refused["why"]
    else:
        extra["queue"] = found["queue"]
    put_source(values, extra, found["address"], found["port"])
    if found["name"]:
        extra["source_host"] = found["name"].strip()
    if found["helo"]:
        extra["helo"] = found["helo"]
    return AUTH


READERS: Final = dict.fromkeys(("exim", "exim4"), read)
OWN_LOG: Final = OwnLog(
    "exim",
    re.compile(
        r"(?:\[\d{1,10}\] )?(?:[\w.-]{1,64} authenticator failed for |"
        r"\w{6}-\w{6,11}-\w{2,4} (?:<=|=>|->|\*\*|==|Completed)"
        r"|SMTP (?:connection|call|protocol|command|syntax|data) |Start queue run|End queue run)"
    ),
)
