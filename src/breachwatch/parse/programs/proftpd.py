"""ProFTPD.

Messages: ProFTPD src/log.c, modules/mod_auth.c, with the server's and the client's name and address before each. What
counts as an attempt to sign in (`action = logon`): `Login successful`, `Login failed` and `no such user found`.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, Values, pattern

_SESSION = pattern(r"\S{1,256}[ ]\([^ \[\]]{1,256}\[(?P<address>[^ \]]{1,64})\]\)(?:[ ]-|:)[ ](?P<text>.*)")
_TAKEN = pattern(r"(?:USER|ANON)[ ](?P<user>.*):[ ]Login[ ]successful\.?")
_REFUSED = pattern(r"USER[ ](?P<user>.*)[ ]\(Login[ ]failed\):[ ](?P<why>.{0,256}?)\.?[ ]*")
_NOBODY = pattern(r"USER[ ](?P<user>.*):[ ]no[ ]such[ ]user[ ]found[ ]from[ ]\S+[ ]\[[^ \]]+\][ ]to[ ]\S+[ ]*")
_ROOT = pattern(r"SECURITY[ ]VIOLATION:[ ](?P<user>[Rr]oot)[ ]login[ ]attempted\.?")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message; what is about no session belongs to the rest of syslog."""
    session = _SESSION.fullmatch(message)
    if session is None:
        return SYSLOG
    put_source(values, extra, session["address"])
    values["service"] = "ftp"
    for form in (_TAKEN, _REFUSED, _NOBODY, _ROOT):
        found = form.fullmatch(session["text"])
        if found is None:
            continue
        values["user"] = found["user"].lower() if form is _ROOT else found["user"]
        values["action"] = actions.LOGON
        values["outcome"] = actions.SUCCESS if form is _TAKEN else actions.FAILURE
        if form is _NOBODY:
            values["failure_reason"] = "unknown user"
        elif form is not _TAKEN:
            values["failure_reason"] = "authentication failure"
            extra["reason"] = found["why"] if form is _REFUSED else "root may not sign in"
        break
    else:
        if session["text"].startswith("Maximum login attempts"):
            values["outcome"], values["failure_reason"] = actions.FAILURE, "too many authentication failures"
    return AUTH


READERS: Final = {"proftpd": read}
