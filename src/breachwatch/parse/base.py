"""What a parser hands to the driver: one `Row` or one `Rejected` for every record, nothing else.

A parser is a function `(segment, data, limits) -> Iterator[Row | Rejected]`. `data` holds exactly the segment's bytes
(position 0 is `segment.start`); every number in a Row counts from the start of the log:
`record_number = segment.first_record + n`, `byte_offset = segment.start + position in data`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from breachwatch.model.segment import Segment

if TYPE_CHECKING:
    from breachwatch.settings import Limits


@dataclass(slots=True)
class Row:
    """One event on its way into a table.

    `values` holds core and native columns by name. `time` is a naive datetime in UTC (an aware one is converted).
    The driver fills event_id, observed_at, source, repeat_count (1), host (the segment's) and the provenance.
    `extra` holds what no schema names; it becomes the JSON column `extra`.
    """

    dataset: str
    record_number: int
    byte_offset: int
    byte_length: int  # without the record's line ending
    values: dict[str, Any]
    extra: dict[str, Any]
    position: str | None = None  # what names the record in event_id where that is not the byte offset


@dataclass(slots=True)
class Rejected:
    """A record that could not be parsed: its bytes, and why, as a sentence for people."""

    record_number: int
    byte_offset: int
    byte_length: int
    raw: bytes
    reason: str
    position: str | None = None


Parser = Callable[[Segment, BinaryIO, "Limits"], Iterator[Row | Rejected]]


def reason_of(error: Exception) -> str:
    """The reason a parser's own failure is recorded under. Names the kind of error, never the log's content."""
    return f"the parser failed on this record ({type(error).__name__})"
