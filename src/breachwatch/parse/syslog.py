"""Syslog lines: RFC 3164, RFC 5424, and what rsyslog, syslog-ng and systemd write into files.

    Apr  3 00:17:01 web01 sshd[7192]: text              the traditional file format (RFC 3164 section 4.1 without PRI)
    <38>Apr  3 00:17:01 web01 sshd[7192]: text           the same with PRI
    Jan  6 2009 15:22:26 ...                            with a year (Cisco)
    2026-11-22T04:15:00.123456-06:00 web01 sshd[7]: text rsyslog's default since 8.2204, systemd's short-iso
    <34>1 2026-11-22T10:15:00Z web01 sshd 7 ID47 - text RFC 5424
    62 <34>1 ...                                        any of them with an octet count before it (RFC 6587, 3.4.1)

A line with neither a PRI nor a time is a reject: it is no syslog record but a continuation or a stray. Records that
network devices write into files without either (FortiGate, Palo Alto, Cisco) are read by their own marks and times.
What follows a PRI without a time is kept as a message without a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final

from breachwatch.model.line_signs import is_device_record
from breachwatch.model.segment import Segment
from breachwatch.parse.auditd.events import join_events
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import UnreadableError, read_lines
from breachwatch.parse.priority import HIGHEST, facility_name, severity_name
from breachwatch.parse.repeated import Messages
from breachwatch.parse.syslogtime import SyslogClock
from breachwatch.settings import Limits

_FIRST_BELIEVED_YEAR: Final = 1990
_MONTH = r"[A-Z][a-z]{2}"
_CLOCK = r"\d\d:\d\d:\d\d"
_ISO = rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:[.,]\d{{1,9}})?(?:Z|[+-]\d\d:?\d\d)?"

# Nearly every line of a host's own log; all others take the slower way below.
_COMMON: Final = re.compile(
    rf"""
    (?P<time>{_MONTH}[ ][ \d]\d[ ]{_CLOCK}|{_ISO})[ ]
    (?P<host>[^ :\[]+)[ ]
    (?P<program>[^ :\[\]]{{1,128}})(?:\[(?P<pid>\d{{1,19}})\])?:[ ]
    (?P<message>.*)
    """,
    re.VERBOSE | re.DOTALL,
)
_PRI: Final = re.compile(r"(?:\d{1,10} )?<(\d{1,3})>")
_RFC5424: Final = re.compile(
    rf"""
    (?P<version>[1-9]\d{{0,2}})[ ]
    (?P<time>-|{_ISO})[ ]
    (?P<host>[!-~]{{1,255}})[ ]
    (?P<program>[!-~]{{1,128}})[ ]        # RFC 5424 allows an APP-NAME of 48; longer ones are met
    (?P<pid>[!-~]{{1,128}})[ ]
    (?P<msgid>[!-~]{{1,128}})[ ]
    (?P<data>-|(?:\[[^ =\]"]{{1,128}}(?:[ ][^ =\]"]{{1,128}}="(?:[^"\\\]]++|\\.)*+")*+\])++)
    (?:[ ](?P<message>.*))?
    """,
    re.VERBOSE | re.DOTALL,
)
_SEQUENCE: Final = re.compile(r"^(?:\d{1,10})?: ?(?=[ *.:]*(?:[A-Z][a-z]{2} |%))")  # Cisco IOS numbers its messages
_TIME: Final = re.compile(
    rf"""
    [ *.]*                              # a space too many; Cisco's "clock not set" marks
    (?:(?P<yearless>{_MONTH}[ ]{{1,2}}\d{{1,2}}[ ]{_CLOCK}(?:\.\d{{1,9}})?)
      |(?P<month>{_MONTH})[ ]{{1,2}}(?P<day>\d{{1,2}})[ ](?P<year>\d{{4}})[ ](?P<clock>{_CLOCK}(?:\.\d{{1,9}})?)
      |(?P<iso>{_ISO}))
    :?(?P<rest>(?:[ ].*)?)
    """,
    re.VERBOSE | re.DOTALL,
)
_TAG: Final = re.compile(
    r"(?P<program>[^ :\[\]]{1,128})\]?(?:\[(?P<pid>[^\]]{0,64})\])?:(?: |(?=[^:/\\]|$))(?P<message>.*)", re.DOTALL
)
_TAG_WITHOUT_COLON: Final = re.compile(  # ProFTPD
    r"(?P<program>[A-Za-z][A-Za-z0-9_./-]{0,127})\[(?P<pid>\d{1,19})\] (?P<message>.*)", re.DOTALL
)


def parse_syslog(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line of the segment as an event, or as a reject where it is no syslog."""
    reader = SyslogReader(SyslogClock(written_by(segment), segment.time_zone))
    reader.clock.look_ahead(data)
    yield from join_events(read_lines(segment, data, limits, reader.read))


def written_by(segment: Segment) -> datetime:
    """When the last line was written at the latest: the file's time, if it is one that can be believed."""
    if segment.modified_at.year < _FIRST_BELIEVED_YEAR:
        return segment.planned_at  # unpacked or copied without its time
    return min(segment.modified_at, segment.planned_at)


class SyslogReader:
    """Reads the lines of one segment in their order."""

    def __init__(self, clock: SyslogClock) -> None:
        self.clock = clock
        self.messages = Messages()

    def read(self, text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """One line as (dataset, values, extra). Raises UnreadableError for a line that is no syslog."""
        found = _COMMON.match(text)
        if found is not None and not found["host"].startswith("date="):
            time_text, host, program, pid, message = found.groups()
            time = self.clock.iso(time_text) if time_text[0] <= "9" else self.clock.yearless(time_text)
            values: dict[str, Any] = {"time": time, "time_text": time_text, "host": host, "program": program}
            if pid is not None:
                values["process_id"] = int(pid)
            extra: dict[str, Any] = {}
            return self.messages.read(host, program, message, values, extra), values, extra
        return self._uncommon(text.removeprefix("\ufeff"))

    def _uncommon(self, text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        pri = _PRI.match(text)
        if pri is not None and int(pri[1]) <= HIGHEST:
            values["facility"], values["severity"] = facility_name(int(pri[1]) >> 3), severity_name(int(pri[1]) & 7)
            text = _SEQUENCE.sub("", text[pri.end() :], count=1)
            found = _RFC5424.fullmatch(text)
            if found is not None:
                return self._rfc5424(found, values, extra)
        elif pri is not None:
            msg = f"the priority in front is above {HIGHEST}"
            raise UnreadableError(msg)
        stamp = _TIME.fullmatch(text)
        if stamp is None and pri is None and not is_device_record(text.encode("utf-8", "replace")):
            msg = "the line begins with neither a priority nor a time"
            raise UnreadableError(msg)
        if stamp is None:
            host, rest = None, text
        else:
            values["time"], values["time_text"] = self._time(stamp)
            host, rest = _host_and_rest(stamp["rest"])
        values["host"] = host
        return self._tagged(host, rest, values, extra)

    def _time(self, stamp: re.Match[str]) -> tuple[datetime | None, str]:
        text = stamp.string[: stamp.start("rest")].strip(" *.").removesuffix(":")
        if stamp["yearless"]:
            return self.clock.yearless(stamp["yearless"]), text
        if stamp["iso"]:
            return self.clock.iso(stamp["iso"]), text
        return self.clock.with_year(int(stamp["year"]), stamp["month"], stamp["day"], stamp["clock"]), text

    def _tagged(
        self, host: str | None, rest: str, values: dict[str, Any], extra: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        tag = _TAG.fullmatch(rest) or _TAG_WITHOUT_COLON.fullmatch(rest)
        if tag is None or rest.startswith("date="):
            dataset = self.messages.read(host, None, rest, values, extra)
        else:
            values["program"] = tag["program"]
            _put_process(tag["pid"], values, extra)
            dataset = self.messages.read(host, tag["program"], tag["message"], values, extra)
        self._put_own_time(values)
        return dataset, values, extra

    def _put_own_time(self, values: dict[str, Any]) -> None:
        """Read the time that a device wrote into its message, if the message's parser found one."""
        if values.get("time") is None and values.get("time_text"):
            values["time"] = self.clock.iso(values["time_text"])

    def _rfc5424(
        self, found: re.Match[str], values: dict[str, Any], extra: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        fields = {name: None if text == "-" else text for name, text in found.groupdict().items()}
        time_text = fields["time"]
        values["time"] = self.clock.iso(time_text) if time_text else None
        values["time_text"], values["host"], values["program"] = time_text, fields["host"], fields["program"]
        values["msgid"], values["structured_data"] = fields["msgid"], fields["data"]
        _put_process(fields["pid"], values, extra)
        message = (found["message"] or "").removeprefix("\ufeff")
        dataset = self.messages.read(fields["host"], fields["program"], message, values, extra)
        self._put_own_time(values)
        return dataset, values, extra


def _host_and_rest(rest: str) -> tuple[str | None, str]:
    """Split what follows the time. Several spaces, or a tag in its place, mean that the host is missing (pfSense)."""
    if rest.startswith("  "):
        return None, rest.lstrip(" ")
    host, _, after = rest[1:].partition(" ")
    if host.endswith(":") or "[" in host or rest.startswith((" last message", " -", " date=")):
        return None, rest[1:]
    return host or None, after


def _put_process(text: str | None, values: dict[str, Any], extra: dict[str, Any]) -> None:
    if text and text.isascii() and text.isdecimal():
        values["process_id"] = int(text) if len(text) < 20 else text
    elif text:
        extra["procid"] = text
