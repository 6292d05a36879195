"""polkitd and pkexec. Messages: polkit src/polkitbackend/polkitbackendinteractiveauthority.c, src/programs/pkexec.c.

Both tell of one account acting as another: `privilege-used`.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_OPERATOR = pattern(
    r"""
    Operator[ ]of[ ]unix-(?:session|process):(?P<session>[^ ]+)[ ]
    (?:successfully[ ]authenticated[ ]as[ ]unix-user:(?P<user>[^ ]+)|(?P<failed>FAILED[ ]to[ ]authenticate))
    [ ]to[ ]gain[ ](?:[\w-]+[ ])?authorization[ ]for[ ]action[ ](?P<permission>[^ ]+)
    .*?(?:\(owned[ ]by[ ]unix-user:(?P<owner>[^ )]+)\))?
    """
)
_PKEXEC = pattern(
    r"""
    (?P<user>.{0,256}?):[ ]
    (?:Executing[ ]command|Error[ ]executing[ ]command[ ]as[ ]another[ ]user:[ ](?P<why>.{0,256}?))[ ]
    \[USER=(?P<target>.{0,256}?)\][ ]\[TTY=(?P<tty>.{0,256}?)\][ ]\[CWD=(?P<directory>.{0,4096}?)\][ ]
    \[COMMAND=(?P<command>.*)\]
    """
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of polkitd or pkexec."""
    if found := _OPERATOR.fullmatch(message):
        values["action"] = actions.PRIVILEGE_USED
        values["outcome"] = actions.FAILURE if found["failed"] else actions.SUCCESS
        values["user"] = found["owner"] or found["user"]
        values["target_user"] = found["user"]
        extra["permission"] = found["permission"]
    elif found := _PKEXEC.fullmatch(message):
        values["action"] = actions.PRIVILEGE_USED
        values["outcome"] = actions.FAILURE if found["why"] else actions.SUCCESS
        values["failure_reason"] = found["why"]
        values["user"], values["target_user"] = found["user"], found["target"]
        values["tty"], values["working_directory"] = found["tty"], found["directory"]
        values["command"] = found["command"]
    return AUTH


READERS: Final = {"polkitd": read, "pkexec": read}
