"""The city's logs as `[[sources]]` for a workspace's breachwatch.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from breachwatch.simulate.inventory import HOSTS, Host

# What a host writes, as (what the source is called, which files). A star takes in rotated and compressed files.
_FILES: dict[str, tuple[tuple[str, str], ...]] = {
    "auth": (("auth", "auth.log*"),),
    "syslog-3164": (("syslog", "syslog*"),),
    "syslog-5424": (("syslog", "syslog*"),),
    "journal": (("journal", "journal.jsonl"),),
    "access": (("access", "access.log*"),),
    "firewall": (("firewall", "firewall.log*"),),
    "openvpn": (("openvpn", "openvpn.log*"),),
    "windows-json": (("security", "Security.jsonl"), ("system", "System.jsonl")),
    "windows-xml": (("security", "Security.xml"), ("system", "System.xml")),
}


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One `[[sources]]` table; the keys of `breachwatch.settings.Source` that differ from their defaults."""

    name: str
    paths: tuple[str, ...]
    time_zone: str
    host: str
    kind: str = "files"
    format: str = "auto"

    def as_toml(self) -> str:
        paths = ", ".join(_quoted(path) for path in self.paths)
        return (
            "[[sources]]\n"
            f"name = {_quoted(self.name)}\n"
            f"kind = {_quoted(self.kind)}\n"
            f"paths = [{paths}]\n"
            f"format = {_quoted(self.format)}\n"
            f"time_zone = {_quoted(self.time_zone)}\n"
            f"host = {_quoted(self.host)}\n"
        )


def sources(time_zone: str, folder: Path | None = None) -> tuple[SourceTable, ...]:
    """The city's sources, one for each kind of log of each host.

    Args:
        time_zone: the city's IANA zone, in which RFC 3164 lines are written.
        folder: the city's folder, for absolute paths; None gives paths relative to it.
    """
    return tuple(table for host in HOSTS for table in _of_host(host, time_zone, folder))


def _of_host(host: Host, time_zone: str, folder: Path | None) -> list[SourceTable]:
    start = f"{folder.absolute().as_posix()}/" if folder else ""
    return [
        SourceTable(f"{host.name}-{name}", (f"{start}logs/{host.name}/{files}",), time_zone, host.name)
        for kind in host.logs
        for name, files in _FILES[kind]
    ]


def as_toml(tables: Sequence[SourceTable]) -> str:
    """The tables as TOML text, to be put behind the other settings of a breachwatch.toml."""
    head = "# The sources of a simulated city. Relative paths start at the folder of the city.\n\n"
    return head + "\n".join(table.as_toml() for table in tables)


def _quoted(text: str) -> str:
    """A TOML basic string (TOML 1.0, section "String")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else char for char in escaped)
        + '"'
    )
