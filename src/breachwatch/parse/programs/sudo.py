"""sudo. Messages: sudo lib/eventlog/eventlog.c, plugins/sudoers/logging.c; sudo(8), section "LOG FORMAT" of sudoers(5).

`user` is who called sudo, `target_user` the account acted as. Acting as somebody else is no sign-in.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_COMMAND = pattern(
    r"""
    \s*(?P<user>[^ ].{0,255}?)[ ]:[ ]
    (?:(?P<why>[^=;]{1,256}?)[ ];[ ])?         # only where it was refused: "3 incorrect password attempts"
    (?:HOST=(?P<at>[^ ]*)[ ];[ ])?
    (?:TTY=(?P<tty>[^ ]*)[ ];[ ])?         # absent or "unknown" without a terminal
    (?:CHROOT=(?P<chroot>.{0,4096}?)[ ];[ ])?
    PWD=(?P<directory>.{0,4096}?)[ ];[ ]
    (?:USER=(?P<target>.{0,256}?)[ ];[ ])?
    (?:GROUP=(?P<group>.{0,256}?)[ ];[ ])?
    (?:TSID=(?P<tsid>[^ ]*)[ ];[ ])?       # name of the recorded terminal session
    (?:ENV=(?P<env>.{0,4096}?)[ ];[ ])?
    COMMAND=(?P<command>.*)
    """
)
_REASONS = (
    ("incorrect password attempt", "incorrect password"),
    ("user NOT in sudoers", "not in sudoers"),
    ("user NOT authorized on host", "not authorized on host"),
    ("command not allowed", "command not allowed"),
    ("a password is required", "password required"),
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of sudo."""
    found = _COMMAND.fullmatch(message) if " ; COMMAND=" in message else None
    if found is None:
        return AUTH
    why = found["why"]
    values["action"] = actions.PRIVILEGE_USED
    values["outcome"] = actions.FAILURE if why else actions.SUCCESS
    values["user"], values["target_user"] = found["user"], found["target"]
    values["tty"], values["working_directory"] = found["tty"], found["directory"]
    values["group"], values["command"] = found["group"], found["command"]
    if why:
        values["failure_reason"] = next((reason for text, reason in _REASONS if text in why), why)
        if why[:1].isdigit():
            extra["attempts"] = int(why.split(" ", 1)[0][:9]) if why.split(" ", 1)[0].isdecimal() else why
    for name in ("env", "tsid", "chroot"):
        if found[name]:
            extra[name] = found[name]
    return AUTH


READERS: Final = {"sudo": read}
