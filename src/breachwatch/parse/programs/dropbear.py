"""Dropbear, the SSH server of small devices.

Messages: Dropbear svr-auth.c, svr-authpasswd.c, svr-authpam.c, svr-authpubkey.c, svr-session.c. What counts as an
attempt to sign in (`action = logon`): a password or key that was taken, a password that was not, and a name that no
account has. `Exit before auth` tells of the end of a connection whose attempts were counted already.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

# In the foreground Dropbear writes its own process id and time before each message.
_OWN_TIME = r"(?:\[\d+\][ ][A-Z][a-z]{2}[ ]\d\d[ ]\d\d:\d\d:\d\d[ ])?"
_FROM = r"[ ]from[ ]<?(?P<address>[^ <>]+):(?P<port>\d+)>?"
_REFUSED = pattern(_OWN_TIME + r"[Bb]ad[ ](?:PAM[ ])?password[ ]attempt[ ]for[ ]'(?P<user>.*)'" + _FROM)
_NOBODY = pattern(
    _OWN_TIME + r"[Ll]ogin[ ]attempt[ ](?:with[ ].{1,64}?[ ])?for[ ]nonexistent[ ]user(?:[ ]'(?P<user>.*)')?" + _FROM
)
_TAKEN = pattern(
    _OWN_TIME
    + r"(?:PAM[ ])?(?P<method>[Pp]assword|[Pp]ubkey)[ ]auth[ ]succeeded[ ]for[ ]'(?P<user>.*)'"
    + r"(?:[ ]with[ ](?:\S+[ ])?key[ ](?P<key>.{1,256}?))?"
    + _FROM
)
_ENDED = pattern(_OWN_TIME + r"[Ee]xit[ ]before[ ]auth" + _FROM + r":.*")
_ENDED_UNTIL_2013 = pattern(_OWN_TIME + r"[Ee]xit[ ]before[ ]auth[ ]\(.{0,256}\):.{0,512}" + _FROM)
_METHODS = {"password": "password", "pubkey": "publickey"}


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message; Dropbear's messages belong to linux.auth whether understood or not."""
    for form in (_REFUSED, _NOBODY, _TAKEN, _ENDED, _ENDED_UNTIL_2013):
        found = form.fullmatch(message)
        if found is None:
            continue
        put_source(values, extra, found["address"], found["port"])
        values["user"] = found.groupdict().get("user") or None
        if form in (_ENDED, _ENDED_UNTIL_2013):
            values["action"] = actions.CONNECTION_CLOSED
        elif form is _TAKEN:
            values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
            values["auth_method"] = _METHODS[found["method"].lower()]
            if found["key"]:
                extra["key"] = found["key"]
        else:
            values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
            values["auth_method"] = "password" if form is _REFUSED else None
            values["failure_reason"] = "bad password" if form is _REFUSED else "invalid user"
        break
    return AUTH


READERS: Final = {"dropbear": read}
