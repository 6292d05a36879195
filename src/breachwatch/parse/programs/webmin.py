"""Webmin and Usermin, which manage hosts in the browser.

Messages: webmin miniserv.pl. What counts as an attempt to sign in (`action = logon`): each line below. With PAM its
`authentication failure` for the service `webmin` tells of the same attempt, and is counted there too.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, Values, pattern

_LOGIN: Final = pattern(
    r"(?P<what>Invalid|Non-existent|Successful|Security[ ]alert:)[ ]login[ ]as[ ]"
    r"(?P<user>.{0,256})[ ]from[ ](?P<address>[^ ]{1,256})[ ]*"
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    found = _LOGIN.fullmatch(message)
    if found is None:
        return SYSLOG
    succeeded = found["what"] == "Successful"
    values["action"], values["user"], values["service"] = actions.LOGON, found["user"] or None, "webmin"
    values["outcome"] = actions.SUCCESS if succeeded else actions.FAILURE
    if not succeeded:
        values["failure_reason"] = "invalid user" if found["what"] == "Non-existent" else "authentication failure"
    put_source(values, extra, found["address"])
    return AUTH


READERS: Final = dict.fromkeys(("webmin", "usermin"), read)
