"""Network devices, whose messages have no program's name in front: the vendor is known by the message itself.

Cisco (`%ASA-6-302013:`), FortiGate (`date=... devname=...`), Palo Alto (`1,2026/11/22 ...,TRAFFIC,`), Huawei
(`%%01SHELL/5/LOGIN`), MikroTik RouterOS (`system,error,critical login failure for user ...`).
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs import cisco, fortigate, paloalto
from breachwatch.parse.programs.meaning import DEVICE, Values, pattern

_LOOKED_AT: Final = 160  # characters from the start in which a mark stands
_HUAWEI: Final = pattern(r"%%\d\d(?P<module>[A-Z][A-Z0-9_]*)/(?P<severity>[0-7])/(?P<name>\w+)(?P<text>.*)")
_MIKROTIK: Final = pattern(
    r"""
    (?:[a-z0-9-]+,)+[a-z0-9-]+[ ]
    (?:login[ ](?P<failed>failure)[ ]for[ ]user[ ](?P<user>.{0,256})|
       user[ ](?P<user2>.{0,256})[ ]logged[ ](?P<way>in|out))
    [ ]from[ ](?P<address>[^ ]+)[ ]via[ ](?P<via>[\w-]+)
    """
)


def read(program: str | None, message: str, values: Values, extra: Values) -> str | None:
    """The meaning of a message of a device that is known by it; None for others."""
    text = message if program is None else f"{program}: {message}"
    head = text[:_LOOKED_AT]
    if "%" in head:
        return (_huawei(text, values) if text.startswith("%%") else None) or cisco.read(text, values, extra)
    if "date=" in head or "devname=" in head or "logid=" in head:
        return fortigate.read(message, values, extra)
    if "," in head:
        return _mikrotik(message, values, extra) or paloalto.read(text, values, extra)
    return None


def _huawei(text: str, values: Values) -> str | None:
    found = _HUAWEI.fullmatch(text)
    if found is None:
        return None
    values["vendor"], values["program"], values["message"] = "huawei", "huawei", text
    values["message_id"] = f"{found['module']}/{found['severity']}/{found['name']}"
    return DEVICE


def _mikrotik(message: str, values: Values, extra: Values) -> str | None:
    found = _MIKROTIK.fullmatch(message)
    if found is None:
        return None
    values["vendor"], values["program"], values["user"] = "mikrotik", "routeros", found["user"] or found["user2"]
    put_source(values, extra, found["address"])
    values["ui"] = found["via"]
    if found["way"] == "out":
        values["action"] = actions.LOGOFF
    else:
        values["action"] = actions.LOGON
        values["outcome"] = actions.FAILURE if found["failed"] else actions.SUCCESS
        values["failure_reason"] = "login failure" if found["failed"] else None
    return DEVICE
