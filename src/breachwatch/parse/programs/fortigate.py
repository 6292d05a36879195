"""FortiGate: `date=2026-11-22 time=04:15:00 devname="fw01" logid="0000000013" type="traffic" subtype="forward" ...`.

Fields: Fortinet, "FortiOS Log Message Reference" (versions 5 to 7; version 3 calls some fields otherwise). Traffic and
security profiles go to network.firewall, web filtering to network.proxy, VPN events to network.vpn, other events to
network.device under their own names.

Attempts to sign in (`action = logon`), each once: of SSL VPN `tunnel-up` of the web session (logid ..39424; the tunnel
that follows it is `session-opened`) and `ssl-login-fail`; of IPsec `tunnel-up` and a failed `negotiate` with an XAuth
user; of administrators `login`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.meaning import DEVICE, FIREWALL, PROXY, VPN, Values, has_year

_FIELD: Final = re.compile(r'([A-Za-z_][\w.-]{0,63})=("(?:[^"\\]++|\\.)*+"|[^ ]*)')
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC
_ZONE: Final = re.compile(r"[+-]\d{4}")
_INTERFACE: Final = re.compile(r"\w+\((?P<address>[0-9A-Fa-f.:]+)\)")  # ui="https(203.0.113.9)"
_UNIT: Final = {10: 1_000_000, 13: 1_000, 16: 1}  # digits of eventtime: seconds, milliseconds, microseconds
_NONE: Final = frozenset({"", "N/A", "n/a", "(null)"})
_OLD_NAMES: Final = {
    "device_id": "devid",
    "dst": "dstip",
    "dst_int": "dstintf",
    "dst_port": "dstport",
    "log_id": "logid",
    "pri": "level",
    "rcvd": "rcvdbyte",
    "sent": "sentbyte",
    "src": "srcip",
    "src_int": "srcintf",
    "src_port": "srcport",
}
_BLOCKED: Final = frozenset(
    {"deny", "blocked", "block", "dropped", "reset", "clear_session", "reset_client", "reset_server"}
)
_ALLOWED: Final = frozenset(
    {"accept", "close", "timeout", "client-rst", "server-rst", "passthrough", "pass", "start", "ip-conn"}
)
_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "ipv6-icmp"}
_KEPT: Final = ("type", "subtype", "cfgpath", "cfgobj", "cfgattr", "ui", "logdesc")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one record; None for text that is none."""
    fields: dict[str, str] = {}
    for name, text in _FIELD.findall(message):
        value = text[1:-1].replace('\\"', '"') if text.startswith('"') and len(text) > 1 else text
        if value not in _NONE:
            fields.setdefault(_OLD_NAMES.get(name, name), value)
    if "devid" not in fields and "devname" not in fields and not ("logid" in fields and "type" in fields):
        return None
    values["program"], values["vendor"] = "fortigate", "fortinet"
    values["message_id"] = fields.pop("logid", None)
    values["host"] = fields.pop("devname", None) or values.get("host")
    values["device_action"] = fields.pop("action", None) or fields.get("status")
    _put_time(fields, values)
    kind, part = fields.get("type"), fields.get("subtype")
    values["user"] = fields.pop("user", None) or fields.get("unauthuser")
    if kind == "event":
        dataset = _vpn(fields, values, extra) if part == "vpn" else _event(fields, values, extra)
    elif kind == "utm" and part == "webfilter":
        dataset = _web(fields, values, extra)
    else:
        dataset = _traffic(fields, values, extra)
    if dataset == DEVICE:
        values.update({name: fields.pop(name) for name in _KEPT if name in fields})
    extra.update(fields)
    return dataset


def _put_time(fields: dict[str, str], values: Values) -> None:
    """The event's own time in UTC where it says so; else the local one as text, for who knows the zone."""
    stamp, day, clock = fields.get("eventtime", ""), fields.pop("date", None), fields.pop("time", None)
    digits = stamp[:16] if len(stamp) == 19 else stamp
    if digits.isdecimal() and len(digits) in _UNIT:
        values["time"], values["time_text"] = _EPOCH + timedelta(microseconds=int(digits) * _UNIT[len(digits)]), stamp
    elif day is not None and clock is not None:
        zone = fields.get("tz", "")
        zone = zone if _ZONE.fullmatch(zone) else ""
        if zone or not has_year(values):
            values["time"], values["time_text"] = None, f"{day} {clock}{zone}"


def _traffic(fields: dict[str, str], values: Values, extra: Values) -> str:
    did = str(values["device_action"] or "").lower()
    threat = fields.pop("attack", None) or fields.pop("virus", None)
    if did in _BLOCKED:
        values["action"] = actions.CONNECTION_BLOCKED
    elif threat is not None:
        values["action"] = actions.THREAT_FOUND
    elif did in _ALLOWED:
        values["action"] = actions.CONNECTION_ALLOWED
    values["threat"] = threat
    _put_ends(fields, values, extra)
    protocol = fields.pop("proto", None)
    values["protocol"] = _PROTOCOLS.get(protocol or "", protocol)
    values["application"] = fields.pop("app", None) or fields.get("service")
    values["rule"] = fields.pop("policyid", None)
    values["interface_in"], values["interface_out"] = fields.pop("srcintf", None), fields.pop("dstintf", None)
    values["session_id"] = fields.pop("sessionid", None)
    values["bytes_sent"], values["bytes_received"] = fields.pop("sentbyte", None), fields.pop("rcvdbyte", None)
    return FIREWALL


def _web(fields: dict[str, str], values: Values, extra: Values) -> str:
    did = str(values["device_action"] or "").lower()
    values["action"] = actions.CONNECTION_BLOCKED if did in _BLOCKED else actions.HTTP_REQUEST
    _put_ends(fields, values, extra)
    host, target = fields.pop("hostname", None), fields.pop("url", None)
    scheme = "https" if fields.get("service", "").upper() == "HTTPS" else "http"
    values["cs_host"], values["category"] = host, fields.pop("catdesc", None)
    if target is not None:
        values["c_uri"] = target if "://" in target else f"{scheme}://{host or ''}{target}"
        stem, mark, query = target.partition("?")
        values["c_uri_stem"], values["c_uri_query"] = stem, query if mark else None
    values["c_useragent"], values["cs_referer"] = fields.pop("agent", None), fields.pop("referralurl", None)
    values["cs_method"], values["rule"] = fields.pop("httpmethod", None), fields.pop("policyid", None)
    return PROXY


def _put_ends(fields: dict[str, str], values: Values, extra: Values) -> None:
    put_source(values, extra, fields.pop("srcip", None), fields.pop("srcport", None))
    target = fields.pop("dstip", "")
    values["destination_ip"] = canonical_ip(target)
    if target and values["destination_ip"] is None:
        extra["destination_host"] = target
    values["destination_port"] = fields.pop("dstport", None)


def _vpn(fields: dict[str, str], values: Values, extra: Values) -> str:
    did, ipsec_user = values["device_action"], fields.get("xauthuser")
    values["user"] = values["user"] or ipsec_user
    values["group"], values["client"] = fields.pop("group", None), fields.get("tunneltype")
    put_source(values, extra, fields.pop("remip", None), fields.pop("remport", None))
    values["assigned_ip"] = canonical_ip(fields.get("tunnelip") or fields.get("assignip") or "")
    values["session_id"] = fields.pop("tunnelid", None)
    status = fields.get("status", "")
    if did == "ssl-login-fail" or (did == "negotiate" and ipsec_user and "fail" in status):
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["failure_reason"] = fields.get("reason") or "refused"
    elif did == "tunnel-up" and fields.get("tunneltype") == "ssl-tunnel":
        values["action"] = actions.SESSION_OPENED
    elif did == "tunnel-up" and values["user"]:
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
    elif did == "tunnel-down" and values["user"]:
        values["action"] = actions.LOGOFF
    return VPN


def _event(fields: dict[str, str], values: Values, extra: Values) -> str:
    did, status = str(values["device_action"] or "").lower(), fields.get("status", "")
    interface = _INTERFACE.fullmatch(fields.get("ui", ""))
    put_source(values, extra, fields.pop("srcip", None) or (interface["address"] if interface else None))
    if did == "login":
        failed = status.startswith("fail")
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE if failed else actions.SUCCESS
        values["failure_reason"] = fields.get("reason") if failed else None
    elif did == "logout":
        values["action"] = actions.LOGOFF
    elif did in {"add", "edit", "delete", "move", "rename", "clone"} and "cfgpath" in fields:
        values["action"] = actions.CONFIGURATION_CHANGED
    return DEVICE
