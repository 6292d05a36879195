"""Sign-ins to mail and file servers: Dovecot, Postfix (SASL), vsftpd.

Messages: dovecot src/login-common/client-common.c; postfix src/smtpd/{smtpd_sasl_glue,smtpd}.c; vsftpd logging.c.

What counts as an attempt to sign in (`action = logon`): every success; Postfix's `SASL ... authentication failed`;
Dovecot's `auth failed, N attempts` (`repeat_count` N), whatever it checks passwords against. Failures of vsftpd are
counted where PAM tells of them (see `pam`); its own lines about them are no further attempt.
"""

from __future__ import annotations

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, Values, pattern

_DOVECOT = pattern(
    r"""
    (?P<service>imap|pop3|managesieve|submission)-login:[ ]
    (?:Info:[ ])?
    (?:(?P<login>Login)|(?P<why>.{0,512}?)):[ ]
    (?:user=<(?P<user>.*?)>,[ ])?(?:method=(?P<method>[^,]*),[ ])?rip=(?P<address>[^, ]+).*
    """
)
_TRIES = pattern(r"auth[ ]failed(?:,[ ](\d{1,6})[ ]attempts?)?")
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
_VSFTPD = pattern(
    r"(?:\[pid[ ]\d+\][ ])?\[(?P<user>.*?)\][ ](?P<word>OK|FAIL)[ ]LOGIN:[ ]Client[ ]\"(?P<address>[^\"]+)\".*"
)


def read_dovecot(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of Dovecot."""
    found = _DOVECOT.fullmatch(message)
    if found is None:
        return SYSLOG
    values["service"], values["auth_method"] = found["service"], (found["method"] or "").lower() or None
    values["user"] = found["user"] or None
    put_source(values, extra, found["address"])
    if found["login"]:
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
        return AUTH
    extra["reason"] = found["why"]
    tries = _TRIES.search(found["why"])
    if tries is None:
        values["action"] = actions.CONNECTION_CLOSED
    else:
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["failure_reason"], values["repeat_count"] = "authentication failure", int(tries[1] or 1)
    return AUTH


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
    found = _VSFTPD.fullmatch(message)
    if found is not None:
        succeeded = found["word"] == "OK"
        values["outcome"] = actions.SUCCESS if succeeded else actions.FAILURE
        if succeeded:
            values["action"] = actions.LOGON
        else:
            values["failure_reason"] = "authentication failure"
        values["user"], values["service"] = found["user"], "ftp"
        put_source(values, extra, found["address"])
    return AUTH
