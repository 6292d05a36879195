"""MySQL and MariaDB: refused sign-ins of their error log.

Messages: MySQL sql/auth/sql_authentication.cc (ER_ACCESS_DENIED_ERROR); MariaDB "Error Log". What counts as an attempt
to sign in (`action = logon`): `Access denied for user`. It is only written where the server warns enough
(`log_error_verbosity` 3, MariaDB `log_warnings` 2). Successes are in no error log.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, SYSLOG, OwnLog, Values, pattern

_REFUSED: Final = pattern(
    r"""
    (?:\d{4}-\d\d-\d\d|\d{6})?[T ]{0,2}(?:\d{1,2}:\d\d:\d\d(?:\.\d{1,6})?Z?)?[ ]*   # its own time, within syslog
    (?:\d{1,20}[ ])?(?:\[(?:Warning|Note|ERROR)\][ ]){0,1}(?:\[[\w-]{1,32}\][ ]){0,2}
    Access[ ]denied[ ]for[ ]user[ ]'(?P<user>.{0,256})'@'(?P<address>[^']{0,255})'
    (?:[ ]to[ ]database[ ]'(?P<database>.{0,256})')?(?:[ ]\(using[ ]password:[ ](?P<given>YES|NO)\))?
    """
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of the server."""
    found = _REFUSED.fullmatch(message) if "Access denied" in message else None
    if found is None:
        return SYSLOG
    values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
    values["user"], values["service"], values["auth_method"] = found["user"] or None, "mysql", "password"
    values["failure_reason"] = "no password given" if found["given"] == "NO" else "authentication failure"
    if found["database"]:
        extra["database"] = found["database"]
    if found["address"] != "localhost":
        put_source(values, extra, found["address"])
    return AUTH


READERS: Final = dict.fromkeys(("mysqld", "mariadbd", "mysql", "mariadb"), read)
OWN_LOG: Final = OwnLog("mysqld", re.compile(r"(?:\d{1,20} )?\[(?:Warning|Note|ERROR|System)\] "))
