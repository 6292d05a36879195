"""Messages that stand for several: what syslog daemons write instead of repeating themselves.

`message repeated N times: [ text]` (rsyslog) is read as its text with `repeat_count` N. `last message repeated N times`
(older daemons) takes over what the previous message of that host in this segment meant, with `repeat_count` N; its own
words stay in `message` and the other's go to `extra` as repeated_message.
"""

from __future__ import annotations

import re
from typing import Any, Final

from breachwatch.parse.programs.dispatch import read_message
from breachwatch.parse.programs.meaning import VPN
from breachwatch.parse.vpn_names import VpnNames

STARTS: Final = ("message repeated ", "last message repeated ", "--- last message repeated ")
_REPEATED: Final = re.compile(r"message repeated (\d{1,9}) times: \[ ?(.*)\]", re.DOTALL)
_LAST_REPEATED: Final = re.compile(r"(?:-+ )?last message repeated (\d{1,9}) times?(?: -+)?")


class Messages:
    """Reads the messages of one segment in their order."""

    def __init__(self) -> None:
        self.previous: dict[str | None, tuple[str | None, str]] = {}  # by host: program and message
        self._vpn_names = VpnNames()

    def read(
        self, host: str | None, program: str | None, message: str, values: dict[str, Any], extra: dict[str, Any]
    ) -> str:
        """Fill in message and meaning; gives the dataset."""
        values["message"] = message
        if not message.startswith(STARTS):
            self.previous[host] = (program, message)
            dataset = read_message(program, message, values, extra)
            if dataset == VPN:
                self._vpn_names.join(host, program, values)
            return dataset
        found = _REPEATED.fullmatch(message)
        if found is not None:
            values["repeat_count"] = int(found[1])
            self.previous[host] = (program, found[2])
            return read_message(program, found[2], values, extra)
        last = _LAST_REPEATED.fullmatch(message)
        previous = self.previous.get(host)
        if last is None or previous is None:
            return read_message(program, message, values, extra)
        values["repeat_count"], values["program"] = int(last[1]), previous[0]
        extra["repeated_message"] = previous[1]
        return read_message(*previous, values, extra)
