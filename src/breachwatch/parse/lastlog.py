"""lastlog: the last session of each account, one record of 292 or 296 bytes for each user number.

A record's place is the account's number, its bytes are time, terminal and host; an empty one is an account that never
signed in, and no record. The time is 32 bits wide where a record of utmp has 384 bytes, else 64 (see `utmp`). It
repeats what wtmp and the auth log tell as it happens and is rewritten in place: its rows are no attempts to sign in.
Layout: glibc bits/utmp.h `struct lastlog`; lastlog(8).

The byte order is not to be seen in it: big endian is taken where little endian gives a time after the log was read, and
big endian gives none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, BinaryIO, Final, Literal

from breachwatch.model.formats import RECORD_SIZES, format_named
from breachwatch.model.segment import Segment
from breachwatch.parse.address import put_source
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.utmp import EPOCH, exactly, field_text
from breachwatch.settings import Limits

_TERMINAL: Final = 32
_HOST: Final = 256
_EARLIEST: Final = 315_532_800  # 1980: no account signed in before


def parse_lastlog(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:  # noqa: ARG001
    """Every record that is not empty as an event; a cut one at the end as a reject."""
    size = RECORD_SIZES[format_named(segment.format).framing]
    width = size - _TERMINAL - _HOST
    order = _byte_order(segment, data, size, width)
    offset, number = segment.start, segment.first_record
    while raw := exactly(data, size):
        if len(raw) < size:
            yield Rejected(number, offset, len(raw), raw, f"the record is cut off after {len(raw)} of {size} bytes")
        elif any(raw):
            yield _read(number, offset, raw, width, order)
        offset += len(raw)
        number += 1


def _byte_order(segment: Segment, data: BinaryIO, size: int, width: int) -> Literal["little", "big"]:
    latest = int(segment.planned_at.timestamp()) + 86_400
    times = []
    while len(raw := exactly(data, size)) == size:
        if any(raw[:width]):
            times.append(raw[:width])
    data.seek(0)
    wrong = {
        order: sum(not _EARLIEST <= int.from_bytes(time, order) <= latest for time in times)
        for order in ("little", "big")
    }
    return "big" if wrong["little"] and not wrong["big"] else "little"


def _read(number: int, offset: int, raw: bytes, width: int, order: Literal["little", "big"]) -> Row:
    seconds = int.from_bytes(raw[:width], order)
    terminal = field_text(raw[width : width + _TERMINAL])
    host = field_text(raw[width + _TERMINAL :])
    values: dict[str, Any] = {
        "time": EPOCH + timedelta(seconds=seconds) if 0 < seconds < 2**33 else None,
        "time_text": str(seconds),
        "record_type": "LASTLOG",
        "tty": terminal or None,
    }
    extra: dict[str, Any] = {"uid": number - 1}
    put_source(values, extra, host or None)
    values["message"] = " ".join(filter(None, ("LASTLOG", f"uid {number - 1}", terminal, host)))
    return Row("linux.utmp", number, offset, len(raw), values, extra)
