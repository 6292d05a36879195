"""Sign-ins to Postfix (SASL) and vsftpd.

Messages: postfix src/smtpd/{smtpd_sasl_glue,smtpd}.c; vsftpd logging.c, and vsftpd.conf(5) for `xferlog_std_format`.

What counts as an attempt to sign in (`action = logon`): every success; Postfix's `SASL ... authentication failed`.
Failures of vsftpd are counted where PAM tells of them (see `pam`); in syslog its own lines about them are no further
attempt. In the log that vsftpd writes itself PAM has no voice, so there `FAIL LOGIN` is the attempt.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs import pam
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_POSTFIX_FAILED = pattern(
    r"""
    (?:warning:[ ])?(?P<name>[^ \[]+)\[(?P<address>[^ \]]+)\](?::\d+)?:[ ]
    SASL[ ](?P<method>[^ ]+)[ ]authentication[ ]failed:[ ]?(?P<why>.*?)(?:,[ ]sasl_username=(?P<user>.*))?
    """
)
_POSTFIX_CLIENT = pattern(
    r"""
    (?P<queue>[0-9A-Za-z]+):[ ]client=(?P<name>[^ \[]+)\[(?P<address>[^ \]]+)\](?::\d+)?,[ ]
    sasl_method=(?P<method>[^,]+),[ ]sasl_username=(?P<user>[^,]+).*
    """
)
_OF_PAM: Final = "authentication failure; logname="  # as some builds pass it on, without the module's name
_VSFTPD = pattern(
    r"""
    (?P<own>\[pid[ ]\d+\][ ])?\[(?P<user>.*?)\][ ](?P<word>OK|FAIL)[ ]LOGIN:[ ]Client[ ]"(?P<address>[^"]+)"
    (?:,[ ]"(?P<why>.{0,256})")?.*
    """
)


def read_postfix(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of Postfix."""
    failed = _POSTFIX_FAILED.fullmatch(message) if "SASL" in message else None
    found = failed or (_POSTFIX_CLIENT.fullmatch(message) if "sasl_username" in message else None)
    if found is None:
        return SYSLOG
    values["action"], values["service"] = actions.LOGON, "smtp"
    values["outcome"] = actions.FAILURE if failed else actions.SUCCESS
    values["auth_method"], values["user"] = found["method"].lower(), found["user"]
    if failed:
        values["failure_reason"] = "authentication failure"
        extra["reason"] = failed["why"]
    put_source(values, extra, found["address"])
    if found["name"] != "unknown":
        extra["source_host"] = found["name"]
    return AUTH


def read_vsftpd(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of vsftpd."""
    if message.startswith(_OF_PAM):
        return pam.read_for_service("vsftpd", message, values, extra)
    found = _VSFTPD.fullmatch(message)
    if found is not None:
        succeeded = found["word"] == "OK"
        values["outcome"] = actions.SUCCESS if succeeded else actions.FAILURE
        if succeeded or found["own"]:
            values["action"] = actions.LOGON
        if not succeeded:
            values["failure_reason"] = "authentication failure"
        values["user"], values["service"] = found["user"], "ftp"
        if found["why"]:
            extra["reason"] = found["why"]
        put_source(values, extra, found["address"])
    return AUTH


READERS: Final = {"postfix": read_postfix, "vsftpd": read_vsftpd}
OWN_LOG: Final = OwnLog(
    "vsftpd", re.compile(r"\[pid \d{1,10}\] (?:\[.{0,256}\] )?[A-Z]{2,10}(?: [A-Z]{2,10})?: Client \"")
)
