"""Gateways that let people in from outside: Apache Guacamole, LemonLDAP::NG.

Messages: guacamole-client AuthenticationService.java; Lemonldap::NG::Portal. What counts as an attempt to sign in
(`action = logon`): each line below. Guacamole writes the addresses of the proxies in front of it behind the client's.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_GUACAMOLE: Final = pattern(
    r"""
    .{0,256}?
    (?:Authentication[ ]attempt[ ](?:from[ ]\[?(?P<a>[^ ,\]]{1,64}).{0,256}?\]?[ ])?for[ ]user[ ]"(?P<user>.{0,256})"
         (?:[ ]from[ ]\[?(?P<b>[^ ,\]]{1,64})[^\]]{0,256}\]?)?[ ]failed\.
      |User[ ]"(?P<taken>.{0,256})"[ ]successfully[ ]authenticated[ ]from[ ]\[?(?P<c>[^ ,\]]{1,64})[^\]]{0,256}\]?\.)
    """
)
_LEMONLDAP: Final = pattern(
    r"""
    (?:Lemonldap::NG[ ]?(?:::?|:)[ ]+|\[\w{1,16}\][ ])?
    (?:Bad[ ]password[ ]for[ ](?P<user>.{0,256})|(?P<nobody>.{0,256})[ ]was[ ]not[ ]found[ ]in[ ][\w ]{1,64})
    [ ]\((?P<address>[0-9A-Fa-f.:]{2,45})\)
    """
)


def read_guacamole(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of Guacamole."""
    found = _GUACAMOLE.fullmatch(message)
    if found is None:
        return SYSLOG
    values["action"], values["service"] = actions.LOGON, "guacamole"
    values["user"] = found["user"] or found["taken"] or None
    values["outcome"] = actions.SUCCESS if found["taken"] else actions.FAILURE
    if not found["taken"]:
        values["failure_reason"] = "authentication failure"
    put_source(values, extra, found["a"] or found["b"] or found["c"])
    return AUTH


def read_lemonldap(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of LemonLDAP::NG."""
    found = _LEMONLDAP.fullmatch(message)
    if found is None:
        return SYSLOG
    values["action"], values["outcome"], values["service"] = actions.LOGON, actions.FAILURE, "lemonldap"
    values["user"] = found["user"] or found["nobody"] or None
    values["failure_reason"] = "invalid user" if found["nobody"] else "wrong password"
    put_source(values, extra, found["address"])
    return AUTH


READERS: Final = {"guacamole": read_guacamole, **dict.fromkeys(("llng", "lemonldap-ng"), read_lemonldap)}
OWN_LOG: Final = OwnLog("guacamole", re.compile(r".{0,128}AuthenticationService - "))
