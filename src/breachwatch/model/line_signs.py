"""How the text logs of hosts, network devices and web servers are recognised by their first lines."""

from __future__ import annotations

import re
from typing import Final

_AUDITD: Final = re.compile(rb"(node=\S{1,255} )?type=[\w\[\]]{1,64} (msg=audit\(|msg=\?)")
_AUSEARCH: Final = (b"----", b"time->")


def is_auditd(head: bytes) -> bool:
    """audit.log, or what ausearch prints."""
    line = next((line for line in head.split(b"\n") if line.strip() and not line.startswith(_AUSEARCH)), b"")
    return _AUDITD.match(line) is not None


_DEVICE: Final = re.compile(
    rb"date=\d{4}-\d\d-\d\d time=[\d: ]{6,9} (devname|devid|device_id|logid)=|"  # FortiGate
    rb"\d?,\d{4}/\d\d/\d\d \d\d:\d\d:\d\d,\w{0,64},[A-Z-]{4,20},|"  # Palo Alto
    rb"%{1,2}(ASA|PIX|FTD)-(\w{1,31}-)?[0-7]-\d{6}: "
)


def is_device_record(head: bytes) -> bool:
    """What FortiGate, Palo Alto and Cisco ASA write, without a syslog header in front."""
    return _DEVICE.match(head.lstrip()) is not None


_WEB_ERROR: Final = re.compile(
    rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(\.\d{1,6})? \d{4}\] \[[\w:-]{1,80}\] |"  # Apache
    rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]{1,10}\] \d{1,19}#\d{1,20}: "  # nginx
)
_SQUID: Final = re.compile(rb"\s*\d{9,11}\.\d{3} +-?\d{1,12} \S{1,256} [A-Z_]{1,64}/\d{3} \d{1,19} ")


def is_web_error(line: bytes) -> bool:
    """The error log of Apache or nginx."""
    return _WEB_ERROR.match(line) is not None


def is_squid(line: bytes) -> bool:
    """Squid's access log in its native format."""
    return _SQUID.match(line) is not None


_JSON_REQUEST: Final = (
    (b'"request"', b'"remote_ip"', b'"status"'),  # Caddy
    (b'"remote_addr"', b'"status"', b'"request'),  # nginx, under the names of its variables
    (b'"ClientHost"', b'"RequestMethod"', b'"DownstreamStatus"'),  # Traefik
)
_JSON_APPLICATION: Final = (
    (b'"reqId"', b'"remoteAddr"', b'"app"'),  # Nextcloud
    (b'"controller"', b'"action"', b'"method"', b'"path"'),  # GitLab
    (b'"ei"', b'"event"', b'"code"', b'"cluster_name"'),  # Teleport
    (b'"logger"', b'"level"', b'"msg"', b'"t"'),  # Grafana
    (b'"level"', b'"sender"', b'"time"'),  # SFTPGo
)
_DAEMON_LOG: Final = re.compile(
    rb"(?:[\w.-]{1,128} {1,40}\| )?"  # docker compose puts the container in front
    rb"(?:\[?(\d{4}[-/]\d\d[-/]\d\d[T ]{1,2}|\d{6} {1,2})\d{1,2}:\d\d:\d\d([.,]\d{1,9})?(Z| ?[+-]\d\d:?\d\d| UTC| GMT)?"
    rb"(, {0,2}\d{1,2})?\]?(?=[:| ]|$|,[0-9A-F]{16},)|"
    rb"\[?[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(\.\d{1,9})? \d{4}\]?[: ]|"
    rb"\[Nest\] \d{1,10} +- \d\d/\d\d/\d{4}, \d{1,2}:\d\d:\d\d [AP]M|"
    rb"[A-Z]{4,7}: \[[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(\.\d{1,9})?\] |"
    rb"([\w.]{1,64}=(\"[^\"]{0,256}\"|[^\" ]{0,256}) ){0,12}(t|ts|time)=\"?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|"
    rb"@[0-9a-f]{24} |"
    rb"\s*Auth: \[[^\]]{1,128}\] user \[)"
)


def is_web_json(head: bytes) -> bool:
    """Requests to a web server as JSON lines."""
    return _has_names(head, _JSON_REQUEST)


def is_application_json(head: bytes) -> bool:
    """What applications write as JSON lines."""
    return _has_names(head, _JSON_APPLICATION)


def _has_names(head: bytes, products: tuple[tuple[bytes, ...], ...]) -> bool:
    line = next((line for line in head.split(b"\n") if line.strip()), b"").removeprefix(b"\xef\xbb\xbf")
    return line.startswith(b"{") and any(all(name in line for name in names) for names in products)


def is_daemon_log(head: bytes) -> bool:
    """A log that a daemon writes itself: its first line begins with a time, and with none that a better sign fits."""
    line = next((line for line in head.split(b"\n") if line.strip()), b"").removeprefix(b"\xef\xbb\xbf")
    return _DAEMON_LOG.match(line) is not None
