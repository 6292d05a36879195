"""Linux netfilter's LOG target, as iptables, nftables, UFW, firewalld and Shorewall use it.

Fields: kernel net/netfilter/nf_log_syslog.c.

The text before `IN=` is whatever the administrator chose; the words BLOCK, DROP, DENY, REJECT, ALLOW, ACCEPT in it say
what happened to the packet. Without such a word the packet was only logged and the action stays empty.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.meaning import FIREWALL, SYSLOG, Values, pattern

_PACKET = pattern(
    r"""
    (?:\[[ ]*\d+\.\d+\][ ]*)?       # the kernel's clock, seconds since boot
    (?P<rule>.{0,128}?)[ ]?
    (?P<fields>IN=[^ ]*[ ]OUT=[^ ]*[ ].*)
    """
)
_FIELD = re.compile(r"([A-Z][A-Z0-9]*)=(\S*)")
_BLOCKED = re.compile(r"BLOCK|DROP|DENY|DENIED|REJECT", re.IGNORECASE)
_ALLOWED = re.compile(r"ALLOW|ACCEPT|PASS", re.IGNORECASE)
_FLAGS = ("SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of the kernel; only packets mean something here."""
    found = _PACKET.fullmatch(message) if "IN=" in message else None
    if found is None:
        return SYSLOG
    text = found["fields"].partition(" [")[0]  # an ICMP error quotes the packet it is about in brackets
    fields = dict(reversed(_FIELD.findall(text)))  # the first of a name counts
    rule = found["rule"].strip().removesuffix(":")
    values["rule"] = rule.removeprefix("[").removesuffix("]").strip() or None
    if _BLOCKED.search(rule):
        values["action"] = actions.CONNECTION_BLOCKED
    elif _ALLOWED.search(rule):
        values["action"] = actions.CONNECTION_ALLOWED
    values["interface_in"], values["interface_out"] = fields.pop("IN") or None, fields.pop("OUT") or None
    put_source(values, extra, fields.pop("SRC", None), fields.pop("SPT", None))
    target = fields.pop("DST", "")
    values["destination_ip"] = canonical_ip(target)
    if target and values["destination_ip"] is None:
        extra["destination_host"] = target
    values["destination_port"] = fields.pop("DPT", None)
    protocol = fields.pop("PROTO", None)
    values["protocol"] = protocol.lower() if protocol else None
    words = text.split(" ")
    values["tcp_flags"] = ",".join(flag for flag in _FLAGS if flag in words) or None
    extra.update(fields)
    return FIREWALL


READERS: Final = {"ufw": read}
