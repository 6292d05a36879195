"""Why Windows refused: NTSTATUS and Kerberos error codes as short texts.

NTSTATUS: Microsoft, [MS-ERREF] 2.3.1 and the documentation of events 4625 and 4776. Kerberos: RFC 4120 section 7.5.9
and the documentation of event 4771.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NTSTATUS: Mapping[int, str] = MappingProxyType(
    {
        0xC000005E: "no logon server available",
        0xC0000064: "account does not exist",
        0xC000006A: "bad password",
        0xC000006C: "password policy",
        0xC000006D: "bad user name or password",
        0xC000006E: "account restriction",
        0xC000006F: "outside allowed hours",
        0xC0000070: "workstation not allowed",
        0xC0000071: "password expired",
        0xC0000072: "account disabled",
        0xC00000DC: "server in wrong state",
        0xC0000133: "clocks differ too much",
        0xC000015B: "logon type not granted",
        0xC000018C: "domain trust failed",
        0xC0000192: "logon service not started",
        0xC0000193: "account expired",
        0xC0000224: "password must be changed",
        0xC0000225: "Windows error, not a risk",
        0xC0000234: "account locked out",
        0xC0000371: "no local secret for the account",
        0xC0000413: "refused by authentication firewall",
    }
)

KERBEROS: Mapping[int, str] = MappingProxyType(
    {
        0x6: "account does not exist",
        0x7: "service does not exist",
        0x9: "account has no key",
        0xC: "workstation or hours not allowed",
        0xE: "encryption type not supported",
        0x12: "account disabled, expired or locked out",
        0x17: "password expired",
        0x18: "bad password",
        0x19: "pre-authentication required",
        0x1B: "server requires user-to-user",
        0x1F: "integrity check failed",
        0x20: "ticket expired",
        0x21: "ticket not yet valid",
        0x22: "ticket replayed",
        0x25: "clocks differ too much",
    }
)


def number(text: str | None) -> int | None:
    """A code as Windows writes it (`0xc000006d`, also decimal and, from some forwarders, negative); None if it is none.

    `-` and an empty text are none.
    """
    if not text or len(text) > 24:
        return None
    try:
        value = int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        return None
    return value & 0xFFFFFFFF


def ntstatus_reason(status: str | None, sub_status: str | None = None) -> str | None:
    """Why a logon failed: the sub status where it says something, else the status. None where there was no failure."""
    for code in (number(sub_status), number(status)):
        if code:
            return NTSTATUS.get(code, f"status 0x{code:08x}")
    return None


def kerberos_reason(status: str | None) -> str | None:
    """Why a ticket was refused; None where it was given."""
    code = number(status)
    return KERBEROS.get(code, f"Kerberos error 0x{code:x}") if code else None
