"""pfSense and OPNsense: the packet filter's log, comma-separated values of program `filterlog`.

Order of the values: Netgate, "Raw Filter Log Format"; OPNsense writes the same.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.meaning import FIREWALL, SYSLOG, Values

_IPV4: Final = ("tos", "ecn", "ttl", "id", "offset", "flags", "protocol_id", "protocol", "length", "src", "dst")
_IPV6: Final = ("class", "flow_label", "hop_limit", "protocol", "protocol_id", "length", "src", "dst")
_HEAD: Final = 9
_ACTIONS: Final = {
    "block": actions.CONNECTION_BLOCKED,
    "reject": actions.CONNECTION_BLOCKED,
    "pass": actions.CONNECTION_ALLOWED,
}
_FLAGS: Final = {"S": "SYN", "A": "ACK", "F": "FIN", "R": "RST", "P": "PSH", "U": "URG", "E": "ECE", "W": "CWR"}


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of filterlog."""
    parts = message.split(",")
    names = {"4": _IPV4, "6": _IPV6}.get(parts[_HEAD - 1]) if len(parts) > _HEAD else None
    if names is None or len(parts) < _HEAD + len(names):
        return SYSLOG
    rule, _, anchor, tracker, interface, reason, did, direction, _ = parts[:_HEAD]
    fields = dict(zip(names, parts[_HEAD:], strict=False))
    rest = parts[_HEAD + len(names) :]
    values["vendor"], values["device_action"], values["action"] = "netgate", did, _ACTIONS.get(did)
    values["rule"], values["reason"] = tracker or rule, reason
    values["interface_in" if direction == "in" else "interface_out"] = interface
    values["protocol"] = fields["protocol"].lower()
    ports = values["protocol"] in {"tcp", "udp"} and len(rest) > 1
    put_source(values, extra, fields["src"], rest[0] if ports else None)
    values["destination_ip"], values["destination_port"] = canonical_ip(fields["dst"]), rest[1] if ports else None
    if values["protocol"] == "tcp" and len(rest) > 3:
        values["tcp_flags"] = ",".join(_FLAGS[letter] for letter in rest[3] if letter in _FLAGS) or None
    extra["rule_number"], extra["length"] = rule, fields["length"]
    if anchor:
        extra["anchor"] = anchor
    return FIREWALL


READERS: Final = {"filterlog": read}
