"""Text logs as records: one line, one record.

A line ends with LF; a CR right before it belongs to the ending. A line of nothing but white space is no record,
but it has a number: a record's number is the number of its line, as editors and `grep -n` count. The last line of a
segment may lack its ending. A line longer than `limits.record_bytes` is a reject that keeps its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from breachwatch.model.segment import Segment
from breachwatch.parse.base import Rejected, Row, reason_of

if TYPE_CHECKING:
    from breachwatch.settings import Limits

_READ = 256 * 1024


Line = tuple[int, int, int, bytes]
"""One line: its number from 0, where it starts in `data`, its length without its ending, and its bytes.

Of a line longer than `limits.segment_bytes` only that many bytes are held here (memory stays bounded); its length is
the true one, and the whole line stays in the stored segment.
"""


class UnreadableError(ValueError):
    """A record is not what its format promises; the message is the reject's reason and names no log content."""


def json_value(text: str) -> Any:
    """The JSON that a record is. Raises UnreadableError."""
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise UnreadableError("not valid JSON") from None


Reader = Callable[[str], tuple[str, dict[str, Any], dict[str, Any]]]
"""Reads one decoded line: (dataset, values, extra). Raises UnreadableError to reject it."""


def split_lines(data: BinaryIO, limits: Limits) -> Iterator[Line]:
    """The lines of `data` from its current position on, blank ones left out; numbers and offsets count from there."""
    number = offset = 0
    tail = ahead = b""
    while chunk := ahead or data.read(_READ):
        ahead = b""
        pieces = (tail + chunk).split(b"\n") if tail else chunk.split(b"\n")
        tail = pieces.pop()
        for piece in pieces:
            raw = piece[:-1] if piece.endswith(b"\r") else piece
            if raw and not raw.isspace():
                yield number, offset, len(raw), raw
            offset += len(piece) + 1
            number += 1
        if len(tail) > limits.record_bytes:
            length, raw, ahead, used = _long_line(data, tail, limits)
            if not raw.isspace():
                yield number, offset, length, raw
            tail = b""
            offset += used
            number += 1
    if tail and not tail.isspace():
        yield number, offset, len(tail), tail


def _long_line(data: BinaryIO, start: bytes, limits: Limits) -> tuple[int, bytes, bytes, int]:
    """Read on to the end of an overlong line.

    Gives its length, its bytes, the bytes read beyond it, and how many bytes it takes up with its ending.
    """
    held, length = [start[: limits.segment_bytes]], len(start)
    kept = len(held[0])
    last, rest, ending = start[-1:], b"", 0
    while chunk := data.read(_READ):
        line_end = chunk.find(b"\n")
        part = chunk if line_end < 0 else chunk[:line_end]
        if kept < limits.segment_bytes:
            held.append(part[: limits.segment_bytes - kept])
            kept += len(held[-1])
        length += len(part)
        last = part[-1:] or last
        if line_end >= 0:
            rest, ending = chunk[line_end + 1 :], 1
            break
    raw = b"".join(held)
    used = length + ending
    if ending and last == b"\r":
        length -= 1
        raw = raw[:length]
    return length, raw, rest, used


def read_lines(segment: Segment, data: BinaryIO, limits: Limits, read: Reader) -> Iterator[Row | Rejected]:
    r"""Every line as one Row or one Rejected; a failure of `read` costs its line only.

    `read` gets the line as text: UTF-8, bytes that are none written as \xNN. The original bytes stay in the segment.
    """
    return read_split(segment, split_lines(data, limits), limits, read)


def read_split(segment: Segment, records: Iterable[Line], limits: Limits, read: Reader) -> Iterator[Row | Rejected]:
    """The same of records that were split already, however they lie in the bytes."""
    first, start, longest = segment.first_record, segment.start, limits.record_bytes
    for index, position, length, raw in records:
        number, offset = first + index, start + position
        if length > longest:
            yield Rejected(number, offset, length, raw, f"the record is longer than {longest} bytes")
        else:
            yield _record(number, offset, raw, read)


def _record(number: int, offset: int, raw: bytes, read: Reader) -> Row | Rejected:
    try:
        dataset, values, extra = read(raw.decode("utf-8", "backslashreplace"))
    except UnreadableError as error:
        return Rejected(number, offset, len(raw), raw, str(error))
    except Exception as error:  # noqa: BLE001 - a bug in reading one record must not lose the file
        return Rejected(number, offset, len(raw), raw, reason_of(error))
    return Row(dataset, number, offset, len(raw), values, extra)
