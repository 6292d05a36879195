"""Further FTP servers: Pure-FTPd, WU-FTPD, and the ftpd of BSD, Solaris and MIT Kerberos.

Messages: pure-ftpd src/messages_en.h; wu-ftpd src/ftpd.c; FreeBSD libexec/ftpd/ftpd.c. What counts as an attempt to
sign in (`action = logon`): each line below but `repeated login failures`, which ends a session whose attempts were told
before where the server tells of them at all.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, Values, pattern

_FORMS: Final = (
    pattern(
        r"""
        \((?P<who>[^@()]{0,256})@(?P<address>[^()]{1,256})\)[ ]\[WARNING\][ ]Authentication[ ]failed[ ]for[ ]user[ ]
        \[(?P<user>.{0,256})\]
        """
    ),
    pattern(
        r"\((?P<who>[^@()]{0,256})@(?P<address>[^()]{1,256})\)[ ]"
        r"\[INFO\][ ](?P<taken>.{1,256})[ ]is[ ]now[ ]logged[ ]in"
    ),
    pattern(
        r"failed[ ]login[ ]from[ ](?P<name>[^ ]{0,256})[ ]\[(?P<address>[^\] ]{1,64})\](?:,[ ](?P<user>.{0,256}))?"
    ),
    pattern(r"FTP[ ]LOGIN[ ]FAILED[ ]FROM[ ](?P<address>[^ ,]{1,256})(?:,[ ](?P<user>.{0,256}))?"),
    pattern(r"FTP[ ]LOGIN[ ]FROM[ ](?P<address>[^ ,]{1,256})(?:[ ]\[[^\]]{1,64}\])?(?:,|[ ]as)[ ](?P<taken>.{1,256})"),
)
_REPEATED: Final = pattern(
    r"repeated[ ]login[ ]failures[ ]from[ ](?P<address>[^ ]{1,256})(?:[ ]\((?P<name>[^()]{0,256})\))?"
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message."""
    found = next((match for form in _FORMS if (match := form.fullmatch(message))), None)
    repeated = _REPEATED.fullmatch(message)
    either = found or repeated
    if either is None:
        return SYSLOG
    fields = either.groupdict()
    values["service"] = "ftp"
    values["outcome"] = actions.SUCCESS if fields.get("taken") else actions.FAILURE
    if found:
        values["action"] = actions.LOGON
    values["user"] = fields.get("taken") or fields.get("user") or None
    if not fields.get("taken"):
        values["failure_reason"] = "authentication failure"
    put_source(values, extra, either["address"])
    if fields.get("name"):
        extra["source_host"] = fields["name"]
    return AUTH


READERS: Final = dict.fromkeys(("pure-ftpd", "wu-ftpd", "ftpd", "in.ftpd", "ftpd-tls"), read)
