"""Network addresses as logs write them, in one canonical form."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from typing import Any

_LONGEST = 64  # an address with brackets and a zone is shorter; longer text is a name or an attack


@lru_cache(maxsize=65_536)
def canonical_ip(text: str) -> str | None:
    """The address in its canonical form (RFC 5952 for IPv6), or None if the text is no address.

    Brackets and an interface zone (`fe80::1%eth0`) are taken off; an IPv4 address mapped into IPv6 is given as IPv4.
    """
    if len(text) > _LONGEST:
        return None
    if _is_ipv4(text):
        return text
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _is_ipv4(text: str) -> bool:
    """Whether the text is an IPv4 address in its only canonical form: four decimal numbers without leading zeros."""
    try:
        return socket.inet_ntoa(socket.inet_pton(socket.AF_INET, text)) == text
    except (OSError, ValueError):
        return False


def put_source(values: dict[str, Any], extra: dict[str, Any], address: str | None, port: str | None = None) -> None:
    """Fill source_ip and source_port. A host name in the address's place goes to `extra` as source_host."""
    if address:
        found = canonical_ip(address)
        if found is not None:
            values["source_ip"] = found
        else:
            extra["source_host"] = address
    if port:
        # Text that is no port fits no number column and moves to `extra` when the table is made.
        values["source_port"] = int(port) if len(port) <= 5 and port.isdecimal() else port
