"""lighttpd: refused sign-ins to protected folders.

Messages: lighttpd src/mod_auth.c (http_auth.c before 1.4.46). What counts as an attempt to sign in (`action = logon`):
each line with a password or digest that was refused. Successes are in no error log.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import SYSLOG, OwnLog, Values, pattern

_REFUSED: Final = pattern(
    r"""
    \(?(?:http_auth|mod_auth)\.c\.\d{1,6}\)[ ]
    (?P<why>password[ ]doesn't[ ]match[ ]for[ ](?P<uri>.{0,2048}?)[ ]username:[ ](?P<user>.{0,256}?)|
       digest:[ ]auth[ ]failed[ ]for[ ][ ]?(?P<digest_user>.{0,256}?)[ ]:[ ]wrong[ ]password|
       digest:[ ]auth[ ]failed:[ ].{0,512}?|get_password[ ]failed)
    ,?[ ]IP:[ ](?P<address>[^ ]{1,64})
    """
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    found = _REFUSED.fullmatch(message)
    if found is None:
        return SYSLOG
    values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
    values["user"] = found["user"] or found["digest_user"] or None
    values["auth_method"] = "digest" if found["why"].startswith("digest") else "password"
    values["failure_reason"] = "invalid user" if found["why"].startswith("get_password") else "authentication failure"
    values["module"] = "mod_auth"
    if found["uri"]:
        values["cs_uri"] = found["uri"]
    put_source(values, extra, found["address"])
    return "web.error"


READERS: Final = {"lighttpd": read}
OWN_LOG: Final = OwnLog("lighttpd", re.compile(r":? ?\(?[\w/.-]{1,64}\.c\.\d{1,6}\) "))
