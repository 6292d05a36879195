"""The stage itself: pick the segment's parser, turn its records into batches, lose nothing.

rows + rejects = records, also where a parser has a bug: what such a parser left unread becomes rejects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from breachwatch.errors import BreachwatchError
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.base import Parser, Rejected, Row, reason_of
from breachwatch.parse.batches import BATCH_ROWS, Batches
from breachwatch.parse.lines import split_lines
from breachwatch.parse.registry import block_parser_for, parser_for

if TYPE_CHECKING:
    from breachwatch.settings import Limits


def parse(segment: Segment, data: BinaryIO, limits: Limits, *, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
    """The events and rejects of one segment, in batches of at most `batch_rows`, always the same for the same bytes.

    `data` gives exactly the segment's bytes and can be sought in. Raises UnknownNameError for a format without a parser
    and what reading `data` raises; no content of a log raises.
    """
    blocks = block_parser_for(segment, limits)
    if blocks is not None:
        yield from blocks(segment, data, limits, batch_rows)
        return
    batches = Batches(segment, batch_rows)
    for record in read_records(parser_for(segment.format), segment, data, limits):
        batch = batches.add(record)
        if batch is not None:
            yield batch
    yield from batches.rest()


def read_records(parser: Parser, segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """The parser's records; if the parser itself breaks, the bytes it left unread follow as rejects."""
    last: Row | Rejected | None = None
    try:
        for record in parser(segment, data, limits):
            last = record
            yield record
    except (OSError, BreachwatchError):
        raise  # the bytes could not be read: the caller tries again or reports it
    except Exception as error:  # noqa: BLE001 - a bug in one parser must not lose a file
        # The ending of the last record lies ahead as an empty line, which has that record's number.
        end = segment.start if last is None else last.byte_offset + last.byte_length
        number = segment.first_record if last is None else last.record_number
        yield from _unread(segment, data, limits, end, number, reason_of(error))


def _unread(
    segment: Segment, data: BinaryIO, limits: Limits, start: int, number: int, reason: str
) -> Iterator[Rejected]:
    """The bytes from `start` (counted in the log) to the segment's end as rejects: by lines, or else in one piece."""
    data.seek(start - segment.start)
    if format_named(segment.format).framing == "lines":
        for index, offset, length, raw in split_lines(data, limits):
            yield Rejected(number + index, start + offset, length, raw, reason)
        return
    rest = data.read()
    if rest:
        yield Rejected(number + (start > segment.start), start, len(rest), rest, reason)
