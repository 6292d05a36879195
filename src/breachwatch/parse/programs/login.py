"""login on consoles. Messages: util-linux login-utils/login.c, shadow src/login.c.

The attempt itself is what PAM writes for the service `login` (see `pam`): these lines repeat it, with the terminal, and
are no further attempt.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_ON = pattern(
    r"""
    (?:(?P<root>ROOT[ ]LOGIN)[ ]+on[ ]'?(?P<root_tty>[^ ']+)'?(?:[ ]from[ ]'?(?P<root_host>[^ ']+)'?)?|
       (?:ROOT[ ])?LOGIN[ ]ON[ ](?P<tty>[^ ]+)(?:[ ]BY[ ](?P<user>.{0,256}?))?(?:[ ]FROM[ ](?P<host>[^ ]+))?|
       DIALUP[ ]AT[ ](?P<dialup>[^ ]+)[ ]BY[ ](?P<caller>.{0,256}))
    """
)
_FAILED = pattern(
    r"""
    (?:FAILED[ ]LOGIN[ ](?:SESSION[ ])?|TOO[ ]MANY[ ]LOGIN[ ]TRIES[ ])\(?(?P<tries>\d+)\)?[ ]
    (?:FROM|on)[ ]'?(?P<where>[^ ']*)'?(?:[ ]from[ ]'?(?P<host>[^ ']*)'?)?[ ](?:FOR|for)[ ]
    (?:'(?P<quoted>.{0,256}?)'|(?P<user>.{0,256}?)),[ ](?P<why>.{0,256})
    """
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of login."""
    if found := _ON.fullmatch(message):
        values["outcome"] = actions.SUCCESS
        values["user"] = found["user"] or found["caller"] or "root"
        values["tty"] = found["tty"] or found["root_tty"] or found["dialup"]
        put_source(values, extra, found["host"] or found["root_host"])
    elif found := _FAILED.fullmatch(message):
        values["outcome"], values["failure_reason"] = actions.FAILURE, found["why"]
        values["user"], values["tty"] = found["quoted"] or found["user"] or None, found["where"]
        extra["attempts"] = int(found["tries"][:9])
        put_source(values, extra, found["host"])
    return AUTH


READERS: Final = {"login": read}
