"""Cyrus IMAP, and the IMAP and POP servers of the University of Washington's kind that write alike.

Messages: cyrus-imapd imap/{imapd,pop3d,nntpd}.c, timsieved/parser.c. What counts as an attempt to sign in (`action =
logon`): `badlogin:` and `login:`.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, Values, pattern

_LINE: Final = pattern(
    r"""
    (?P<bad>bad)?login:[ ](?:(?P<name>[^ \[\]]{1,256})[ ]?)?\[(?P<address>[^\] ]{1,64})\][ ](?P<rest>.*)
    """
)
_REFUSED: Final = pattern(
    r"""
    (?P<method>[\w-]{1,32})[ ](?:(?P<user>[^ \[]{1,256})[ ])?\[?
    (?P<why>SASL\(-?\d{1,5}\).{0,512}?|[A-Za-z].{0,512}?)\]?
    """
)
_TAKEN: Final = pattern(r"(?P<user>[^ ]{1,256})[ ](?P<method>[\w+-]{1,32})[ ]User[ ]logged[ ]in.*")
_OF_REASON: Final = pattern(r".*user:[ ](?P<user>[^ ]{1,256})[ ]property:.*")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    line = _LINE.fullmatch(message)
    found = (_REFUSED if line["bad"] else _TAKEN).fullmatch(line["rest"]) if line else None
    if line is None or found is None:
        return SYSLOG
    values["action"], values["outcome"] = actions.LOGON, actions.FAILURE if line["bad"] else actions.SUCCESS
    values["user"], values["auth_method"] = found["user"] or None, found["method"].lower()
    values["service"] = "imap"
    if line["bad"]:
        why = found["why"]
        named = _OF_REASON.fullmatch(why)
        values["user"] = values["user"] or (named["user"] if named else None)
        values["failure_reason"] = "invalid user" if "user not found" in why else "authentication failure"
        extra["reason"] = why
    put_source(values, extra, line["address"])
    if line["name"]:
        extra["source_host"] = line["name"]
    return AUTH


READERS: Final = dict.fromkeys(("cyrus", "imap", "imaps", "imapd", "pop3", "pop3s", "pop3d", "timsieved"), read)
