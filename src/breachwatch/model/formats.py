"""The formats of logs: how bytes fall into records, and how a format is recognised from its first bytes.

Collecting needs the framing (a segment never ends inside a record), parsing needs the name (it picks the parser), so
both learn of a format here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from breachwatch.errors import UnknownNameError
from breachwatch.model.cloud_signs import is_cloud_csv, is_cloud_json
from breachwatch.model.line_signs import (
    is_application_json,
    is_auditd,
    is_daemon_log,
    is_device_record,
    is_squid,
    is_web_error,
    is_web_json,
)
from breachwatch.model.record_signs import is_lastlog, is_utmp

Framing = Literal["lines", "journal-export", "utmp", "utmp-400", "lastlog", "lastlog-296", "evtx", "json", "xml"]
"""How records lie in the bytes.

lines            text lines ended by LF (a CR before it belongs to the record's ending)
journal-export   systemd's journal export format: entries ended by an empty line, binary fields with a length
utmp             fixed records of 384 bytes (glibc where times are 32 bits wide: x86, PowerPC, MIPS, SPARC)
utmp-400         fixed records of 400 bytes (glibc where they are 64 bits wide: ARM64, IBM Z, RISC-V)
lastlog          fixed records of 292 bytes, lastlog-296 of 296: the same difference
json             JSON objects: one a line, or in a list, or in a list within an envelope, pretty-printed or not
xml              elements `<Event>`: one a line, over several lines, or many on one line within `<Events>`
evtx             a Windows event log: a file header and 64 KiB chunks; the file is one whole, rewritten in place
"""

UTMP_RECORD = 384
RECORD_SIZES: Mapping[str, int] = MappingProxyType(
    {"utmp": UTMP_RECORD, "utmp-400": 400, "lastlog": 292, "lastlog-296": 296}
)
"""Bytes of a record, for framings that have records of one size."""
EVTX_MAGIC = b"ElfFile\x00"


@dataclass(frozen=True)
class Format:
    """One log format: its name in settings, its framing, what it is, its parser, and a test of a file's first 4 KiB.

    `parser` names module (below breachwatch.parse) and function; it is imported when it is first wanted.
    """

    name: str
    framing: Framing
    about: str
    parser: str
    looks_like: Callable[[bytes], bool]


def _first_line(head: bytes) -> bytes:
    return next((line for line in head.split(b"\n") if line.strip()), b"").removeprefix(b"\xef\xbb\xbf")


def _is_evtx(head: bytes) -> bool:
    return head.startswith(EVTX_MAGIC)


def _is_journal_export(head: bytes) -> bool:
    return re.match(rb"(__CURSOR|__REALTIME_TIMESTAMP|_BOOT_ID|[A-Z_]+)=", head) is not None and b"\n__" in head


def _is_journald_json(head: bytes) -> bool:
    line = _first_line(head)
    return line.startswith(b"{") and b'"__REALTIME_TIMESTAMP"' in head


def _is_windows_json(head: bytes) -> bool:
    line = _first_line(head)
    return line.startswith(b"{") and re.search(rb'"(Event|EventID|event_id|winlog|Channel)"', head) is not None


def _is_windows_json_list(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    opened = re.match(rb"\[\s*\{|\{\s*[\r\n]", start) is not None
    return opened and re.search(rb'"(Event|EventID|event_id|winlog|Channel)"\s*:', head) is not None


def _is_windows_xml(head: bytes) -> bool:
    return re.match(rb"\s*(<\?xml[^>]*>\s*)?(- )?<Events?[ >]", head.removeprefix(b"\xef\xbb\xbf")) is not None


def _is_web_access(head: bytes) -> bool:
    return re.match(rb"\S+ \S+ .{1,256}? \[\d{2}/[A-Z][a-z]{2}/\d{4}:", _first_line(head)) is not None


def _is_windows_xml_events(head: bytes) -> bool:
    """Not one event a line: within `<Events>`, or spread over lines."""
    if not _is_windows_xml(head):
        return False
    line = next(line for line in head.split(b"\n") if re.search(rb"<Events?[ >]", line))
    return b"<Events" in line or (b"</Event>" not in line and b"\n" in head[head.index(line) :])


_TAGGED = rb"[^\s:\[\]]{1,255} [A-Za-z][^\s:\[\]]{0,127}(\[\d{1,19}\]:? |: )"
"""A host and a program: without an offset, a time in front of them is no sure sign."""


def _is_syslog(head: bytes) -> bool:
    line = _first_line(head)
    return (
        re.match(rb"<\d{1,3}>", line) is not None
        or re.match(rb"[A-Z][a-z]{2} (?:[ \d]\d|\d) \d\d:\d\d:\d\d ", line) is not None
        or re.match(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)? " + _TAGGED, line) is not None
        or re.match(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d) (?!\d{1,20} \[)\S+ ", line)
        is not None
        or is_device_record(line)
    )


# In the order in which they are tried: the surest signs first.
_ALL = (
    Format("evtx", "evtx", "Windows event log file", "evtx:parse_evtx", _is_evtx),
    Format(
        "journald-json", "lines", "systemd journal as `journalctl -o json`", "journald:parse_json", _is_journald_json
    ),
    Format(
        "journald-export",
        "journal-export",
        "systemd journal as `journalctl -o export`",
        "journald:parse_export",
        _is_journal_export,
    ),
    Format(
        "cloud-json",
        "json",
        "audit logs of cloud services as JSON (Entra, Okta, AWS ...)",
        "cloud.records:parse_cloud_json",
        is_cloud_json,
    ),
    Format(
        "cloud-api",
        "json",
        "answers of cloud services' APIs; the vendor's id names the record",
        "cloud.answers:parse_cloud_api",
        lambda _: False,
    ),
    Format(
        "m365-csv",
        "lines",
        "unified audit log of Microsoft 365 as CSV with AuditData",
        "cloud.records:parse_m365_csv",
        is_cloud_csv,
    ),
    Format(
        "windows-json-list",
        "json",
        "Windows events as JSON, in a list or over several lines",
        "windows_json:parse_windows_json_list",
        _is_windows_json_list,
    ),
    Format(
        "windows-json",
        "lines",
        "Windows events as JSON lines (evtx_dump, winlogbeat)",
        "windows_json:parse_windows_json",
        _is_windows_json,
    ),
    Format(
        "windows-xml-events",
        "xml",
        "Windows events as XML, as Event Viewer saves them, or over several lines",
        "windows_xml:parse_windows_xml_events",
        _is_windows_xml_events,
    ),
    Format(
        "windows-xml",
        "lines",
        "Windows events as XML, one event a line",
        "windows_xml:parse_windows_xml",
        _is_windows_xml,
    ),
    Format(
        "auditd", "lines", "Linux audit daemon: audit.log, or what ausearch prints", "auditd:parse_auditd", is_auditd
    ),
    Format(
        "web-access",
        "lines",
        "web server access log, common or combined",
        "web_access:parse_web_access",
        _is_web_access,
    ),
    Format(
        "web-error",
        "lines",
        "error log of Apache or nginx",
        "web_error:parse_web_error",
        lambda head: is_web_error(_first_line(head)),
    ),
    Format(
        "squid",
        "lines",
        "access log of squid, native format",
        "squid:parse_squid",
        lambda head: is_squid(_first_line(head)),
    ),
    Format(
        "web-json",
        "lines",
        "web server access log as JSON lines (Caddy, nginx, Traefik)",
        "web_json:parse_web_json",
        is_web_json,
    ),
    Format(
        "application-json",
        "lines",
        "logs of applications as JSON lines (Nextcloud, GitLab, SFTPGo, Teleport)",
        "application_json:parse_application_json",
        is_application_json,
    ),
    Format("syslog", "lines", "RFC 3164 or RFC 5424 syslog lines", "syslog:parse_syslog", _is_syslog),
    Format(
        "lastlog", "lastlog", "each account's last session", "lastlog:parse_lastlog", lambda head: is_lastlog(head, 4)
    ),
    Format(
        "lastlog-296",
        "lastlog-296",
        "the same with wide times",
        "lastlog:parse_lastlog",
        lambda head: is_lastlog(head, 8),
    ),
    Format(
        "utmp",
        "utmp",
        "wtmp, btmp or utmp, in records of 384 bytes",
        "utmp:parse_utmp",
        lambda head: is_utmp(head, 384),
    ),
    Format(
        "utmp-400", "utmp-400", "the same in records of 400 bytes", "utmp:parse_utmp", lambda head: is_utmp(head, 400)
    ),
    Format(
        "daemon-log",
        "lines",
        "what daemons write without syslog: a time, then text",
        "daemon_log:parse_daemon_log",
        is_daemon_log,
    ),
)

FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _ALL})
"""Every format by its name in the settings (`format = "syslog"`)."""

HEAD_BYTES = 4096
"""How many bytes `recognise` wants to see; fewer are fine where the file is shorter."""


def format_named(name: str) -> Format:
    """The format of that name; raises UnknownNameError."""
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownNameError("format", name, FORMATS) from None


def recognise(head: bytes) -> Format | None:
    """The format that the first bytes of a file look like, or None."""
    return next((form for form in _ALL if form.looks_like(head)), None)
