"""OpenVPN tells of one refused password in two lines: the PAM plugin's with the name, its own with the address.

    AUTH-PAM: BACKGROUND: user 'jmeyer' failed to authenticate: Authentication failure
    203.0.113.9:40022 TLS Auth Error: Auth Username/Password verification failed for peer

The plugin answers one question at a time, so the name belongs to the next refusal of the same process. Where two names
wait (a plugin that answers later), nobody can tell which is whose, and neither is used. Source: OpenVPN
src/plugins/auth-pam/auth-pam.c and src/openvpn/ssl_verify.c.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from breachwatch.model import actions

_LONGEST_WAIT: Final = timedelta(seconds=5)
_MOST_PROCESSES: Final = 256

_Process = tuple[str | None, str | None, Any]


class _Waiting(NamedTuple):
    user: str
    why: str | None
    time: datetime | None
    names: int


class VpnNames:
    """Joins the two lines while the records of one segment are read in their order."""

    def __init__(self) -> None:
        self._waiting: dict[_Process, _Waiting] = {}

    def join(self, host: str | None, program: str | None, values: dict[str, Any]) -> None:
        """Remember the name that a line of the plugin gives, or fill in that of a refusal without one."""
        if values.get("outcome") != actions.FAILURE:
            return
        process = (host, program, values.get("process_id"))
        user, time = values.get("user"), values.get("time")
        if user is not None and values.get("action") is None:
            known = self._waiting.pop(process, None)
            names = known.names + 1 if known is not None and _close(known.time, time) else 1
            self._waiting[process] = _Waiting(user, values.get("failure_reason"), time, names)
            if len(self._waiting) > _MOST_PROCESSES:
                del self._waiting[next(iter(self._waiting))]
        elif user is None and values.get("action") == actions.LOGON and values.get("auth_method") == "password":
            known = self._waiting.pop(process, None)
            if known is not None and known.names == 1 and _close(known.time, time):
                values["user"], values["failure_reason"] = known.user, known.why or values.get("failure_reason")


def _close(before: datetime | None, after: datetime | None) -> bool:
    return before is not None and after is not None and timedelta(0) <= after - before <= _LONGEST_WAIT
