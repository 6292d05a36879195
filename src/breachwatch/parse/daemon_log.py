r"""Logs that daemons write themselves, without syslog: a time, then the daemon's message.

    2026-11-22 04:15:00 dovecot_login authenticator failed for ...      Exim, MySQL, lighttpd, Proxmox Backup Server
    2026-11-22  4:15:00 139845235329792 [Warning] Access denied ...     MariaDB, a blank before an hour of one digit
    261122  4:15:00 [Warning] Access denied for user ...                MySQL before 5.7
    Sun Nov 22 04:15:00 2026 [pid 2] [jmeyer] OK LOGIN: Client "..."    vsftpd, OpenVPN
    2026/11/22 04:15:00 ... and [2026-11-22 04:15:00,123] ...           what is left
    @400000006921a0b20000c350 imap-login: Login: ...                    multilog, svlogd (TAI64N)
    Auth: [SMB2,(null)] user [CITY]\[jmeyer] at [Sun, 22 Nov ...]      Samba names the time within
    time="2026-11-22T04:15:00Z" level=warning msg="..."                 logfmt: Grafana, Navidrome and other Go programs
    [Nest] 7  - 11/22/2026, 4:15:00 AM  WARN [AuthService] ...          NestJS
    WARN: [Nov 22 04:15:00.123] failed to validate ...                  Pterodactyl Wings
    gateway  | 2026-11-22T04:15:00Z ...                                 docker compose, the container in front

Which daemon it is says `OWN_LOG` in its module below `programs/`; that module reads the message. Text of another
daemon is an event with its time and its words. A line without a time (a stack trace, the second line of a message) is a
reject. Times without an offset are in the source's zone. Sources: the programs named above; TAI64N: D. J. Bernstein,
libtai.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
    r"(?:[:|][ ]?|[ ]+|$|,(?=[0-9A-F]{16},))(?P<text>.*)",
    re.DOTALL,
)
_NAMED: Final = re.compile(
    r"\[?[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d)(?:\.\d{1,9})? "
    r"(?P<year>\d{4})\]?:? ?(?P<text>.*)",
    re.DOTALL,
)
_TAI64N: Final = re.compile(r"@([0-9a-f]{16})([0-9a-f]{8}) (?P<text>.*)", re.DOTALL)
_SAMBA: Final = re.compile(r"\s*Auth: .*? at \[[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) ([\d:]{8})(?:\.\d{1,9})? ")
_LOGFMT: Final = re.compile(
    r"(?P<before>(?:[\w.]{1,64}=(?:\"[^\"]{0,256}\"|[^\" ]{0,256}) ){0,12})"
    r"(?:t|ts|time)=(?P<quote>\"?)(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.,Z:+-]{0,32})(?P=quote)(?: (?P<text>.*)|$)",
    re.DOTALL,
)
_NEST: Final = re.compile(
    r"\[Nest\] \d{1,10} +- (\d\d)/(\d\d)/(\d{4}), (\d{1,2}):(\d\d:\d\d) ([AP])M +(?P<text>.*)", re.DOTALL
)
_LEVEL_FIRST: Final = re.compile(
    r"[A-Z]{4,7}: \[(?P<yearless>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)\] (?P<text>.*)", re.DOTALL
)
_CONTAINER: Final = re.compile(r"(?P<container>[\w.-]{1,128}) {1,40}\| ")
_TAGGED: Final = re.compile(
    r"(?:[^ :\[\]]{1,255} )?(?P<program>[A-Za-z][\w./-]{0,127})(?:\[(?P<pid>\d{1,19})\]:?|:) (?P<text>.*)", re.DOTALL
)
_TAI_OF_1970: Final = 2**62 + 10
_Stamp = tuple[datetime | None, str, str]
"""A time, its text, and the message."""
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
        self._forms: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Stamp]], ...] = (
            (_NUMBERED, self._numbered),
            (_NAMED, self._named),
            (_TAI64N, _tai64n),
            (_SAMBA, self._samba),
            (_LOGFMT, self._logfmt),
            (_NEST, self._nest),
            (_LEVEL_FIRST, self._level_first),
        )

    def read(self, text: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """One line as (dataset, values, extra). Raises UnreadableError for a line without a time."""
        text = text.removeprefix("\ufeff")
        extra: dict[str, Any] = {}
        if container := _CONTAINER.match(text):
            text, extra["container"] = text[container.end() :], container["container"]
        time, time_text, message = self._time(text)
        values: dict[str, Any] = {"time": time, "time_text": time_text.strip(" []:|,-") or None}
        program = next((own.program for own in OWN_LOGS if own.looks_like.match(message)), None)
        tagged = _TAGGED.fullmatch(message) if program is None else None
        if tagged is not None:
            program, message = tagged["program"], tagged["text"]
            if tagged["pid"]:
                values["process_id"] = int(tagged["pid"])
        values["program"] = program
        dataset = self._messages.read(None, program, message, values, extra)
        return dataset, values, extra

    def _time(self, text: str) -> tuple[datetime | None, str, str]:
        """The time, its text, and the message behind it (all of the line where the time stands within)."""
        for form, read in self._forms:
            found = form.match(text)
            if found is not None:
                return read(found)
        msg = "the line begins with no time"
        raise UnreadableError(msg)

    def _numbered(self, found: re.Match[str]) -> _Stamp:
        return self._clock.iso(_iso(found)), found.string[: found.start("text")], found["text"]

    def _named(self, found: re.Match[str]) -> _Stamp:
        time = self._clock.with_year(int(found["year"]), found["month"], found["day"], found["clock"])
        return time, found.string[: found.start("text")], found["text"]

    def _samba(self, found: re.Match[str]) -> _Stamp:
        time = self._clock.with_year(int(found[3]), found[2], found[1], found[4])
        return time, " ".join(found.groups()), found.string

    def _logfmt(self, found: re.Match[str]) -> _Stamp:
        message = found.string if found["before"] else found["text"] or ""
        return self._clock.iso(found["iso"]), found["iso"], message

    def _nest(self, found: re.Match[str]) -> _Stamp:
        month, day, year, hour, rest, half = found.group(1, 2, 3, 4, 5, 6)
        clock = f"{int(hour) % 12 + (12 if half == 'P' else 0):02}:{rest}"
        return (
            self._clock.iso(f"{year}-{month}-{day}T{clock}"),
            found.string[found.start(1) : found.end(6) + 1],
            found[7],
        )

    def _level_first(self, found: re.Match[str]) -> _Stamp:
        return self._clock.yearless(found["yearless"]), found["yearless"], found["text"]


def _iso(found: re.Match[str]) -> str:
    short = found["short"]
    day = f"20{short[:2]}-{short[2:4]}-{short[4:]}" if short else f"{found['year']}-{found['month']}-{found['day']}"
    part = f".{found['part'][:6]:0<6}" if found["part"] else ""
    zone = (found["zone"] or "").strip().replace("UTC", "Z").replace("GMT", "Z")
    return f"{day}T{found['hour']:0>2}:{found['rest']}{part}{zone}"


def _tai64n(found: re.Match[str]) -> _Stamp:
    time_text, text = found.string[: found.start("text")], found["text"]
    try:
        moment = timedelta(seconds=int(found[1], 16) - _TAI_OF_1970, microseconds=int(found[2], 16) // 1000)
        return _EPOCH + moment, time_text, text
    except OverflowError:
        return None, time_text, text
