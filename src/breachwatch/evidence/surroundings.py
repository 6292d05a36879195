"""What an examiner asks about the machine that sealed: versions, the clock, the time zone data."""

from __future__ import annotations

import hashlib
import platform
import socket
import zoneinfo
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from breachwatch.evidence.clock_offset import offset_now
from breachwatch.evidence.originals import RawSegment
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_PACKAGES = ("breachwatch", "duckdb", "pyarrow", "pysigma", "evtx", "cryptography", "sqlalchemy", "zstandard")
_YEAR_RULE = (
    "times without a year (RFC 3164) are counted back from modified_at below, the modification time of the file: no "
    "time of a segment lies more than a day after it, and months that fall back by half a year or more begin a new year"
)


def environment(run_id: str) -> dict[str, Any]:
    """data/environment.json: the programs and the machine."""
    return {
        "run_id": run_id,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: _version(name) for name in _PACKAGES},
        "lock_sha256": _lock_sha256(),
        "git_commit": _git_commit(),
        "operating_system": _operating_system(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "hostname": socket.gethostname(),
    }


def clock(ws: Workspace, segments: list[RawSegment], now: str) -> dict[str, Any]:
    """data/clock.json: which clock and which zones the times in this bag rest on."""
    configured = {source.name: source for source in ws.settings.sources}
    decided = []
    for raw in segments:
        source = configured.get(raw.segment.source)
        decided.append(
            {
                "source": raw.segment.source,
                "segment": raw.segment.segment_id,
                "time_zone": raw.segment.time_zone,
                "time_zone_from": _zone_from(source),
                "modified_at": raw.segment.modified_at.isoformat(),
                "planned_at": raw.segment.planned_at.isoformat(),
            }
        )
    return {
        "collector_clock": now,
        "collector_clock_offset": offset_now(),
        "city_time_zone": ws.settings.city.time_zone,
        "time_zone_data": _zone_data(),
        "zone_rule": "a time that names its zone keeps it; one that names none is in the zone given below",
        "year_rule": _YEAR_RULE,
        "original_text": "the column time_text of data/events.parquet holds the text each time was read from",
        "sources": decided,
    }


def _zone_from(source: Source | None) -> str:
    if source is None:
        return "the settings when it was collected"
    return "the source's setting" if source.time_zone else "the city's setting"


@cache  # what runs is what was installed when it started
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:  # systems without os-release(5)
        return platform.system()


def _lock_sha256() -> str | None:
    """SHA-256 of the lock that the environment was made from, where breachwatch runs from its checkout."""
    lock = Path(__file__).resolve().parents[3] / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def _git_commit() -> str | None:
    """The commit that is checked out, where breachwatch runs from its checkout."""
    folder = Path(__file__).resolve().parents[3] / ".git"
    try:
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        named = head.removeprefix("ref: ")
        return head if named == head else (folder / named).read_text(encoding="utf-8").strip()
    except OSError:  # installed from a package, or the reference is a packed one
        return None


def _zone_data() -> dict[str, str | None]:
    """Which copy of the IANA time zone database is in use: the system's where there is one, else the package's."""
    for folder in map(Path, zoneinfo.TZPATH):
        listing = folder / "tzdata.zi"
        if listing.is_file():
            with listing.open(encoding="utf-8") as file:
                first = file.readline().strip()
            return {"from": "system", "version": first.removeprefix("# version ")}
        if (folder / "UTC").is_file():
            return {"from": "system", "version": None}
    return {"from": "package tzdata", "version": _version("tzdata")}
