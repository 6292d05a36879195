"""Windows event log files (.evtx), any channel.

A record becomes a row, or a reject that keeps its bytes. Bytes of a chunk that are no record, and a chunk whose
records cannot be found at all, are one reject each. Records that an earlier segment of the same log landed
(id <= segment.after) are neither rows nor rejects, and damage in chunks of theirs is not told again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from breachwatch.model.segment import Segment
from breachwatch.parse import quick_json
from breachwatch.parse.base import Rejected, Row, reason_of
from breachwatch.parse.evtx_decode import decode_chunk
from breachwatch.parse.evtx_records import FILE_HEADER, Chunk, Span, highest_record_id, read_chunks, written_time
from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.windows_event import event_row
from breachwatch.parse.windows_evtx_json import from_evtx_json

if TYPE_CHECKING:
    from breachwatch.settings import Limits


class Found(NamedTuple):
    """A span that counts as one record: its place in the file, its bytes, its JSON if it could be decoded."""

    offset: int
    raw: bytes
    span: Span | None
    text: str | None = None
    reason: str = ""


def parse_evtx(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """The records of an EVTX file, chunk by chunk, in the order in which they lie in the file."""
    del limits  # a chunk bounds its records to 64 KiB
    for number, found in enumerate(found_records(data, segment.after), segment.first_record):
        yield record_of(segment, number, found)


def found_records(data: BinaryIO, after: int) -> Iterator[Found]:
    """What counts as a record in a file; records up to the id `after` were landed before."""
    empty = True
    for chunk in read_chunks(data):
        empty = False
        yield from _new_records(chunk, after)
    if empty:
        yield from _headless(data)


def found_in_chunks(chunks: Iterable[Chunk], after: int) -> Iterator[Found]:
    """The same of some chunks alone."""
    for chunk in chunks:
        yield from _new_records(chunk, after)


def _new_records(chunk: Chunk, after: int) -> Iterator[Found]:
    if not (after and 0 < highest_record_id(chunk) <= after):
        yield from _chunk_records(chunk, after)


def _chunk_records(chunk: Chunk, after: int) -> Iterator[Found]:
    if chunk.damage:
        yield Found(chunk.offset, chunk.raw, None, reason=f"chunk at offset {chunk.offset} is damaged: {chunk.damage}")
        return
    decoded = decode_chunk(chunk)
    for span in chunk.spans:
        offset = chunk.offset + span.offset
        raw = chunk.raw[span.offset : span.offset + span.length]
        if span.record_id is None:
            reason = f"chunk at offset {chunk.offset} is damaged: {span.length} bytes from {offset} on are no record"
            yield Found(offset, raw, None, reason=reason)
            continue
        text = decoded.take(span.record_id)
        if span.record_id > after:
            yield Found(offset, raw, span, text, "" if text else "the record's binary XML cannot be decoded")


def _headless(data: BinaryIO) -> Iterator[Found]:
    """A file without any chunk: nothing where only a (partly written) file header is there, else one reject."""
    data.seek(0)
    head = data.read(FILE_HEADER)
    if head and not head.startswith(b"ElfFile\x00"):
        yield Found(0, head, None, reason="this is no Windows event log: the file signature is missing")


def _value(text: str) -> Any:
    with suppress(quick_json.NotQuickError):
        return quick_json.read(text)
    return json.loads(text)


def record_of(segment: Segment, number: int, found: Found) -> Row | Rejected:
    """One of them as a row or a reject."""
    offset, length = segment.start + found.offset, len(found.raw)
    reason, position = found.reason, None
    if found.span is not None:
        position = f"record {found.span.record_id}/{found.span.written}"
    if found.span is not None and found.text is not None:
        try:
            event = from_evtx_json(_value(found.text))
            dataset, values, extra = event_row(event)
            if values.get("time") is None:
                values["time"] = written_time(found.span.written)
            where = f"{event.channel or ''}/{event.computer or ''}/{found.span.record_id}/{found.span.written}"
            return Row(dataset, number, offset, length, values, extra, where)
        except UnreadableError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - one record must not cost the file
            reason = reason_of(error)
    return Rejected(number, offset, length, found.raw, reason, position)
