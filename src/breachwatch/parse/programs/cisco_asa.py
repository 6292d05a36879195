"""Cisco ASA, Firepower Threat Defense and PIX: `%ASA-6-302013: Built inbound TCP connection ...`.

Messages by number: Cisco, "Cisco Secure Firewall ASA Series Syslog Messages".

Connections go to network.firewall, VPN to network.vpn, the device's own sign-ins and commands to network.device.
Attempts to sign in (`action = logon`), each once: 113039 and 716001 (a VPN session began), 113005 and 113015 (AAA
refused somebody), 605004 and 605005 (a session to the device itself). The other messages about one carry account,
address and outcome. AAA refuses administrators and VPN users with the same message: an administrator's failure is told
twice.
"""

from __future__ import annotations

import re
from typing import Any, Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.cisco_asa_sessions import SESSION_READERS, Reader, account
from breachwatch.parse.programs.meaning import DEVICE, FIREWALL, VPN, Values, pattern

# interface:address/port, with the account that was seen at the address
_END: Final = (
    r"(?:(?!(?:[0-9A-Fa-f]{{0,4}}:){{2}})(?P<{0}_if>[\w.-]{{1,64}}):)?(?P<{0}>[0-9A-Fa-f.:]{{2,45}}+)(?:/(?P<{0}_port>\d{{1,5}}))?"
    r"(?:\((?P<{0}_user>[^)/ ]{{1,128}})\))?(?:[ ]\([^)]{{0,80}}\))?(?:\([^)]{{0,128}}\))?"
)
_A, _B = _END.format("a"), _END.format("b")
_BUILT: Final = pattern(
    rf"""
    Built[ ](?P<way>inbound|outbound)[ ](?P<protocol>\w+)[ ]connection[ ](?P<id>\d+)[ ]for[ ]{_A}[ ]to[ ]{_B}.*
    """
)
_TEARDOWN: Final = pattern(
    rf"""
    Teardown[ ](?:stub[ ])?(?P<protocol>\w+)[ ]connection[ ](?P<id>\d+)[ ](?:for|from)[ ]{_A}[ ]to[ ]{_B}
    (?:[ ]duration[ ](?P<duration>[\d:]+))?(?:[ ](?:forwarded[ ])?bytes[ ](?P<bytes>\d+))?
    (?:[ ](?:reason[ ])?(?P<why>[A-Z][^(]{{0,80}}?))?(?:[ ]\([^)]{{0,128}}\))?
    """
)
_TRANSLATION: Final = pattern(
    rf"(?:Built|Teardown)[ ]\w+[ ](?P<protocol>\w+)[ ]translation[ ]from[ ]{_A}[ ]to[ ](?P<translated>[^ ]+).*"
)
_ICMP: Final = pattern(
    r"""
    (?P<what>Built|Teardown)[ ](?:(?P<way>inbound|outbound)[ ])?(?P<protocol>ICMP)[ ]connection[ ](?:for[ ])?
    faddr[ ](?P<f>[0-9A-Fa-f.:]+)/\d+(?:\((?P<user>[^)]*)\))?[ ]gaddr[ ][^ ]+[ ]laddr[ ](?P<l>[0-9A-Fa-f.:]+)/\d+.*
    """
)
_DENY: Final = (
    # 106023: by access-group; 106001, 106006, 106007, 106010, 106014, 106015: without one
    pattern(
        rf"""
        Deny[ ](?!inbound)(?P<protocol>[\w-]+)[ ](?:protocol[ ]\d+[ ])?src[ ]{_A}[ ]dst[ ]{_B}(?:[ ]\([^)]*\))?
        (?:[ ]by[ ]access-group[ ]"?(?P<rule>[^" ]+).*)?
        """
    ),
    pattern(rf"Deny[ ]inbound[ ](?:protocol[ ])?(?P<protocol>[\w-]+)[ ]src[ ]{_A}[ ]dst[ ]{_B}.*"),
    pattern(
        rf"""
        (?:Inbound|Deny|Dropped)[ ](?:inbound[ ])?(?P<protocol>TCP|UDP|ICMP|IP)[ ](?:\([^)]*\)[ ])?
        (?:connection[ ]denied[ ])?from[ ]{_A}[ ]to[ ]{_B}
        (?:(?:[ ]flags[ ](?P<flags>[\w ]{{1,64}}?))?[ ]+on[ ]interface[ ](?P<interface>[^ ]+))?.*
        """
    ),
    pattern(
        rf"""
        (?P<protocol>TCP|UDP|ICMP)[ ](?:access|request|connection)[ ]
        (?P<why>denied[ ]by[ ]ACL|discarded|denied|dropped)[ ]from[ ]{_A}[ ]to[ ]{_B}.*
        """
    ),
)
_NO_WAY: Final = pattern(
    rf"Failed[ ]to[ ]locate[ ]egress[ ]interface[ ]for[ ](?P<protocol>\w+)[ ]from[ ]{_A}[ ]to[ ]{_B}"
)
_ACL: Final = pattern(
    r"""
    access-list[ ](?P<rule>[^ ]+)[ ](?P<verb>permitted|denied|est-allowed)[ ](?P<protocol>\w+)[ ]
    (?P<a_if>[^/ ]+)/(?P<a>[0-9A-Fa-f.:]+)\((?P<a_port>\d+)\)(?:\([^)]*\))?[ ]->[ ]
    (?P<b_if>[^/ ]+)/(?P<b>[0-9A-Fa-f.:]+)\((?P<b_port>\d+)\).*
    """
)
_URL: Final = pattern(r"(?P<a>[^ ]+)[ ]Accessed[ ]URL[ ](?P<b>[0-9A-Fa-f.:]+?):(?P<url>.*)")


def read(number: str, message: str, values: Values, extra: Values) -> str:
    """The meaning of one message by its number."""
    for form, reader in _BY_NUMBER.get(number, ()):
        found = form.fullmatch(message)
        if found is not None:
            return reader(found, number, values, extra)
    if number.startswith(_FIREWALL_NUMBERS):
        return FIREWALL
    return VPN if number.startswith(_VPN_NUMBERS) else DEVICE


def _connection(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    fields = found.groupdict()
    values["protocol"] = str(fields["protocol"]).lower()
    # Of an outbound connection the message names the far end first.
    near, far = ("b", "a") if fields.get("way") == "outbound" else ("a", "b")
    _put_ends(fields, near, far, values, extra)
    values["session_id"] = fields["id"]
    if fields.get("way"):
        values["action"] = actions.CONNECTION_ALLOWED
    else:
        values["action"], values["reason"] = actions.CONNECTION_CLOSED, fields["why"]
        for name, column in (("duration", "duration"), ("bytes", "bytes")):
            if fields[name]:
                extra[column] = fields[name]
    return FIREWALL


def _translation(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["protocol"], values["interface_in"] = found["protocol"].lower(), found["a_if"]
    put_source(values, extra, found["a"], found["a_port"])
    extra["translated"] = found["translated"]
    return FIREWALL


def _icmp(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    values["protocol"] = "icmp"
    inbound = found["way"] != "outbound"
    put_source(values, extra, found["f"] if inbound else found["l"])
    values["destination_ip"] = canonical_ip(found["l"] if inbound else found["f"])
    values["action"] = actions.CONNECTION_ALLOWED if found["what"] == "Built" else actions.CONNECTION_CLOSED
    values["user"] = account(found["user"])
    return FIREWALL


def _denied(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    fields = found.groupdict()
    values["action"], values["protocol"] = actions.CONNECTION_BLOCKED, fields["protocol"].lower()
    _put_ends(fields, "a", "b", values, extra)
    values["rule"], values["reason"] = fields.get("rule"), fields.get("why")
    values["interface_in"] = fields.get("interface") or values.get("interface_in")
    flags = fields.get("flags")
    values["tcp_flags"] = ",".join(flags.split()) if flags else None
    return FIREWALL


def _access_list(found: re.Match[str], number: str, values: Values, extra: Values) -> str:
    dataset = _denied(found, number, values, extra)
    if found["verb"] != "denied":
        values["action"] = actions.CONNECTION_ALLOWED
    return dataset


def _url(found: re.Match[str], number: str, values: Values, extra: Values) -> str:  # noqa: ARG001
    put_source(values, extra, found["a"])
    values["destination_ip"], extra["url"] = canonical_ip(found["b"]), found["url"]
    values["action"] = actions.CONNECTION_ALLOWED
    return FIREWALL


def _put_ends(fields: dict[str, Any], near: str, far: str, values: Values, extra: Values) -> None:
    put_source(values, extra, fields[near], fields.get(f"{near}_port"))
    values["destination_ip"] = canonical_ip(fields[far])
    values["destination_port"] = fields.get(f"{far}_port")
    values["interface_in"], values["interface_out"] = fields.get(f"{near}_if"), fields.get(f"{far}_if")
    values["user"] = account(fields.get(f"{near}_user"))


_READERS: Final[tuple[tuple[frozenset[str], re.Pattern[str], Reader], ...]] = (
    (frozenset(("302013", "302015", "302017")), _BUILT, _connection),
    (frozenset(("302014", "302016", "302018", "302021", "302023")), _TEARDOWN, _connection),
    (frozenset(("302020", "302021")), _ICMP, _icmp),
    (frozenset(("305011", "305012")), _TRANSLATION, _translation),
    *(
        (
            frozenset(
                ("106001", "106006", "106007", "106010", "106014", "106015", "106023", "710003", "710005", "106002")
            ),
            form,
            _denied,
        )
        for form in _DENY
    ),
    (frozenset(("110002",)), _NO_WAY, _denied),
    (frozenset(("106100", "106102", "106103")), _ACL, _access_list),
    (frozenset(("304001",)), _URL, _url),
    *SESSION_READERS,
)
_BY_NUMBER: Final = {
    number: tuple((form, reader) for known, form, reader in _READERS if number in known)
    for numbers, _, _ in _READERS
    for number in numbers
}
_FIREWALL_NUMBERS: Final = (
    *("106", "302", "303", "304", "305", "313", "338", "400", "419", "421", "500", "609", "710", "733"),
)
_VPN_NUMBERS: Final = ("113", "602", "603", "702", "713", "716", "717", "722", "725", "734", "750", "751")
