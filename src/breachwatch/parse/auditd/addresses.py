"""Socket addresses in audit records: `saddr=02000050A9FEA9FE...`, a struct sockaddr in hexadecimal.

Layout: sys/socket.h and netinet/in.h; the family is in the machine's byte order, port and address in network order.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from breachwatch.parse.address import canonical_ip
from breachwatch.parse.auditd.fields import Fields

_HEX: Final = re.compile(r"[0-9A-Fa-f]{16,512}")
_OLD: Final = re.compile(r"inet6? host:(\S{1,64}) serv:(\d{1,5})")
_INET: Final = 2
_INET6: Final = 10


def peer(fields: Fields, body: str) -> tuple[str, str] | None:
    """Address and port of a SOCKADDR record, from the meanings that it gives or the bytes; None for other families."""
    told = canonical_ip(fields.get("laddr", ""))
    if told is not None:
        return told, fields.get("lport", "").strip("}")
    old = _OLD.search(body)
    if old is not None:
        address = canonical_ip(old[1])
        return None if address is None else (address, old[2])
    saddr = fields.get("saddr", "")
    return _from_bytes(bytes.fromhex(saddr)) if len(saddr) % 2 == 0 and _HEX.fullmatch(saddr) else None


def _from_bytes(raw: bytes) -> tuple[str, str] | None:
    family = raw[0] or raw[1]  # little endian or big endian
    port = str(int.from_bytes(raw[2:4], "big"))
    if family == _INET:
        address = str(ipaddress.IPv4Address(raw[4:8]))
    elif family == _INET6 and len(raw) >= 24:
        address = str(ipaddress.IPv6Address(raw[8:24]))
    else:
        return None
    return canonical_ip(address) or address, port
