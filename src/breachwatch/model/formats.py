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
from breachwatch.model.line_signs import is_auditd, is_device_record, is_squid, is_web_error

Framing = Literal["lines", "journal-export", "utmp", "evtx", "json"]
"""How records lie in the bytes.

lines            text lines ended by LF (a CR before it belongs to the record's ending)
journal-export   systemd's journal export format: entries ended by an empty line, binary fields with a length
utmp             fixed records of 384 bytes (glibc on 64-bit Linux)
json             JSON objects: one a line, or in a list, or in a list within an envelope, pretty-printed or not
evtx             a Windows event log: a file header and 64 KiB chunks; the file is one whole, rewritten in place
"""

UTMP_RECORD = 384
EVTX_MAGIC = b"ElfFile\x00"
_UTMP_TYPES = range(10)


@dataclass(frozen=True)
class Format:
    """One log format: its name in settings, its framing, what it is, and a test of the first 4 KiB of a file."""

    name: str
    framing: Framing
    about: str
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


def _is_windows_xml(head: bytes) -> bool:
    return re.match(rb"\s*(<\?xml[^>]*>\s*)?<Events?[ >]", head.removeprefix(b"\xef\xbb\xbf")) is not None


def _is_utmp(head: bytes) -> bool:
    if len(head) < UTMP_RECORD:
        return False
    kind = int.from_bytes(head[0:2], "little")
    # The line, id and user fields are NUL-padded text: the last byte of the 32-byte line is NUL in every real record.
    return kind in _UTMP_TYPES and head[2:4] == b"\x00\x00" and head[39] == 0


def _is_web_access(head: bytes) -> bool:
    return re.match(rb"\S+ \S+ .{1,256}? \[\d{2}/[A-Z][a-z]{2}/\d{4}:", _first_line(head)) is not None


def _is_syslog(head: bytes) -> bool:
    line = _first_line(head)
    return (
        re.match(rb"<\d{1,3}>", line) is not None
        or re.match(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ", line) is not None
        or re.match(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* \S+ ", line) is not None
        or is_device_record(line)
    )


# In the order in which they are tried: the surest signs first.
_ALL = (
    Format("evtx", "evtx", "Windows event log file", _is_evtx),
    Format("journald-json", "lines", "systemd journal as `journalctl -o json`", _is_journald_json),
    Format("journald-export", "journal-export", "systemd journal as `journalctl -o export`", _is_journal_export),
    Format("cloud-json", "json", "audit logs of cloud services as JSON (Entra, Okta, AWS ...)", is_cloud_json),
    Format("cloud-api", "json", "answers of cloud services' APIs; the vendor's id names the record", lambda _: False),
    Format("m365-csv", "lines", "unified audit log of Microsoft 365 as CSV with AuditData", is_cloud_csv),
    Format("windows-json", "lines", "Windows events as JSON lines (evtx_dump, winlogbeat)", _is_windows_json),
    Format("windows-xml", "lines", "Windows events as XML, one event a line", _is_windows_xml),
    Format("auditd", "lines", "Linux audit daemon: audit.log, or what ausearch prints", is_auditd),
    Format("web-access", "lines", "web server access log, common or combined", _is_web_access),
    Format("web-error", "lines", "error log of Apache or nginx", lambda head: is_web_error(_first_line(head))),
    Format("squid", "lines", "access log of squid, native format", lambda head: is_squid(_first_line(head))),
    Format("syslog", "lines", "RFC 3164 or RFC 5424 syslog lines", _is_syslog),
    Format("utmp", "utmp", "wtmp, btmp or utmp", _is_utmp),
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
