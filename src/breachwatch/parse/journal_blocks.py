"""The journal as JSON, many entries at once: the same rows that `breachwatch.parse.journald` reads one by one.

An entry of which every field is a text, and whose message means something by itself or nothing at all, goes into
columns: nearly all do. Messages are understood once for each shape (`template_columns`). All other entries are read by
`journald` in their place, so that what it knows of the entries before is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse import journald, quick_json
from breachwatch.parse.assembling import Assembler, Columns, Ints, in_order, spread_columns
from breachwatch.parse.auditd.events import Joiner
from breachwatch.parse.auditd.records import AUDITD
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.batches import ROW_BYTES, Batches
from breachwatch.parse.lines import split_lines
from breachwatch.parse.program_kinds import program_kind
from breachwatch.parse.record_ids import RecordIds
from breachwatch.parse.repeated import STARTS, Messages
from breachwatch.parse.syslog_times import in_bounds
from breachwatch.parse.template_columns import Matched, Templates
from breachwatch.settings import Limits

_TEXT_ONLY: Final = frozenset({str})
_NOT_ALONE: Final = ("%", *STARTS)
_PAM: Final = ("pam_", "(pam_")
_LONGEST_TIME: Final = 17
_MOST_DIGITS: Final = 18
_TOGETHER: Final = 2  # batches: the more messages, the more of them have the shape of others
_SEVERITY_AND_FACILITY: Final = frozenset({"severity", "facility"})
_OWN: Final = frozenset(
    {"time", "time_text", "host", "program", "process_id", "message", "repeat_count", *_SEVERITY_AND_FACILITY}
)


class _Entry(NamedTuple):
    number: int
    offset: int
    length: int
    time: str
    cursor: str | None
    host: str | None
    program: str
    process: int | None
    severity: str | None
    facility: str | None
    message: str
    extra: bytes | None
    dataset: str | None  # None where the message is to be understood
    raw: bytes  # of those


def parse_blocks(segment: Segment, data: BinaryIO, limits: Limits, batch_rows: int) -> Iterator[Batch]:
    """The batches of a segment of the journal as JSON."""
    data.seek(0)
    yield from _Blocks(segment, limits, batch_rows).read(data)


class _Blocks:
    """Reads the entries of one segment in their order."""

    def __init__(self, segment: Segment, limits: Limits, batch_rows: int) -> None:
        self._segment = segment
        self._limits = limits
        self._batch_rows = batch_rows
        self._batches = Batches(segment, batch_rows)
        self._assembler = Assembler(segment)
        self._ids = RecordIds(segment)
        self._joiner = Joiner()
        self._messages = Messages()
        self._templates = Templates(_OWN)
        self._entries: list[_Entry] = []

    def read(self, data: BinaryIO) -> Iterator[Batch]:
        size = held = 0
        for records, (index, position, length, raw) in enumerate(split_lines(data, self._limits), 1):
            number, offset = self._segment.first_record + index, self._segment.start + position
            entry = self._entry(number, offset, length, raw)
            if entry is not None:
                self._entries.append(entry)
            else:
                yield from self._slowly(number, offset, length, raw, records, size)
            size += length
            held += length
            if len(self._entries) >= _TOGETHER * self._batch_rows or held >= ROW_BYTES:
                held = 0
                yield from self._block()
        yield from self._block()
        for row in self._joiner.rest():
            yield from self._add(row)
        yield from self._batches.rest()

    def _entry(self, number: int, offset: int, length: int, raw: bytes) -> _Entry | None:
        """An entry that is read with others; None for one that `journald` must read."""
        fields = _texts(raw) if length <= self._limits.record_bytes else None
        if fields is None:
            return None
        get = fields.get
        message, time, program = get("MESSAGE"), get("__REALTIME_TIMESTAMP"), get("SYSLOG_IDENTIFIER") or get("_COMM")
        if not message or not program or not time or get("_TRANSPORT") == "audit":
            return None
        kind = program_kind(program)
        meant = kind.read or message.startswith(_PAM)
        if (meant and not kind.alone) or message.startswith(_NOT_ALONE):
            return None
        process, severity, facility = get("SYSLOG_PID") or get("_PID"), get("PRIORITY"), get("SYSLOG_FACILITY")
        severity_name = None if severity is None else journald.severity_of(severity)
        facility_name = None if facility is None else journald.facility_of(facility)
        if (severity_name is None) is not (severity is None) or (facility_name is None) is not (facility is None):
            return None
        numbers = _is_decimal(time, _LONGEST_TIME) and (not process or _is_decimal(process, _MOST_DIGITS))
        if not numbers or (kind.words and any(word.decode() in message for word in kind.words)):
            return None
        cursor, host = get("__CURSOR"), get("_HOSTNAME")
        self._messages.previous[host] = program, message
        for name in journald.READ:
            if name in fields:
                del fields[name]
        if cursor is not None and "__SEQNUM" not in fields:
            fields.update(journald.numbers_of(cursor))
        return _Entry(
            number,
            offset,
            length,
            time,
            cursor,
            host,
            program,
            int(process) if process else None,
            severity_name,
            facility_name,
            message,
            orjson.dumps(fields) if fields else None,
            None if meant else kind.dataset,
            raw if meant else b"",
        )

    def _slowly(self, number: int, offset: int, length: int, raw: bytes, records: int, size: int) -> Iterator[Batch]:
        record = journald.read_line(number, offset, length, raw, self._limits, self._messages)
        if isinstance(record, Row) and record.dataset == AUDITD:
            for done in self._joiner.add(record, records, size):
                yield from self._add(done)
        else:
            yield from self._add(record)

    def _add(self, record: Row | Rejected) -> Iterator[Batch]:
        batch = self._batches.add(record)
        if batch is not None:
            yield batch

    def _block(self) -> Iterator[Batch]:
        entries, self._entries = self._entries, []
        if not entries:
            return
        meant = np.flatnonzero([entry.dataset is None for entry in entries])
        understood: dict[str, tuple[Ints, Columns]] = {}
        if len(meant):
            matched = self._match([entries[at] for at in meant.tolist()])
            understood = {name: (meant[here], columns) for name, (here, columns) in matched.by_dataset().items()}
            for at in meant[~matched.known].tolist():
                entry = entries[at]
                messages = Messages()  # theirs mean the same whatever was said before
                yield from self._add(
                    journald.read_line(entry.number, entry.offset, entry.length, entry.raw, self._limits, messages)
                )
        groups: dict[str, list[int]] = {}
        for at, entry in enumerate(entries):
            if entry.dataset is not None:
                groups.setdefault(entry.dataset, []).append(at)
        for name in sorted(groups.keys() | understood.keys()):
            meant_here, columns = understood.get(name, (np.zeros(0, np.int64), {}))
            here = np.sort(np.concatenate((np.array(groups.get(name, []), np.int64), meant_here)))
            yield from self._table(
                name, [entries[at] for at in here.tolist()], np.searchsorted(here, meant_here), columns
            )

    def _match(self, entries: list[_Entry]) -> Matched:
        programs: Any = pa.array([entry.program for entry in entries], pa.string()).dictionary_encode()
        messages: Any = pa.array([entry.message for entry in entries], pa.string())
        return self._templates.match(messages, programs.indices.to_numpy(), programs.dictionary.to_pylist())

    def _table(self, name: str, entries: list[_Entry], meant: Ints, meaning: Columns) -> Iterator[Batch]:
        """The rows of one dataset; `meant` are those whose messages fill the columns `meaning`."""
        (
            numbers,
            offsets,
            lengths,
            texts,
            cursors,
            hosts,
            programs,
            processes,
            severities,
            facilities,
            words,
            extras,
            *_,
        ) = (list(values) for values in zip(*entries, strict=True))
        said = meaning.pop("extra", None)
        for at, text in zip(meant.tolist(), said.to_pylist(), strict=True) if said is not None else ():
            if text is not None:
                extras[at] = orjson.dumps(orjson.loads(extras[at] or b"{}") | orjson.loads(text))
        positions = [
            b"%d" % offset if cursor is None else cursor.encode()
            for offset, cursor in zip(offsets, cursors, strict=True)
        ]
        times = np.array(list(map(int, texts)), np.int64)
        host = self._segment.host or None
        columns: Columns = {
            "event_id": self._ids.of_positions(positions),
            "time": pa.array(times, mask=~in_bounds(times)).cast(pa.timestamp("us")),
            "time_text": pa.array(texts, pa.string()),
            "host": pa.array([name or host for name in hosts] if host else hosts, pa.string()),
            "program": pa.array(programs, pa.string()),
            "process_id": pa.array(processes, pa.int64()),
            "severity": pa.array(severities, pa.string()),
            "facility": pa.array(facilities, pa.string()),
            "message": pa.array(words, pa.string()),
            "extra": pa.array(extras, pa.string()),
        }
        if meaning:
            columns |= spread_columns(name, [(meant, meaning)], len(entries))
        table = self._assembler.table(name, columns, np.array(numbers), np.array(offsets), np.array(lengths))
        table = in_order(table, self._batches.take(name))
        for start in range(0, table.num_rows, self._batch_rows):
            yield Batch(name, table.slice(start, self._batch_rows))


def _texts(raw: bytes) -> dict[str, str] | None:
    """The fields of an entry of which each is a text."""
    try:
        fields = quick_json.read(raw)
    except quick_json.NotQuickError:
        return None
    return fields if type(fields) is dict and set(map(type, fields.values())) == _TEXT_ONLY else None


def _is_decimal(text: str, most: int) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= most
