"""Palo Alto Networks firewalls and Panorama: one record as comma-separated values.

Order of the values by log type: Palo Alto Networks, "PAN-OS Administrator's Guide", Syslog Field Descriptions. Newer
versions append values, so positions hold; older ones have fewer.

TRAFFIC and THREAT go to network.firewall, THREAT of subtype url to network.proxy, GLOBALPROTECT (and SYSTEM of
subtype globalprotect, before 9.1) to network.vpn, the rest to network.device. Attempts to sign in (`action = logon`),
each once: `gateway-auth` (a connection authenticates at the portal first and at the gateway then) and failures at the
portal; of administrators the success that SYSTEM tells. SYSTEM's `auth-fail` is of both, so it is no attempt of its
own.
"""

from __future__ import annotations

import csv
import re
from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.meaning import DEVICE, FIREWALL, PROXY, VPN, Values, has_year, pattern

_START: Final = re.compile(
    r"(?:.{0,128}? )??(?P<csv>\d?,\d{4}/\d\d/\d\d \d\d:\d\d:\d\d,[^,]{0,64},[A-Z-]{4,20},.*)", re.DOTALL
)
_TRAFFIC: Final = (
    *(
        "",
        "received",
        "serial",
        "type",
        "subtype",
        "",
        "generated",
        "src",
        "dst",
        "natsrc",
        "natdst",
        "rule",
        "srcuser",
    ),
    *("dstuser", "app", "vsys", "from", "to", "inbound_if", "outbound_if", "logset", "", "sessionid", "repeatcnt"),
    *("sport", "dport", "natsport", "natdport", "flags", "proto", "action"),
)
_FIELDS: Final = {
    "TRAFFIC": (
        *_TRAFFIC,
        *(
            "bytes",
            "bytes_sent",
            "bytes_received",
            "packets",
            "start",
            "elapsed",
            "category",
            "",
            "seqno",
            "actionflags",
        ),
        *(
            "srcloc",
            "dstloc",
            "",
            "pkts_sent",
            "pkts_received",
            "session_end_reason",
            "",
            "",
            "",
            "",
            "",
            "device_name",
        ),
    ),
    "THREAT": (
        *_TRAFFIC,
        *("misc", "threatid", "category", "severity", "direction", "seqno", "actionflags", "srcloc", "dstloc", ""),
        *("contenttype", "pcap_id", "filedigest", "cloud", "url_idx", "user_agent", "filetype", "xff", "referer"),
        *(
            "sender",
            "subject",
            "recipient",
            "reportid",
            "",
            "",
            "",
            "",
            "",
            "device_name",
            "",
            "",
            "",
            "",
            "http_method",
        ),
    ),
    "SYSTEM": (
        *("", "received", "serial", "type", "subtype", "", "generated", "vsys", "eventid", "object", "", "", "module"),
        *("severity", "opaque", "seqno", "actionflags", "", "", "", "", "", "device_name"),
    ),
    "CONFIG": (
        *(
            "",
            "received",
            "serial",
            "type",
            "subtype",
            "",
            "generated",
            "client_host",
            "vsys",
            "cmd",
            "admin",
            "client",
        ),
        *("result", "path"),
    ),
    "GLOBALPROTECT": (
        *("", "received", "serial", "type", "subtype", "", "generated", "vsys", "eventid", "stage", "auth_method"),
        *(
            "tunnel_type",
            "srcuser",
            "srcregion",
            "machinename",
            "public_ip",
            "public_ipv6",
            "private_ip",
            "private_ipv6",
        ),
        *(
            "hostid",
            "serialnumber",
            "client_ver",
            "client_os",
            "client_os_ver",
            "repeatcnt",
            "reason",
            "error",
            "opaque",
        ),
        *("status", "location", "login_duration", "connect_method", "error_code", "portal"),
    ),
}
_NOTHING: Final = frozenset({"", "0.0.0.0", "N/A", "::"})  # noqa: S104 - an address that stands for none
_SAID_USER: Final = re.compile(r"User name: ([^,]{1,256})[,.]")
_SAID_ADDRESS: Final = re.compile(r"(?:Login from|From|Public IP): ([0-9A-Fa-f.:]{3,45}?)[,.]?(?: |$)")
_SAID_PRIVATE: Final = re.compile(r"Private IP: ([0-9A-Fa-f.:]{3,45}?)[,.]?(?: |$)")
_SAID_REASON: Final = re.compile(r"(?:Reason|Error): (.{1,256}?)[.,]?(?: [A-Z]|$)")
_ADMIN: Final = pattern(
    r"User[ ](?P<user>.{1,256}?)[ ](?P<what>logged[ ](?:in|out))[ ]via[ ](?P<via>\w+)[ ]from[ ](?P<address>[^ ]+).*"
)
_AUTH: Final = pattern(r".*?(?P<word>failed[ ]authentication|authenticated)[ ]for[ ]user[ ]'(?P<user>[^']{0,256})'.*")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one record; None for text that is none."""
    found = _START.fullmatch(message)
    if found is None:
        return None
    try:
        parts = next(csv.reader([found["csv"]]))
    except csv.Error:
        return None
    names = _FIELDS.get(parts[3], _FIELDS["SYSTEM"][:7])
    fields = {name: value for name, value in zip(names, parts, strict=False) if name and value not in _NOTHING}
    values["program"], values["vendor"] = "pan-os", "paloalto"
    values["host"] = fields.pop("device_name", None) or values.get("host")
    values["message_id"] = "-".join(fields[name] for name in ("type", "subtype") if name in fields).lower()
    if "generated" in fields and not has_year(values):
        values["time"], values["time_text"] = None, fields["generated"].replace("/", "-")
    dataset = _read_kind(fields, values, extra)
    if dataset == DEVICE:
        values.update({name: fields.pop(name) for name in ("type", "subtype") if name in fields})
    extra.update({name: value for name, value in fields.items() if name not in {"received", "generated"}})
    return dataset


def _read_kind(fields: dict[str, str], values: Values, extra: Values) -> str:
    kind, part = fields.get("type"), fields.get("subtype")
    if kind == "THREAT" and part == "url":
        return _url(fields, values, extra)
    if kind in {"TRAFFIC", "THREAT"}:
        return _traffic(fields, values, extra)
    if kind == "GLOBALPROTECT":
        return _globalprotect(fields, values, extra)
    if kind == "SYSTEM" and part == "globalprotect":
        return _old_globalprotect(fields, values, extra)
    if kind == "CONFIG":
        values["action"], values["user"] = actions.CONFIGURATION_CHANGED, fields.pop("admin", None)
        values["command"], values["ui"] = fields.pop("cmd", None), fields.pop("client", None)
        values["cfgpath"] = fields.pop("path", None)
        put_source(values, extra, fields.pop("client_host", None))
    elif kind == "SYSTEM":
        _system(fields, values, extra)
    return DEVICE


def _traffic(fields: dict[str, str], values: Values, extra: Values) -> str:
    did = fields.pop("action", "")
    values["device_action"] = did or None
    threat = fields.pop("threatid", None)
    if did.startswith(("deny", "drop", "reset", "block")) or fields.get("subtype") in {"drop", "deny"}:
        values["action"] = actions.CONNECTION_BLOCKED
    elif threat is not None:
        values["action"] = actions.THREAT_FOUND
    elif did == "allow":
        values["action"] = actions.CONNECTION_ALLOWED
    values["threat"] = threat
    _put_ends(fields, values, extra)
    values["protocol"], values["application"] = fields.pop("proto", None), fields.pop("app", None)
    values["interface_in"], values["interface_out"] = fields.pop("inbound_if", None), fields.pop("outbound_if", None)
    values["session_id"], values["reason"] = fields.pop("sessionid", None), fields.pop("session_end_reason", None)
    values["bytes_sent"], values["bytes_received"] = fields.pop("bytes_sent", None), fields.pop("bytes_received", None)
    return FIREWALL


def _url(fields: dict[str, str], values: Values, extra: Values) -> str:
    did = fields.pop("action", "")
    values["device_action"] = did or None
    values["action"] = actions.CONNECTION_BLOCKED if did.startswith(("block", "reset")) else actions.HTTP_REQUEST
    _put_ends(fields, values, extra)
    url = fields.pop("misc", None)
    if url is not None:
        host, slash, rest = url.partition("/")
        stem, mark, query = rest.partition("?")
        values["c_uri"], values["cs_host"] = url, host.partition(":")[0]
        values["c_uri_stem"], values["c_uri_query"] = slash + stem, query if mark else None
    values["c_useragent"], values["cs_referer"] = fields.pop("user_agent", None), fields.pop("referer", None)
    values["cs_method"], values["category"] = fields.pop("http_method", None), fields.pop("category", None)
    return PROXY


def _put_ends(fields: dict[str, str], values: Values, extra: Values) -> None:
    put_source(values, extra, fields.pop("src", None), fields.pop("sport", None))
    values["destination_ip"] = canonical_ip(fields.pop("dst", ""))
    values["destination_port"] = fields.pop("dport", None)
    values["user"], values["rule"] = fields.pop("srcuser", None), fields.pop("rule", None)


def _globalprotect(fields: dict[str, str], values: Values, extra: Values) -> str:
    values["user"], values["auth_method"] = fields.pop("srcuser", None), fields.pop("auth_method", None)
    put_source(values, extra, fields.pop("public_ip", None) or fields.pop("public_ipv6", None))
    values["assigned_ip"] = canonical_ip(fields.pop("private_ip", ""))
    values["client"] = fields.pop("client_os_ver", None) or fields.get("client_os")
    failed = fields.get("status") == "failure"
    reason = fields.get("error") or fields.get("reason")
    _connect(fields.get("eventid", ""), failed, reason, values)
    return VPN


def _old_globalprotect(fields: dict[str, str], values: Values, extra: Values) -> str:
    said = fields.get("opaque", "")
    user, address, private = _SAID_USER.search(said), _SAID_ADDRESS.search(said), _SAID_PRIVATE.search(said)
    reason = _SAID_REASON.search(said)
    values["user"] = user[1] if user else None
    put_source(values, extra, address[1] if address else None)
    values["assigned_ip"] = canonical_ip(private[1]) if private else None
    event = fields.get("eventid", "").removeprefix("globalprotect")
    _connect(event.removesuffix("-succ").removesuffix("-fail"), event.endswith("-fail"), reason and reason[1], values)
    return VPN


def _connect(event: str, failed: bool, reason: str | None, values: Values) -> None:
    """What one step of a connection means; steps: portal-auth, gateway-auth, gateway-config, gateway-logout, ..."""
    values["device_action"] = event or None
    if event in {"portal-auth", "gateway-auth"}:
        values["outcome"] = actions.FAILURE if failed else actions.SUCCESS
        values["failure_reason"] = (reason or "refused") if failed else None
        values["action"] = actions.LOGON if failed or event == "gateway-auth" else None
    elif event in {"gateway-connected", "gateway-config"} and not failed:
        values["action"] = actions.SESSION_OPENED
    elif event == "gateway-logout":
        values["action"] = actions.LOGOFF


def _system(fields: dict[str, str], values: Values, extra: Values) -> None:
    said = fields.get("opaque", "")
    values["message"] = said or values.get("message")
    if found := _ADMIN.fullmatch(said):
        logged_in = found["what"] == "logged in"
        values["action"] = actions.LOGON if logged_in else actions.LOGOFF
        values["outcome"] = actions.SUCCESS if logged_in else None
        values["user"], values["ui"] = found["user"], found["via"]
        put_source(values, extra, found["address"])
    elif found := _AUTH.fullmatch(said):
        failed = found["word"].startswith("failed")
        values["outcome"], values["user"] = actions.FAILURE if failed else actions.SUCCESS, found["user"] or None
        address, reason = _SAID_ADDRESS.search(said), _SAID_REASON.search(said)
        put_source(values, extra, address[1] if address else None)
        values["failure_reason"] = reason[1] if failed and reason else None
