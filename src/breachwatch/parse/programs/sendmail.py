"""Sendmail: SMTP sign-ins.

Messages: sendmail/srvrsmtp.c. What counts as an attempt to sign in (`action = logon`): `AUTH failure` (since 8.16),
`AUTH=server` with an account (success), and `possible SMTP attack: command=AUTH` (older servers tell of failures in no
other line; `count` of them, `repeat_count`).
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, Values, pattern

_HOST = r"(?:(?P<name>[^ \[\]]{1,256})[ ])?\[(?P<address>[^\] ]{1,64})\](?:[ ]\(may[ ]be[ ]forged\))?"
_FAILED: Final = pattern(
    r"""
    (?P<queue>\w{1,32}):[ ]AUTH[ ]failure[ ]\((?P<method>[\w-]{1,32})\):[ ](?P<why>.{0,512}?)
    (?:,[ ]user=(?P<user>.{0,256}))?,[ ]relay="""
    + _HOST
)
_ATTACK: Final = pattern(
    r"(?P<queue>\w{1,32}):[ ]" + _HOST + r":[ ]possible[ ]SMTP[ ]attack:[ ]command=AUTH,[ ]count=(?P<count>\d{1,6})"
)
_TAKEN: Final = pattern(
    r"(?:(?P<queue>\w{1,32}):[ ])?AUTH=server,[ ]relay="
    + _HOST
    + r",[ ]authid=(?P<user>.{0,256}),[ ]mech=(?P<method>[\w-]{1,32}).*"
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    if "AUTH" not in message:
        return SYSLOG
    attack = _ATTACK.fullmatch(message)
    taken = _TAKEN.fullmatch(message)
    found = attack or taken or _FAILED.fullmatch(message)
    if found is None:
        return SYSLOG
    fields = found.groupdict()
    values["action"], values["service"] = actions.LOGON, "smtp"
    values["outcome"] = actions.SUCCESS if taken else actions.FAILURE
    values["user"], values["auth_method"] = fields.get("user") or None, (fields.get("method") or "").lower() or None
    if attack:
        values["repeat_count"] = int(attack["count"])
    if not taken:
        values["failure_reason"] = "authentication failure"
        if fields.get("why"):
            extra["reason"] = fields["why"]
    if found["queue"]:
        extra["queue"] = found["queue"]
    put_source(values, extra, found["address"])
    if found["name"]:
        extra["source_host"] = found["name"]
    return AUTH


READERS: Final = dict.fromkeys(("sendmail", "sm-mta", "sm-msp", "sm-acceptingconnections", "sm-msp-queue"), read)
