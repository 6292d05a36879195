"""The journal as JSON, many entries at once: the same rows that `breachwatch.parse.journald` reads one by one.

An entry of which every field is a text, and whose message means something by itself or nothing at all, goes into
columns: nearly all do. Entries with the same fields, laid out plainly, are cut into columns together (`journal_lots`),
others like them, whose texts are escaped, one by one. Messages are understood once for each shape (`template_columns`).
All other entries are read by `journald` in their place, so that what it knows of the entries before is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse import journald
from breachwatch.parse.assembling import Assembler, Columns, Ints, in_order, native_columns, spread_columns
from breachwatch.parse.auditd.events import Joiner
from breachwatch.parse.auditd.records import AUDITD
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.batches import Batches
from breachwatch.parse.flat_json import alike
from breachwatch.parse.journal_entries import Entry, entry_of, lot_of_entries
from breachwatch.parse.journal_lots import MEANT, Lot, lot_of, together
from breachwatch.parse.lines import Line, split_lines
from breachwatch.parse.packets import without_clock
from breachwatch.parse.program_kinds import program_kind
from breachwatch.parse.record_ids import RecordIds
from breachwatch.parse.repeated import Messages
from breachwatch.parse.syslog_times import in_bounds
from breachwatch.parse.template_columns import Templates, meaning
from breachwatch.settings import Limits

_TOGETHER: Final = 2  # batches: the more messages, the more of them have the shape of others
_BLOCK_BYTES: Final = 8 * 1024 * 1024
_REPEATED: Final = (b"message repeated ", b"\\u")  # in all of `parse.repeated.STARTS`, unless it is escaped
_SEVERITY_AND_FACILITY: Final = frozenset({"severity", "facility"})
_OWN: Final = frozenset(
    {"time", "time_text", "host", "program", "process_id", "message", "repeat_count", *_SEVERITY_AND_FACILITY}
)


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
        self._datasets: dict[str, int] = {}
        self._records = self._bytes = 0  # before the block at hand

    def read(self, data: BinaryIO) -> Iterator[Batch]:
        lines: list[Line] = []
        held = 0
        for line in split_lines(data, self._limits):
            lines.append(line)
            held += line[2]
            if len(lines) >= _TOGETHER * self._batch_rows or held >= _BLOCK_BYTES:
                yield from self._block(lines)
                lines, held = [], 0
        if lines:
            yield from self._block(lines)
        for row in self._joiner.rest():
            yield from self._add(row)
        yield from self._batches.rest()

    def _block(self, lines: list[Line]) -> Iterator[Batch]:
        lengths = np.array([length for _, _, length, _ in lines], np.int64)
        bytes_before = (self._bytes + np.cumsum(lengths) - lengths).tolist()
        lots = self._lots(lines, lengths)
        others = np.ones(len(lines), np.bool_)
        for lot in lots:
            others[lot.lines] = False
        remaining = np.flatnonzero(others).tolist()
        entries: list[Entry] = []
        for at in self._steps(together(lots) if lots else None, [(at, lines[at][3]) for at in remaining]):
            index, position, length, raw = lines[at]
            entry = entry_of(at, raw, self._messages) if length <= self._limits.record_bytes else None
            if entry is not None:
                entries.append(entry)
                continue
            number, offset = self._segment.first_record + index, self._segment.start + position
            record = journald.read_line(number, offset, length, raw, self._limits, self._messages)
            if isinstance(record, Row) and record.dataset == AUDITD:
                for done in self._joiner.add(record, self._records + at + 1, bytes_before[at]):
                    yield from self._add(done)
            else:
                yield from self._add(record)
        self._records, self._bytes = self._records + len(lines), self._bytes + int(lengths.sum())
        if entries:
            lots.append(lot_of_entries(entries, self._code_of))
        if lots:
            yield from self._tables(together(lots), lines, lengths)

    def _lots(self, lines: list[Line], lengths: Ints) -> list[Lot]:
        """The entries that are read together."""
        plain = np.flatnonzero(lengths <= self._limits.record_bytes)
        if not len(plain):
            return []
        text = b"\n".join([lines[at][3] for at in plain.tolist()])
        ends = np.cumsum(lengths[plain] + 1) - 1
        found = [lot_of(text, group, self._code_of) for group in alike(text, ends - lengths[plain], ends)]
        return [lot.at(plain) for lot in found if lot is not None]

    def _code_of(self, name: str) -> int:
        return self._datasets.setdefault(name, len(self._datasets))

    def _steps(self, lot: Lot | None, remaining: list[tuple[int, bytes]]) -> Iterator[int]:
        """The remaining lines in order; before each is remembered what was said before it and may be repeated in it."""
        if lot is None:
            yield from (at for at, _ in remaining)
            return
        order = np.argsort(lot.lines)
        if not any(word in raw for _, raw in remaining for word in _REPEATED):
            order = np.sort(_last_of_each(lot.hosts, order))  # what is repeated later is what was said last
        said = lot.chosen(order)
        rows: Any = zip(
            said.lines.tolist(),
            said.hosts.to_pylist(),
            zip(said.programs.to_pylist(), said.messages.to_pylist(), strict=True),
            strict=True,
        )
        previous = self._messages.previous
        row = next(rows, None)
        for at, _ in remaining:
            while row is not None and row[0] < at:
                previous[row[1]] = row[2]
                row = next(rows, None)
            yield at
        while row is not None:
            previous[row[1]] = row[2]
            row = next(rows, None)

    def _add(self, record: Row | Rejected) -> Iterator[Batch]:
        batch = self._batches.add(record)
        if batch is not None:
            yield batch

    def _tables(self, lot: Lot, lines: list[Line], lengths: Ints) -> Iterator[Batch]:
        if (lot.lines[1:] < lot.lines[:-1]).any():
            lot = lot.chosen(np.argsort(lot.lines))
        places = np.array([(index, position) for index, position, _, _ in lines], np.int64)[lot.lines]
        numbers, offsets = self._segment.first_record + places[:, 0], self._segment.start + places[:, 1]
        sizes = lengths[lot.lines]
        meant = np.flatnonzero(lot.kinds == MEANT)
        understood = self._understood(lot, meant)
        unread = lot.kinds == MEANT
        for groups in understood.values():
            for rows, _ in groups:
                unread[rows] = False
        for at in np.flatnonzero(unread).tolist():
            length, raw = lines[lot.lines[at]][2:]
            messages = Messages()  # theirs mean the same whatever was said before
            yield from self._add(
                journald.read_line(int(numbers[at]), int(offsets[at]), length, raw, self._limits, messages)
            )
        codes = {name: code for name, code in self._datasets.items() if (lot.kinds == code).any()}
        for name in sorted(codes.keys() | understood.keys()):
            groups = understood.get(name, [])
            plain = np.flatnonzero(lot.kinds == codes[name]) if name in codes else np.zeros(0, np.int64)
            here = np.sort(np.concatenate((plain, *(rows for rows, _ in groups))))
            table = self._table(
                name,
                lot.chosen(here),
                (numbers[here], offsets[here], sizes[here]),
                [(np.searchsorted(here, rows), columns) for rows, columns in groups],
            )
            table = in_order(table, self._batches.take(name))
            for start in range(0, table.num_rows, self._batch_rows):
                yield Batch(name, table.slice(start, self._batch_rows))

    def _understood(self, lot: Lot, meant: Ints) -> dict[str, list[tuple[Ints, Columns]]]:
        """The columns that the messages of rows `meant` fill, by dataset; what is left out is to be read anew."""
        found: dict[str, list[tuple[Ints, Columns]]] = {}
        if not len(meant):
            return found
        some = lot.chosen(meant)
        programs: Any = some.programs.dictionary_encode()
        codes: Ints = programs.indices.to_numpy().astype(np.int64)
        names: list[str] = programs.dictionary.to_pylist()
        messages: Any = some.messages
        bare, _ = without_clock(messages, codes, [program_kind(name) for name in names])
        matched = self._templates.match(bare, codes, names)
        for name, (here, columns) in matched.by_dataset().items():
            found.setdefault(name, []).append((meant[here], columns))
        rare = np.flatnonzero(~matched.known)
        rows: dict[str, list[Row]] = {}
        texts: list[str] = messages.take(pa.array(rare)).to_pylist()
        for at, code, text in zip(meant[rare].tolist(), codes[rare].tolist(), texts, strict=True):
            try:
                name, values, extra = meaning(names[code], text)
            except Exception:  # noqa: BLE001, S112 - whatever reading it does, it does where the entry is read as a whole
                continue
            if _OWN.isdisjoint(values):
                rows.setdefault(name, []).append(Row(name, at, 0, 0, values, extra))
        for name, read in rows.items():
            found.setdefault(name, []).append(
                (np.array([row.record_number for row in read]), native_columns(name, read))
            )
        return found

    def _table(
        self, name: str, lot: Lot, places: tuple[Ints, Ints, Ints], meanings: list[tuple[Ints, Columns]]
    ) -> pa.Table:
        """The rows of one dataset; messages of some rows fill the columns of `meanings`."""
        extras: Any = lot.extras
        for rows, filled in meanings:
            extras = _with_meaning(extras, rows, filled.pop("extra", None))
        host = self._segment.host
        columns: Columns = {
            "event_id": self._ids.of_positions(_positions(lot.cursors, places[1])),
            "time": pa.array(lot.times, mask=~in_bounds(lot.times)).cast(pa.timestamp("us")),
            "time_text": lot.texts,
            "host": _named(lot.hosts, host) if host else lot.hosts,
            "program": lot.programs,
            "process_id": lot.processes,
            "severity": lot.severities,
            "facility": lot.facilities,
            "message": lot.messages,
            "extra": extras,
        }
        meanings = [(rows, filled) for rows, filled in meanings if filled]
        if meanings:
            columns |= spread_columns(name, meanings, len(lot.lines))
        return self._assembler.table(name, columns, *places)


def _named(hosts: Any, other: str) -> pa.Array[Any]:
    """The hosts, another name in the place of those that are not named."""
    name: Any = pa.scalar(other)
    column: pa.Array[Any] = pc.if_else(pc.fill_null(pc.equal(hosts, pa.scalar("")), True), name, hosts)
    return column


def _with_meaning(extras: Any, rows: Ints, said: Any) -> Any:
    """The column `extra` with what the messages of some rows say beside what they fill."""
    if said is None or said.null_count == len(said):
        return extras
    found = extras.to_pylist()
    for at, text in zip(rows.tolist(), said.to_pylist(), strict=True):
        if text is not None:
            found[at] = orjson.dumps(orjson.loads(found[at] or b"{}") | orjson.loads(text)).decode()
    return pa.array(found, pa.string())


def _positions(cursors: Any, offsets: Ints) -> list[bytes]:
    """What names the entries in their ids: the cursor, or the offset where there is none."""
    named = cursors.cast(pa.binary()).to_pylist()
    if not cursors.null_count:
        return named  # type: ignore[no-any-return]
    return [b"%d" % offset if name is None else name for name, offset in zip(named, offsets.tolist(), strict=True)]


def _last_of_each(hosts: Any, order: Ints) -> Ints:
    """Of the rows, given in the order of the log, the last one of each host."""
    encoded = hosts.dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy()
    last = np.zeros(len(encoded.dictionary), np.int64)
    last[codes[order]] = order  # of several the last stays
    return last
