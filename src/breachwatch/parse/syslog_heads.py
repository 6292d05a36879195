"""The heads of many syslog lines at once: time, host, program and process id, found with numpy instead of line by line.

Only the common forms are read here, those that nearly every line of a host's own log has:

    Apr  3 00:17:01 web01 sshd[7192]: text
    2026-11-22T04:15:00.123456-06:00 web01 sshd[7192]: text

A line whose head is any other, or is not plain ASCII, is left to `breachwatch.parse.syslog`, which knows them all. What
is read here is read exactly as there (its pattern `_COMMON`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

PADDING: Final = bytes(64)
"""What must follow the bytes that heads are read from: windows of fixed width reach beyond the last line."""

STAMP: Final = 15
"""Characters of `Apr  3 00:17:01`."""

NO_TIME: Final = np.iinfo(np.int64).min

_PIECES: Final = 8  # a line's: time, blank, host, blank, program, process id, message, what lies before the next line
_LONGEST_PROGRAM: Final = 128
_MOST_DIGITS: Final = 18

_UPPER, _LOWER, _DIGIT, _BLANK, _COLON, _DASH, _T, _POINT, _SIGN, _Z = (1 << bit for bit in range(10))


def _classes() -> npt.NDArray[np.uint16]:
    found = np.zeros(256, np.uint16)
    found[ord("A") : ord("Z") + 1] |= _UPPER
    found[ord("a") : ord("z") + 1] |= _LOWER
    found[ord("0") : ord("9") + 1] |= _DIGIT
    for character, kind in ((" ", _BLANK), (":", _COLON), ("-", _DASH | _SIGN), ("+", _SIGN), ("T", _T), (".", _POINT)):
        found[ord(character)] |= kind
    found[ord("Z")] |= _Z
    return found


_CLASS: Final = _classes()
_LETTERS: Final = {
    "U": _UPPER,
    "L": _LOWER,
    "D": _DIGIT,
    "d": _DIGIT | _BLANK,
    " ": _BLANK,
    ":": _COLON,
    "-": _DASH,
    "+": _SIGN,
    ".": _POINT,
    "T": _T,
    "Z": _Z,
}


def _form(text: str) -> npt.NDArray[np.uint16]:
    return np.array([_LETTERS[character] for character in text], np.uint16)


_TRADITIONAL: Final = _form("ULL dD DD:DD:DD ")
_ISO_START: Final = _form("DDDD-DD-DDTDD:DD")
_ISO: Final = {  # by their length
    len(text): _form(text)
    for text in (
        *("DDDD-DD-DDTDD:DD:DDZ", "DDDD-DD-DDTDD:DD:DD.DDDZ", "DDDD-DD-DDTDD:DD:DD.DDDDDDZ"),
        *("DDDD-DD-DDTDD:DD:DD+DD:DD", "DDDD-DD-DDTDD:DD:DD.DDD+DD:DD", "DDDD-DD-DDTDD:DD:DD.DDDDDD+DD:DD"),
    )
}
_DELIMITER: Final = np.isin(np.arange(256), list(b" :[]"))


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of the lines of one block.

    Offsets count from the block's first byte. Of a line that is not `common` the rest means nothing.
    """

    common: Flags  # lines that have one of the common forms
    stamp: Bytes  # the first 16 bytes of each line
    traditional: Flags  # lines whose time has neither year nor zone and is still to be read
    times: Ints  # microseconds since 1970 of the others; NO_TIME where not read
    process: Ints  # -1 where there is none
    message: Ints  # where the message begins
    time_ends: Ints
    _texts: pa.StringArray

    def time_text(self, lines: Ints) -> pa.Array[Any]:
        return self._piece(lines, 0)

    def hosts(self, lines: Ints) -> pa.Array[Any]:
        return self._piece(lines, 2)

    def programs(self, lines: Ints) -> pa.Array[Any]:
        return self._piece(lines, 4)

    def messages(self, lines: Ints) -> pa.Array[Any]:
        return self._piece(lines, 6)

    def _piece(self, lines: Ints, number: int) -> pa.Array[Any]:
        chosen: Any = pa.array(lines * _PIECES + number)
        return self._texts.take(chosen)


def read_heads(text: bytes, starts: Ints, ends: Ints) -> Heads:
    """The heads of the lines of `text` from `starts` to `ends`; PADDING must follow the last."""
    block: Bytes = np.frombuffer(text, np.uint8)
    stamp: Bytes = block[starts[:, None] + np.arange(16)]
    kinds = _CLASS[stamp]
    traditional = is_traditional(stamp)
    marks = np.append(np.flatnonzero(_DELIMITER[block]), np.full(8, len(block) - 1))
    time_ends = starts + STAMP
    times = np.full(len(starts), NO_TIME)
    iso = np.flatnonzero(((kinds & _ISO_START) != 0).all(axis=1))
    common = traditional.copy()
    if len(iso):
        first = np.searchsorted(marks, starts[iso])
        at = np.where(block[marks[first + 2]] == ord(" "), marks[first + 2], marks[first + 3])
        time_ends[iso] = at
        times[iso] = _iso_times(block, starts[iso], at)
        common[iso] = times[iso] != NO_TIME
    time_ends = np.minimum(time_ends, len(block) - len(PADDING))
    host = np.searchsorted(marks, time_ends + 1)
    host_ends, program_ends = marks[host], marks[np.minimum(host + 1, len(marks) - 1)]
    host = np.minimum(host, len(marks) - 4)
    common &= (block[time_ends] == ord(" ")) & (block[host_ends] == ord(" ")) & (host_ends > time_ends + 1)
    common &= (program_ends > host_ends + 1) & (program_ends - host_ends <= _LONGEST_PROGRAM + 1)
    bracket = block[program_ends] == ord("[")
    process_ends = np.where(bracket, marks[host + 2], program_ends)
    colons = np.where(bracket, marks[host + 3], program_ends)
    common &= ~bracket | ((block[process_ends] == ord("]")) & (colons == process_ends + 1))
    common &= (block[colons] == ord(":")) & (block[np.minimum(colons + 1, len(block) - 1)] == ord(" "))
    common &= colons + 2 <= ends
    process, numbers = _numbers(block, program_ends + 1, process_ends, common & bracket)
    common &= ~bracket | numbers
    message = colons + 2
    cuts = np.empty((len(starts), _PIECES), np.int32)
    for number, place in enumerate(
        (starts, time_ends, time_ends + 1, host_ends, host_ends + 1, program_ends, message, ends)
    ):
        cuts[:, number] = np.where(common, place, starts)
    offsets: Any = np.append(cuts.ravel(), np.int32(len(text)))
    pieces: Any = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text))
    return Heads(common, stamp, traditional & common, times, process, message, time_ends, pieces)


def is_traditional(stamp: Bytes) -> Flags:
    """Which lines, of which these are the first 16 bytes, begin like `Apr  3 00:17:01 `."""
    found: Flags = ((_CLASS[stamp] & _TRADITIONAL) != 0).all(axis=1)
    return found


def _numbers(block: Bytes, starts: Ints, ends: Ints, wanted: Flags) -> tuple[Ints, Flags]:
    """The decimal numbers that stand there, -1 where none is wanted; and where one could be read."""
    values = np.full(len(starts), -1)
    lengths = np.where(wanted, ends - starts, 0)
    good = (lengths > 0) & (lengths <= _MOST_DIGITS)
    values[good] = 0
    for position in range(int(lengths[good].max()) if good.any() else 0):
        here = np.flatnonzero(good & (lengths > position))
        digits = block[starts[here] + position] - np.uint8(ord("0"))
        values[here] = values[here] * 10 + digits
        good[here[digits > 9]] = False
    values[~good] = -1
    return values, good


def _iso_times(block: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Microseconds since 1970 of RFC 3339 times with an offset; NO_TIME where one has another form or names no time."""
    times = np.full(len(starts), NO_TIME)
    lengths = ends - starts
    for length, form in _ISO.items():
        lines = np.flatnonzero(lengths == length)
        if not len(lines):
            continue
        text: Bytes = block[starts[lines][:, None] + np.arange(length)]
        good = ((_CLASS[text] & form) != 0).all(axis=1)
        value = text.astype(np.int64) - ord("0")
        year, month, day = _decimal(value, 0, 4), _decimal(value, 5, 7), _decimal(value, 8, 10)
        hour, minute, second = _decimal(value, 11, 13), _decimal(value, 14, 16), _decimal(value, 17, 19)
        # Years that no log has, the last days of months and leap seconds are read the slow way, if they are times.
        good &= (year >= 1971) & (year < 2199) & (month >= 1) & (month <= 12) & (day >= 1)
        good &= (day <= 28) | ((day <= 30) & (month != 2)) | ((day == 31) & np.isin(month, (1, 3, 5, 7, 8, 10, 12)))
        good &= (hour < 24) & (minute < 60) & (second < 60)
        offset = np.zeros(len(lines), np.int64)
        zoned = length - 6 if form[-1] != _Z else length - 1
        if form[-1] != _Z:
            hours, minutes = _decimal(value, zoned + 1, zoned + 3), _decimal(value, zoned + 4, zoned + 6)
            good &= (hours < 24) & (minutes < 60)
            offset = np.where(text[:, zoned] == ord("-"), -1, 1) * (hours * 60 + minutes) * 60
        fraction = np.zeros(len(lines), np.int64)
        if zoned > 20:
            fraction = _decimal(value, 20, zoned) * 10 ** (6 - (zoned - 20))
        months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
        days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        times[lines[good]] = (seconds * 1_000_000 + fraction)[good]
    return times


def _decimal(value: Ints, start: int, end: int) -> Ints:
    total = value[:, start].copy()
    for position in range(start + 1, end):
        total = total * 10 + value[:, position]
    return total
