"""systemd-logind: its sessions, seats and shutdowns. Messages: systemd src/login/logind-session.c, logind-dbus.c.

A session here is the same that PAM's `session opened` tells of; neither is an attempt to sign in.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import AUTH, Values, pattern

_NEW = pattern(
    r"""
    New[ ]session[ ]'?(?P<session>[^ ']+)'?[ ]of[ ]user[ ](?P<quote>'?)(?P<user>.{0,256}?)(?P=quote)
    (?:[ ]with[ ]class[ ]'(?P<class>.{0,256})'[ ]and[ ]type[ ]'(?P<type>.{0,256})')?\.  # since systemd 256
    """
)
_REMOVED = pattern(r"Removed[ ]session[ ]'?(?P<session>[^ ']+?)'?\.")
_POWER = pattern(
    r"(?:System[ ]is[ ]|The[ ]system[ ]will[ ])(?P<what>rebooting|powering[ ]down|halting|reboot|power[ ]off).*"
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of systemd-logind."""
    if found := _NEW.fullmatch(message):
        values["action"], values["outcome"] = actions.SESSION_OPENED, actions.SUCCESS
        values["session_id"], values["user"] = found["session"], found["user"]
        for name in ("class", "type"):
            if found[name]:
                extra[name] = found[name]
    elif found := _REMOVED.fullmatch(message):
        values["action"], values["session_id"] = actions.SESSION_CLOSED, found["session"]
    elif _POWER.fullmatch(message):
        values["action"] = actions.SYSTEM_STOPPED
    return AUTH


READERS: Final = {"systemd-logind": read, "elogind": read}
