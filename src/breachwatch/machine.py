"""What can be known of the machine that `breachwatch init` runs on: its time zone and its logs."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from zoneinfo import available_timezones

from breachwatch.settings_sources import Source

_LOCAL_TIME = Path("/etc/localtime")
_TIME_ZONE_NAME = Path("/etc/timezone")  # Debian's


def time_zone() -> str:
    """The machine's IANA time zone; UTC where it has none that has a name."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    try:
        candidates.append(str(_LOCAL_TIME.resolve()).split("zoneinfo/", 1)[-1])
        candidates.append(_TIME_ZONE_NAME.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        pass  # a machine without these files, such as a container: UTC it is
    known = available_timezones()
    return next((name for name in candidates if name in known), "UTC")


def sources() -> tuple[Source, ...]:
    """The logs of a Linux machine, each optional: what is not there is said and does no harm.

    Paths are those of Debian and of Red Hat. wtmp and btmp (utmp(5)) name no host, so this machine's name stands in.
    """
    zone, host = time_zone(), socket.gethostname()

    def files(name: str, *paths: str, of: str = "auto") -> Source:
        return Source(name=name, paths=paths, format=of, time_zone=zone, host=host, optional=True)

    return (
        Source(name="journal", kind="journal", optional=True),
        files("auth", "/var/log/auth.log*", "/var/log/secure*"),
        files("syslog", "/var/log/syslog*", "/var/log/messages*"),
        files("wtmp", "/var/log/wtmp*", of="utmp"),
        files("btmp", "/var/log/btmp*", of="utmp"),
    )
