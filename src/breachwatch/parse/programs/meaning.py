"""What a program's parser is: a function `(message, values, extra) -> dataset`.

It fills the columns it understands into `values`, what has no column into `extra`, and says which dataset the record
belongs to, or None where the message means nothing to it (then the record keeps its text only).

Log text is written by attackers, user names above all: `Failed password for invalid user root from 10.0.0.1 port 1
ssh2 from 203.0.113.9 port 40022 ssh2`. Patterns are anchored at both ends and take the *last* possible address;
names in them are bounded, so that no message takes long to match.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

AUTH: Final = "linux.auth"
CRON: Final = "linux.cron"
SYSLOG: Final = "linux.syslog"
FIREWALL: Final = "network.firewall"
VPN: Final = "network.vpn"
DEVICE: Final = "network.device"
PROXY: Final = "network.proxy"
DNS: Final = "network.dns"

LONGEST_MESSAGE: Final = 8192
"""Longer messages keep their text and get no meaning: rsyslog's default limit (`maxMessageSize`) is 8 KiB."""

Values = dict[str, Any]
MessageReader = Callable[[str, Values, Values], str | None]


class OwnLog(NamedTuple):
    """How a line that a program writes to a file of its own is known by what stands behind its time."""

    program: str
    looks_like: re.Pattern[str]  # matched at the start of that text; the whole text is the message


def has_year(values: Values) -> bool:
    """Whether the header's time says its year; a device's own, which does, is better than one that does not."""
    return values.get("time") is not None and str(values.get("time_text"))[:1].isdigit()


def pattern(text: str) -> re.Pattern[str]:
    """Compile a verbose pattern in which a dot also matches line breaks: journal messages may hold some."""
    return re.compile(text, re.VERBOSE | re.DOTALL)
