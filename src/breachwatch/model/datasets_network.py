"""The datasets of firewalls, VPN, network devices, proxies, name servers and web servers.

Where Sigma's taxonomy has a name with dashes (`cs-uri-query`), the column has underscores and a mapping joins the two.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa


def _texts(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.string()) for name in names]


def _numbers(*names: str) -> list[pa.Field[Any]]:
    return [pa.field(name, pa.int64()) for name in names]


_SIGN_IN = _texts("auth_method", "failure_reason", "target_user", "session_id")
_SYSLOG = _texts("facility", "severity", "msgid", "structured_data")
_DEVICE = _texts("vendor", "message_id", "device_action")
"""Who made the device, the vendor's number of the message, and what the device says it did, in its own word."""

_FIREWALL = [
    *_texts("destination_ip", "protocol", "interface_in", "interface_out", "rule", "tcp_flags"),
    pa.field("destination_port", pa.int32()),
    *_DEVICE,
    *_texts("session_id", "application", "threat", "reason"),
    *_numbers("bytes_sent", "bytes_received"),
    *_SYSLOG,
]

_VPN = [*_SIGN_IN, *_texts("assigned_ip"), *_DEVICE, *_texts("group", "client"), *_SYSLOG]

_NETWORK_DEVICE = [
    *_SIGN_IN,
    *_DEVICE,
    *_texts("command", "type", "subtype", "cfgpath", "cfgobj", "cfgattr", "ui", "logdesc"),
    *_SYSLOG,
]

_PROXY = [
    *_texts("c_uri", "c_uri_stem", "c_uri_query", "c_uri_extension", "c_useragent"),
    *_texts("cs_method", "cs_host", "cs_cookie", "cs_referer", "cs_version", "cs_mime_type"),
    pa.field("sc_status", pa.int32()),
    *_numbers("sc_bytes", "cs_bytes"),
    *_texts("destination_ip", "rule", "category"),
    pa.field("destination_port", pa.int32()),
    *_DEVICE,
    *_SYSLOG,
]

_DNS = [*_texts("query", "record_type", "answer"), *_SYSLOG]

_WEB_ACCESS = [
    # cs_uri is the whole target of the request; stem and query are its parts before and behind the question mark
    *_texts("cs_method", "cs_uri", "cs_uri_stem", "cs_uri_query", "cs_version", "cs_referer", "cs_user_agent"),
    *_texts("cs_host"),
    pa.field("sc_status", pa.int32()),
    pa.field("sc_bytes", pa.int64()),
]

_WEB_ERROR = [
    *_SIGN_IN,
    *_texts("level", "module", "error_code", "cs_method", "cs_uri", "cs_host", "cs_referer", "server_name"),
    *_SYSLOG,
]

NETWORK: Final[tuple[tuple[str, str, list[pa.Field[Any]]], ...]] = (
    ("network.firewall", "connections that a firewall let through or blocked", _FIREWALL),
    ("network.vpn", "VPN sign-ins and sessions", _VPN),
    ("network.device", "sign-ins, commands and changes on firewalls, routers and switches themselves", _NETWORK_DEVICE),
    ("network.proxy", "web requests that a proxy or filter passed on or blocked", _PROXY),
    ("network.dns", "questions that a name server was asked", _DNS),
    ("web.access", "requests to web servers (common and combined log format)", _WEB_ACCESS),
    ("web.error", "error logs of web servers: refused sign-ins, failed requests, crashes", _WEB_ERROR),
)
"""Name, what it holds, and the native fields."""
