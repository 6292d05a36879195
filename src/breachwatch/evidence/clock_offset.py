"""How far the machine's clock is from the network's time, as its own time service says: chrony, else systemd.

`offset_seconds` is positive where the machine's clock is ahead.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

_PATH = "/usr/bin:/usr/sbin:/bin:/sbin"  # of the system's own programs, whatever PATH says
_SECONDS = 2.0
_MOST = 16 * 1024  # characters of what a program says that are looked at
_PROPERTIES = "ServerName,Frequency,NTPMessage"


def offset_now() -> Mapping[str, Any]:
    """What the time service says now; `{"measured": false, "why": ...}` where there is none to ask."""
    chrony = _said("chronyc", "-n", "tracking")
    if chrony is not None and (found := from_chrony(chrony)):
        return found
    systemd = _said("timedatectl", "show-timesync", f"--property={_PROPERTIES}")
    if systemd is not None and (found := from_systemd(systemd)):
        return found
    return {"measured": False, "why": "neither chronyc (chrony) nor timedatectl (systemd-timesyncd) told an offset"}


def from_chrony(text: str) -> Mapping[str, Any]:
    """What `chronyc tracking` says (chronyc(1)); empty where the clock is not in step with any server."""
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    found = re.fullmatch(r"([0-9.]+) seconds (slow|fast) of NTP time", said.get("System time", ""))
    if found is None or said.get("Leap status") == "Not synchronised":
        return {}
    bounds = [re.match(r"([0-9.]+) seconds", said.get(name, "")) for name in ("Root delay", "Root dispersion")]
    offset = float(found[1]) if found[2] == "fast" else -float(found[1])
    told: dict[str, Any] = {
        "measured": True,
        "by": "chronyc tracking",
        "reference": said.get("Reference ID", ""),
        "offset_seconds": offset,
    }
    if bounds[0] and bounds[1]:  # chronyc(1): the most by which the clock may be wrong
        told["error_at_most_seconds"] = round(abs(offset) + float(bounds[0][1]) / 2 + float(bounds[1][1]), 9)
    return told


def from_systemd(text: str) -> Mapping[str, Any]:
    """What `timedatectl show-timesync` says (timedatectl(1)); empty where no server has answered.

    The offset is reckoned from the four times of the last answer (RFC 5905, section 8).
    """
    properties = dict(line.partition("=")[::2] for line in text.splitlines())
    message = properties.get("NTPMessage", "")
    times = {
        name: _seconds_of_day(found[1])
        for name in ("OriginateTimestamp", "ReceiveTimestamp", "TransmitTimestamp", "DestinationTimestamp")
        if (found := re.search(rf"{name}=([^,}}]*)", message))
    }
    if len(times) != 4 or None in times.values():
        return {}
    sent, received, answered, back = (value or 0.0 for value in times.values())
    return {
        "measured": True,
        "by": "timedatectl show-timesync",
        "reference": properties.get("ServerName", ""),
        "offset_seconds": -round(((received - sent) + (answered - back)) / 2, 6),
    }


def _seconds_of_day(text: str) -> float | None:
    found = re.search(r"(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)", text)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def _said(program: str, *arguments: str) -> str | None:
    """What a program of the system prints; None where there is none, or it fails or takes too long."""
    path = shutil.which(program, path=_PATH)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, timeout=_SECONDS, check=False, env={"LC_ALL": "C", "PATH": _PATH}
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace")[:_MOST] if done.returncode == 0 else None
