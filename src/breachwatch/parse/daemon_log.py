r"""Logs that daemons write themselves, without syslog: a time, then the daemon's message.

    2026-11-22 04:15:00 dovecot_login authenticator failed for ...      Exim, MySQL, lighttpd, Proxmox Backup Server
    2026-11-22  4:15:00 139845235329792 [Warning] Access denied ...     MariaDB, a blank before an hour of one digit
    261122  4:15:00 [Warning] Access denied for user ...                MySQL before 5.7
    Sun Nov 22 04:15:00 2026 [pid 2] [jmeyer] OK LOGIN: Client "..."    vsftpd, OpenVPN
    2026/11/22 04:15:00 ... and [2026-11-22 04:15:00,123] ...           what is left
    @400000006921a0b20000c350 imap-login: Login: ...                    multilog, svlogd (TAI64N)
    Auth: [SMB2,(null)] user [CITY]\[jmeyer] at [Sun, 22 Nov ...]      Samba names the time within

Which daemon it is says `OWN_LOG` in its module below `programs/`; that module reads the message. Text of another
daemon is an event with its time and its words. A line without a time (a stack trace, the second line of a message) is a
reject. Times without an offset are in the source's zone. Sources: the programs named above; TAI64N: D. J. Bernstein,
libtai.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from breachwatch.model.segment import Segment
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import UnreadableError, read_lines
from breachwatch.parse.programs.dispatch import OWN_LOGS
from breachwatch.parse.repeated import Messages
from breachwatch.parse.syslogtime import SyslogClock
from breachwatch.settings import Limits

_CLOCK = r"(?P<hour>\d{1,2}):(?P<rest>\d\d:\d\d)(?:[.,](?P<part>\d{1,9}))?"
_DAY = r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)"
_ZONE = r"(?P<zone>Z|[ ]?[+-]\d\d:?\d\d|[ ](?:UTC|GMT))?(?:,[ ]{0,2}\d{1,2})?"  # Samba adds a level
_NUMBERED: Final = re.compile(
    rf"\[?(?:{_DAY}[T ]{{1,2}}|(?P<short>\d{{6}})[ ]{{1,2}}){_CLOCK}{_ZONE}\]?"
    r"(?:[:|][ ]?|[ ]+|$)(?P<text>.*)",
    re.DOTALL,
)
_NAMED: Final = re.compile(
    r"\[?[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d)(?:\.\d{1,9})? "
    r"(?P<year>\d{4})\]?:? ?(?P<text>.*)",
    re.DOTALL,
)
_TAI64N: Final = re.compile(r"@([0-9a-f]{16})([0-9a-f]{8}) (?P<text>.*)", re.DOTALL)
_SAMBA: Final = re.compile(r"\s*Auth: .*? at \[[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) ([\d:]{8})(?:\.\d{1,9})? ")
_TAGGED: Final = re.compile(
    r"(?:[^ :\[\]]{1,255} )?(?P<program>[A-Za-z][\w./-]{0,127})\[(?P<pid>\d{1,19})\]:? (?P<text>.*)", re.DOTALL
)
_TAI_OF_1970: Final = 2**62 + 10
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC


def parse_daemon_log(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line with a time as an event, every other as a reject."""
    reader = _Reader(SyslogClock(segment.planned_at, segment.time_zone))
    yield from read_lines(segment, data, limits, reader.read)


class _Reader:
    """Reads the lines of one segment in their order."""

    def __init__(self, clock: SyslogClock) -> None:
        self._clock = clock
        self._messages = Messages()

    def read(self, text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """One line as (dataset, values, extra). Raises UnreadableError for a line without a time."""
        text = text.removeprefix("\ufeff")
        time, message = self._time(text)
        values: dict[str, Any] = {"time": time, "time_text": text[: len(text) - len(message)].strip(" []:|") or None}
        extra: dict[str, Any] = {}
        program = next((own.program for own in OWN_LOGS if own.looks_like.match(message)), None)
        tagged = _TAGGED.fullmatch(message) if program is None else None
        if tagged is not None:
            program, message = tagged["program"], tagged["text"]
            values["process_id"] = int(tagged["pid"])
        values["program"] = program
        dataset = self._messages.read(None, program, message, values, extra)
        return dataset, values, extra

    def _time(self, text: str) -> tuple[datetime | None, str]:
        if found := _NUMBERED.fullmatch(text):
            return self._clock.iso(_iso(found)), found["text"]
        if found := _NAMED.fullmatch(text):
            return self._clock.with_year(int(found["year"]), found["month"], found["day"], found["clock"]), found[
                "text"
            ]
        if found := _TAI64N.fullmatch(text):
            return _tai64n(int(found[1], 16), int(found[2], 16)), found["text"]
        if found := _SAMBA.match(text):
            return self._clock.with_year(int(found[3]), found[2], found[1], found[4]), text
        msg = "the line begins with no time"
        raise UnreadableError(msg)


def _iso(found: re.Match[str]) -> str:
    short = found["short"]
    day = f"20{short[:2]}-{short[2:4]}-{short[4:]}" if short else f"{found['year']}-{found['month']}-{found['day']}"
    part = f".{found['part'][:6]:0<6}" if found["part"] else ""
    zone = (found["zone"] or "").strip().replace("UTC", "Z").replace("GMT", "Z")
    return f"{day}T{found['hour']:0>2}:{found['rest']}{part}{zone}"


def _tai64n(seconds: int, nanoseconds: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(seconds=seconds - _TAI_OF_1970, microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
