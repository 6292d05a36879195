"""Records of cloud services' logs as rows: JSON in any layout, and the CSV export of Microsoft 365."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from breachwatch.collect.json_records import JsonRecords
from breachwatch.collect.xml_records import XmlRecords
from breachwatch.model.segment import Segment
from breachwatch.parse import quick_json, utf16
from breachwatch.parse.base import Rejected, Row, reason_of
from breachwatch.parse.cloud.dispatch import read_document
from breachwatch.parse.lines import Line, UnreadableError, split_lines
from breachwatch.settings import Limits

_READ = 256 * 1024
_MOST_DIGITS = 40
_LONGEST_HEADING = 1024
_OTHER_COLUMNS = frozenset({"RecordType", "CreationDate", "UserIds", "UserId", "Operations", "Operation"})
_decode = json.JSONDecoder(strict=False).decode
# The cell with the record, whatever separates the cells: a quoted object, its quotes doubled (RFC 4180).
_CELL = re.compile(r'(?:^|[,;\t])"(\{(?:[^"]++|"")*+)"(?=[,;\t]|$)')


def parse_cloud_json(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every object as one event or one reject; other text between the records as rejects. UTF-8, or UTF-16."""
    order = wide_order(segment, data)
    for line in split_json(data, limits):
        yield read_line(segment, line, limits, order)


def wide_order(segment: Segment, data: BinaryIO) -> utf16.Order | None:
    """The byte order of a log in UTF-16, where it says so itself; `data` stands at its beginning afterwards."""
    data.seek(0)
    order = utf16.order_of(data.read(2)) if segment.start == 0 else None
    data.seek(0)
    return order


def read_line(segment: Segment, line: Line, limits: Limits, order: utf16.Order | None) -> Row | Rejected:
    """One object, which may be UTF-16, as an event or a reject."""
    wide = line[3][1:2] == b"\0"
    # A record lacks the NUL of its first brace or of its last one, which lies outside it.
    text = utf16.of_object(line[3], order or "utf-16-le") if wide else line[3]
    return _record(segment, line, limits, text)


def record_of(segment: Segment, line: Line, limits: Limits) -> Row | Rejected:
    """One object as an event or a reject."""
    return _record(segment, line, limits, line[3])


def parse_m365_csv(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line of an export of the unified audit log as one event or one reject; its heading is no record.

    The record is the object in the column AuditData. The other columns repeat parts of it and are not read. PowerShell
    may have written it in UTF-16.
    """
    wide = False
    for line in split_lines(data, limits):
        order = utf16.order_of(line[3])
        if wide and line[3] == b"\0":
            continue  # the second half of the last line feed
        wide = wide or order is not None
        text = utf16.decoded(line[3], order) if order else _text(line[3]).removeprefix("\ufeff")
        cell = _CELL.search(text)
        if cell is None and _is_heading(text):
            continue
        yield _record(segment, line, limits, cell[1].replace('""', '"') if cell else "")


def _is_heading(text: str) -> bool:
    names = {name.strip(' "\r') for name in re.split(r"[,;\t]", text[:_LONGEST_HEADING])}
    return "AuditData" in names and not _OTHER_COLUMNS.isdisjoint(names)


def split_json(data: BinaryIO, limits: Limits) -> Iterator[Line]:
    """The objects in `data`: number from 0, offset, length and bytes."""
    return split_scanned(JsonRecords(0), data, limits)


def split_scanned(scanner: JsonRecords | XmlRecords, data: BinaryIO, limits: Limits) -> Iterator[Line]:
    """The records that a scanner finds in `data`: number from 0, offset, length and bytes.

    Of a record longer than `limits.segment_bytes` only that many bytes are held here; its length is the true one.
    """
    most = limits.segment_bytes
    held, start = bytearray(), 0  # the open record's bytes so far, and where it begins
    base = number = 0
    while chunk := data.read(_READ):
        for first, end in scanner.feed(chunk):
            raw = chunk[first - base : end - base] if first >= base else bytes(held + chunk[: end - base])
            yield number, first, end - first, raw[:most]
            number += 1
        if scanner.boundary > start:
            held, start = bytearray(chunk[scanner.boundary - base :]), scanner.boundary
        else:
            held += chunk
        del held[most:]
        base += len(chunk)
    last = scanner.close()
    if last:
        yield number, last[0], last[1] - last[0], bytes(held)


def _record(segment: Segment, line: Line, limits: Limits, text: str | bytes) -> Row | Rejected:
    number, offset, length, raw = segment.first_record + line[0], segment.start + line[1], line[2], line[3]
    if length > limits.record_bytes:
        return Rejected(number, offset, length, raw, f"the record is longer than {limits.record_bytes} bytes")
    try:
        dataset, values, extra = read_document(_document(text))
    except UnreadableError as error:
        return Rejected(number, offset, length, raw, str(error))
    except Exception as error:  # noqa: BLE001 - a bug in reading one record must not lose the file
        return Rejected(number, offset, length, raw, reason_of(error))
    return Row(dataset, number, offset, length, values, extra)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _document(text: str | bytes) -> Any:
    """The JSON value. Of two members of one name the last counts (RFC 8259 leaves it open; the bytes stay)."""
    try:
        return quick_json.read(text)
    except quick_json.NotQuickError:
        return _slowly(_text(text) if isinstance(text, bytes) else text)


def _slowly(text: str) -> Any:
    try:
        return _decode(text)
    except RecursionError:
        raise UnreadableError("the JSON nests too deep") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise UnreadableError("not valid JSON") from None
    return json.loads(text, strict=False, parse_int=_long_number)  # Python reads no integer of over 4,300 digits


def _long_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits
