"""How hosts write syslog: RFC 3164 lines, RFC 5424 lines with structured data, and the journal as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from breachwatch.simulate.inventory import DNS_DOMAIN
from breachwatch.simulate.span import SECOND, Span

FACILITIES = {"kern": 0, "daemon": 3, "auth": 4, "cron": 9, "authpriv": 10}
# Severities of RFC 5424 section 6.2.1 that are used here.
WARNING, NOTICE, INFORMATIONAL = 4, 5, 6

# Not strftime("%b"), which follows the locale.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Message:
    """One message to syslog. The journal knows a process's id even where the program does not show it."""

    facility: str
    program: str
    pid: int
    text: str
    severity: int = INFORMATIONAL
    uid: int = 0
    shows_pid: bool = True


class Rfc3164:
    """The traditional file format: no year, no zone, whole seconds, no priority (RFC 3164 section 4.1.2)."""

    def __init__(self, host: str, span: Span) -> None:
        self._host = host
        self._span = span
        self._second = -1
        self._stamp = ""

    def __call__(self, at: int, message: Message, number: int) -> bytes:  # noqa: ARG002  (the common signature)
        second = at // SECOND
        if second != self._second:
            local = self._span.local(at)
            self._second = second
            self._stamp = f"{MONTHS[local.month - 1]} {local.day:2d} {local:%H:%M:%S}"
        pid = f"[{message.pid}]" if message.pid and message.shows_pid else ""
        return f"{self._stamp} {self._host} {message.program}{pid}: {message.text}".encode()


class Rfc5424:
    """`<PRI>1 TIME HOST APP PID MSGID [SD] text` (RFC 5424 section 6), with the local offset and microseconds.

    The structured data are the registered elements `timeQuality` and `meta` (sections 7.1 and 7.3).
    """

    def __init__(self, host: str, span: Span) -> None:
        self._host = host
        self._span = span

    def __call__(self, at: int, message: Message, number: int) -> bytes:
        minutes = int(self._span.offset(at).total_seconds()) // 60
        sign = "-" if minutes < 0 else "+"
        zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
        stamp = self._span.local(at).strftime("%Y-%m-%dT%H:%M:%S.%f") + zone
        priority = FACILITIES[message.facility] * 8 + message.severity
        pid = message.pid if message.pid and message.shows_pid else "-"
        data = f'[timeQuality tzKnown="1" isSynced="1"][meta sequenceId="{(number - 1) % 2147483647 + 1}"]'
        return f"<{priority}>1 {stamp} {self._host} {message.program} {pid} - {data} {message.text}".encode()


class Journal:
    """`journalctl -o json`: one object a line, all values strings (systemd.journal-fields(7))."""

    def __init__(self, host: str, address: str, span: Span) -> None:
        self._host = host
        self._machine = hashlib.sha256(f"machine {host} {address}".encode()).hexdigest()[:32]
        self._boot = hashlib.sha256(f"boot {host} {address}".encode()).hexdigest()[:32]
        self._sequence = hashlib.sha256(f"sequence {host} {address}".encode()).hexdigest()[:32]
        self._started = span.start - 40 * 24 * 3600 * SECOND

    def __call__(self, at: int, message: Message, number: int) -> bytes:
        monotonic = at - self._started
        check = hashlib.sha256(f"{self._host} {number} {at}".encode()).hexdigest()[:16]
        entry = {
            "__CURSOR": f"s={self._sequence};i={number:x};b={self._boot};m={monotonic:x};t={at:x};x={check}",
            "__REALTIME_TIMESTAMP": str(at),
            "__MONOTONIC_TIMESTAMP": str(monotonic),
            "_BOOT_ID": self._boot,
            "_MACHINE_ID": self._machine,
            "_HOSTNAME": self._host,
            "_TRANSPORT": "kernel" if message.facility == "kern" else "syslog",
            "PRIORITY": str(message.severity),
            "SYSLOG_FACILITY": str(FACILITIES[message.facility]),
            "SYSLOG_IDENTIFIER": message.program,
        }
        if message.pid:
            entry["_PID"] = str(message.pid)
            if message.shows_pid:
                entry["SYSLOG_PID"] = str(message.pid)
            entry["_UID"] = str(message.uid)
            entry["_COMM"] = message.program.lower()
        entry["MESSAGE"] = message.text
        return json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode()


def full_name(host: str) -> str:
    """The host's name with the city's domain."""
    return f"{host}.{DNS_DOMAIN}"
