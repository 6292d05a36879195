"""utmp, wtmp and btmp: fixed records of 384 or 400 bytes, as glibc writes them, in either byte order.

Where the C library keeps 32-bit times in them (x86, PowerPC, MIPS, SPARC) a record has 384 bytes, elsewhere (ARM64, IBM
Z, RISC-V) 400. The byte order is that of the record's type, which is below 10: its other byte is zero.

Layout and types: utmp(5), glibc bits/utmp.h. wtmp and utmp tell of sessions, btmp (by its file name) of failed sign-
ins; the bytes are the same. What counts as an attempt to sign in (`action = logon`): USER_PROCESS in wtmp and utmp
(success), every record in btmp that names an account (failure). LOGIN_PROCESS in wtmp is a getty that waits, no
attempt.

An address is IPv4 where only the first of its four words is set. An IPv6 address whose last twelve bytes are zero is
indistinguishable from that; the host name beside it decides then, as it holds the same address as text.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from breachwatch.model import actions
from breachwatch.model.formats import RECORD_SIZES, format_named
from breachwatch.model.segment import Segment
from breachwatch.parse.address import canonical_ip
from breachwatch.parse.base import Rejected, Row
from breachwatch.settings import Limits

TYPES: Final = (
    *("EMPTY", "RUN_LVL", "BOOT_TIME", "NEW_TIME", "OLD_TIME", "INIT_PROCESS", "LOGIN_PROCESS", "USER_PROCESS"),
    *("DEAD_PROCESS", "ACCOUNTING"),
)

# In this order: type and padding, process id, line, id, user, host, exit status (termination, code), session, seconds,
# microseconds, address, 20 unused bytes.
_LAYOUTS: Final = {
    (384, "little"): struct.Struct("<h2xi32s4s32s256shhiII16s20x"),
    (384, "big"): struct.Struct(">h2xi32s4s32s256shhiII16s20x"),
    (400, "little"): struct.Struct("<h2xi32s4s32s256shhqqq16s20x4x"),
    (400, "big"): struct.Struct(">h2xi32s4s32s256shhqqq16s20x4x"),
}
_LATEST: Final = 2**33  # seconds, in the year 2242: what lies beyond is no time
EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC
_FAILED_SIGN_INS = "btmp"


def parse_utmp(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:  # noqa: ARG001
    """Every record as an event; one of unknown type, and a cut one at the end, as a reject."""
    size = RECORD_SIZES[format_named(segment.format).framing]
    name = segment.path.replace("\\", "/").rsplit("/", 1)[-1]
    failed = name.startswith(_FAILED_SIGN_INS)
    offset, number = segment.start, segment.first_record
    while raw := exactly(data, size):
        if len(raw) < size:
            yield Rejected(number, offset, len(raw), raw, f"the record is cut off after {len(raw)} of {size} bytes")
        else:
            yield _read(number, offset, raw, failed=failed)
        offset += len(raw)
        number += 1


def exactly(data: BinaryIO, count: int) -> bytes:
    """The next `count` bytes, fewer only at the end; a stream may give less than asked."""
    raw = data.read(count)
    while 0 < len(raw) < count and (more := data.read(count - len(raw))):
        raw += more
    return raw


def _read(number: int, offset: int, raw: bytes, *, failed: bool) -> Row | Rejected:
    layout = _LAYOUTS[len(raw), "big" if raw[0] == 0 and raw[1] else "little"]
    kind, pid, line, ident, user, host, termination, code, session, seconds, micros, address = layout.unpack(raw)
    if not 0 <= kind < len(TYPES):
        return Rejected(number, offset, len(raw), raw, f"there is no utmp record of type {kind}")
    record_type = TYPES[kind]
    host_text = field_text(host)
    values: dict[str, Any] = {
        "time": _time(seconds, micros),
        "time_text": f"{seconds}.{micros:06d}",
        "record_type": record_type,
        "user": field_text(user) or None,
        "process_id": pid,
        "tty": field_text(line) or None,
        "terminal_id": field_text(ident) or None,
        "session_id": str(session) if session else None,
        "source_ip": _address(address, host_text),
    }
    extra: dict[str, Any] = {}
    if host_text and (values["source_ip"] is None or canonical_ip(host_text) != values["source_ip"]):
        extra["source_host"] = host_text
    if termination or code:
        extra["exit"] = {"termination": termination, "code": code}
    if failed:
        values["outcome"] = actions.FAILURE
        if values["user"]:
            values["action"] = actions.LOGON
    elif record_type == "USER_PROCESS":
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
    elif record_type == "DEAD_PROCESS":
        values["action"] = actions.LOGOFF
    elif record_type == "BOOT_TIME":
        values["action"] = actions.SYSTEM_STARTED
    elif record_type == "RUN_LVL" and values["user"] == "shutdown":
        values["action"] = actions.SYSTEM_STOPPED
    values["message"] = " ".join(filter(None, (record_type, values["user"], values["tty"], host_text)))
    return Row("linux.utmp", number, offset, len(raw), values, extra)


def _time(seconds: int, micros: int) -> datetime | None:
    known = 0 < seconds < _LATEST and 0 <= micros < _LATEST
    return EPOCH + timedelta(seconds=seconds, microseconds=micros) if known else None


def field_text(field: bytes) -> str:
    """A field's text, up to its first NUL."""
    return field.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _address(field: bytes, host: str) -> str | None:
    if not any(field):
        return canonical_ip(host)
    six = str(ipaddress.IPv6Address(field))
    if any(field[4:]) or canonical_ip(host) == six:
        return canonical_ip(six)
    return str(ipaddress.IPv4Address(field[:4]))
