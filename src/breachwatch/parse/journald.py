"""The systemd journal as text: `journalctl -o json` (one object a line) and `-o export`.

Formats: systemd's JOURNAL_EXPORT_FORMATS.md; fields: systemd.journal-fields(7). Both renderings of an entry give the
same event: its text goes through the same program parsers as a syslog line, its place is the journal's cursor (so the
event id does not depend on the rendering), its time is `__REALTIME_TIMESTAMP`, microseconds since 1970 UTC.

In JSON a value is a string, null (journalctl left out a long one), a list of small numbers (bytes that are no UTF-8)
or a list of such values (a field given more than once: the first one counts, all are kept in `extra`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, BinaryIO, Final

from breachwatch.model.segment import Segment
from breachwatch.parse import quick_json
from breachwatch.parse.auditd.events import join_events
from breachwatch.parse.base import Rejected, Row, reason_of
from breachwatch.parse.journal_export import ENTRY_DAMAGED, Entry, split_entries
from breachwatch.parse.lines import UnreadableError, split_lines
from breachwatch.parse.priority import facility_name, severity_name
from breachwatch.parse.programs import audit
from breachwatch.parse.programs.meaning import SYSLOG
from breachwatch.parse.repeated import Messages
from breachwatch.settings import Limits

Fields = dict[str, Any]

_TEXT_ONLY: Final = frozenset({str})
_TEXT_OR_NULL: Final = frozenset({str, type(None)})
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC
# Systems before 254 tell the entry's number in the cursor alone: `s=` is the sequence, `i=` the number in hexadecimal.
_NUMBERED: Final = re.compile(r"s=([0-9a-f]{32});i=([0-9a-f]{1,15});")
READ: Final = frozenset(
    ("MESSAGE", "__REALTIME_TIMESTAMP", "__CURSOR", "_HOSTNAME", "SYSLOG_IDENTIFIER", "PRIORITY", "SYSLOG_FACILITY")
)


def parse_json(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every line of `journalctl -o json` as an event or a reject."""
    return join_events(_read_json(segment, data, limits))


def parse_export(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every entry of `journalctl -o export` as an event or a reject."""
    return join_events(_read_export(segment, data, limits))


def _read_json(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    messages = Messages()
    for index, offset, length, raw in split_lines(data, limits):
        number, start = segment.first_record + index, segment.start + offset
        yield read_line(number, start, length, raw, limits, messages)


def read_line(number: int, offset: int, length: int, raw: bytes, limits: Limits, messages: Messages) -> Row | Rejected:
    """One line of `journalctl -o json`, which is `length` bytes long; of overlong ones `raw` may be a part."""
    if length > limits.record_bytes:
        return Rejected(number, offset, length, raw, f"the record is longer than {limits.record_bytes} bytes")
    return _from_json(number, offset, raw, messages)


def _read_export(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    messages = Messages()
    for number, entry in enumerate(split_entries(data, limits), segment.first_record):
        yield _from_export(number, segment.start + entry.offset, entry, messages)


def _from_json(number: int, offset: int, raw: bytes, messages: Messages) -> Row | Rejected:
    try:
        try:
            fields = _loaded(raw)
        except (ValueError, RecursionError):
            return Rejected(number, offset, len(raw), raw, "the line is no JSON")
        if not isinstance(fields, dict):
            return Rejected(number, offset, len(raw), raw, "the line is no JSON object")
        if not set(map(type, fields.values())) <= _TEXT_OR_NULL:
            fields = {name: _plain(value) for name, value in fields.items()}
        return row(number, offset, len(raw), fields, messages)
    except UnreadableError as error:
        return Rejected(number, offset, len(raw), raw, str(error))
    except Exception as error:  # noqa: BLE001 - a bug in reading one record must not lose the file
        return Rejected(number, offset, len(raw), raw, reason_of(error))


def _loaded(raw: bytes) -> Any:
    try:
        return quick_json.read(raw)
    except quick_json.NotQuickError:
        return json.loads(raw.decode("utf-8", "backslashreplace"))


def _from_export(number: int, offset: int, entry: Entry, messages: Messages) -> Row | Rejected:
    try:
        if entry.problem:
            return Rejected(number, offset, entry.length, entry.raw, entry.problem)
        fields: Fields = {}
        for name, value in entry.fields:
            text = value.decode("utf-8", "backslashreplace")
            held = fields.get(name)
            if held is None:
                fields[name] = text
            elif isinstance(held, list):
                held.append(text)
            else:
                fields[name] = [held, text]
        return row(number, offset, entry.length, fields, messages)
    except UnreadableError as error:
        return Rejected(number, offset, entry.length, entry.raw, str(error))
    except Exception as error:  # noqa: BLE001 - a bug in reading one record must not lose the file
        return Rejected(number, offset, entry.length, entry.raw, reason_of(error))


def _plain(value: Any) -> Any:
    """A JSON value as text, or as a list of texts."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, list):
        if value and all(type(item) is int and 0 <= item <= 255 for item in value):
            return bytes(value).decode("utf-8", "backslashreplace")
        return [_plain(item) for item in value]
    return value if isinstance(value, dict) else json.dumps(value)


def _first(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if type(value) is str or value is None:
        return value
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, str) else None


def row(number: int, offset: int, length: int, fields: Fields, messages: Messages) -> Row:
    """The row of an entry; raises UnreadableError where it has neither message nor time nor place."""
    moment = _first(fields, "__REALTIME_TIMESTAMP")
    cursor = _first(fields, "__CURSOR")
    if moment is None and cursor is None and "MESSAGE" not in fields:
        raise UnreadableError(ENTRY_DAMAGED)
    message = _first(fields, "MESSAGE")
    program = _first(fields, "SYSLOG_IDENTIFIER") or _first(fields, "_COMM")
    host = _first(fields, "_HOSTNAME")
    values: dict[str, Any] = {"time": _time(moment), "time_text": moment, "host": host, "program": program}
    extra = _extra(fields)
    if "__SEQNUM" not in extra and cursor is not None:
        extra.update(numbers_of(cursor))
    process = _first(fields, "SYSLOG_PID") or _first(fields, "_PID")
    if process is not None and process.isascii() and process.isdecimal() and len(process) < 20:
        values["process_id"] = int(process)
    for column, name, name_of in _NAMED_NUMBERS:
        text = _first(fields, name)
        if text is not None:
            values[column] = name_of(text)
            if values[column] is None:
                extra[name] = text
    dataset = _audit(fields, message, values, extra) if message and fields.get("_TRANSPORT") == "audit" else None
    if dataset is None:
        dataset = messages.read(host, program, message, values, extra) if message is not None else SYSLOG
    return Row(dataset, number, offset, length, values, extra, cursor)


def numbers_of(cursor: str) -> dict[str, str]:
    """The entry's number and its sequence as a cursor tells them, under the names of the fields of later systems."""
    found = _NUMBERED.match(cursor)
    return {"__SEQNUM": str(int(found[2], 16)), "__SEQNUM_ID": found[1]} if found is not None else {}


def _extra(fields: Fields) -> dict[str, Any]:
    """What has no column: all other fields, and of those that have one what is more than a text."""
    extra = fields.copy()
    for name in READ:
        extra.pop(name, None)
    kinds = set(map(type, fields.values()))
    if kinds <= _TEXT_ONLY:
        return extra
    extra = {name: value for name, value in extra.items() if value is not None}
    extra.update({name: fields[name] for name in READ if isinstance(fields.get(name), list | dict)})
    return extra


@lru_cache(maxsize=64)
def severity_of(text: str) -> str | None:
    """The name of a severity that is written as a number; None for other text."""
    return severity_name(int(text)) if _is_number(text) else None


@lru_cache(maxsize=64)
def facility_of(text: str) -> str | None:
    """The name of a facility that is written as a number; None for other text."""
    return facility_name(int(text)) if _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 5


_NAMED_NUMBERS: Final = (("severity", "PRIORITY", severity_of), ("facility", "SYSLOG_FACILITY", facility_of))


def _audit(fields: Fields, message: str, values: dict[str, Any], extra: dict[str, Any]) -> str | None:
    """Read a record that the journal took from the kernel's audit socket; None where it is none."""
    values["message"] = message
    stamp = _first(fields, "_SOURCE_REALTIME_TIMESTAMP") or _first(fields, "__REALTIME_TIMESTAMP") or ""
    for name in [name for name in extra if name.startswith(("_AUDIT_FIELD_", "AUDIT_FIELD_"))]:
        del extra[name]  # the journal's copies of what stands in the message
    return audit.read_journal(message, _first(fields, "_AUDIT_ID") or "", stamp, values, extra)


def _time(text: str | None) -> datetime | None:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 18):
        return None
    return _EPOCH + timedelta(microseconds=int(text))
