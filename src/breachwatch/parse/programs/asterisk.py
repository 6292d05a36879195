"""Asterisk, the telephone exchange: SIP registrations.

Messages: asterisk channels/chan_sip.c, res/res_pjsip/pjsip_distributor.c. What counts as an attempt to sign in (`action
= logon`): a registration or request that was refused.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_REFUSED: Final = pattern(
    r"""
    (?:\[[^\]]{1,64}\][ ])?(?:NOTICE|WARNING|SECURITY)\[\d{1,10}\](?:\[[\w-]{1,32}\])?:?[ ]
    [\w/.]{1,64}:(?:(?:\d{1,6}[ ]in)?[ ]\w{1,64}:)?[ ]
    (?:Registration|Request[ ]'\w{1,32}')[ ]from[ ]'(?:"?(?P<name>[^"'<]{0,256})"?)?[ ]?
    (?:<sips?:(?P<user>[^@>]{1,256})@.{0,256}?)?'[ ]
    failed[ ]for[ ]'(?P<address>[^':]{1,64}|\[[^\]']{1,64}\])(?::(?P<port>\d{1,5}))?'[ ]
    (?:\(callid:[ ].{0,256}?\)[ ])?-[ ](?P<why>.{0,256})
    """
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    found = _REFUSED.fullmatch(message) if " failed for " in message else None
    if found is None:
        return SYSLOG
    values["action"], values["outcome"], values["service"] = actions.LOGON, actions.FAILURE, "sip"
    values["user"] = found["user"] or found["name"] or None
    unknown = "No matching" in found["why"] or "not found" in found["why"]
    values["failure_reason"] = "invalid user" if unknown else "authentication failure"
    extra["reason"] = found["why"]
    put_source(values, extra, found["address"], found["port"])
    return AUTH


READERS: Final = {"asterisk": read}
OWN_LOG: Final = OwnLog(
    "asterisk", re.compile(r"(?:NOTICE|WARNING|SECURITY|VERBOSE|ERROR)\[\d{1,10}\](?:\[[\w-]{1,32}\])?:? [\w/.]{1,64}:")
)
