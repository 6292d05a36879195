"""Syslog, many lines at once: the same rows that `breachwatch.parse.syslog` reads line by line, as whole columns.

A block of lines is split with numpy (`syslog_heads`), its times are read by the minute (`syslog_times`). Messages that
no parser of a program understands, most of a host's log, never become Python objects. The others are read by their
program's parser, once for each text where the parser looks at nothing else. Lines with an uncommon head, and whatever
else is not plain, are read by `SyslogReader` in their place, so that what it knows of the lines before is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse.assembling import Assembler, Columns, Ints, in_order, native_columns, spread_columns
from breachwatch.parse.auditd.events import Joiner
from breachwatch.parse.auditd.records import AUDITD
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.batches import Batches
from breachwatch.parse.lines import read_split
from breachwatch.parse.syslog import SyslogReader, written_by
from breachwatch.parse.syslog_block import MEANING, TIME, Block, line_bounds
from breachwatch.parse.syslog_meaning import Meanings
from breachwatch.parse.syslog_times import HourRuns, in_bounds, years_of
from breachwatch.parse.syslogtime import SyslogClock
from breachwatch.settings import Limits


def parse_blocks(segment: Segment, data: BinaryIO, limits: Limits, batch_rows: int) -> Iterator[Batch]:
    """The batches of a segment of syslog; it is held in memory as a whole."""
    reader = SyslogReader(SyslogClock(written_by(segment), segment.time_zone))
    data.seek(0)
    yield from _Blocks(segment, data.read(), limits, batch_rows, reader).read()


_REPEATED: Final = b"message repeated "  # in all of `parse.repeated.STARTS`
_BLOCK_BATCHES: Final = 4  # read together: the more messages, the more of them have the shape of others
_NONE: Final = np.zeros(0, np.int64)


class _Blocks:
    """Reads the blocks of one segment in their order."""

    def __init__(self, segment: Segment, text: bytes, limits: Limits, batch_rows: int, reader: SyslogReader) -> None:
        self._segment = segment
        self._text = text
        self._limits = limits
        self._batch_rows = batch_rows
        self._reader = reader
        self._batches = Batches(segment, batch_rows)
        self._assembler = Assembler(segment)
        self._joiner = Joiner()
        self._meanings = Meanings(segment, reader.messages)
        self._records = 0  # before the block at hand
        self._bytes = 0  # in them

    def read(self) -> Iterator[Batch]:
        starts, ends = line_bounds(self._text)
        self._reader.clock.settle(years_of(self._text, starts, ends))
        lines = _BLOCK_BATCHES * self._batch_rows
        for first in range(0, len(starts), lines):
            part = slice(first, first + lines)
            yield from self._block(first, starts[part], ends[part])
        for row in self._joiner.rest():
            yield from self._add(row)
        yield from self._batches.rest()

    def _block(self, first: int, starts: Ints, ends: Ints) -> Iterator[Batch]:
        block = Block(self._text, starts, ends, self._limits.record_bytes)
        numbers = self._segment.first_record + first + np.arange(len(starts))
        offsets = self._segment.start + starts
        record_of = self._records + np.cumsum(block.is_record)
        end_of = self._bytes + np.cumsum(np.where(block.is_record, block.lengths, 0))
        self._records, self._bytes = int(record_of[-1]), int(end_of[-1])
        runs = HourRuns(self._reader.clock, block.heads.stamp, block.heads.times, block.traditional)
        meanings = self._meanings
        meanings.begin(block)
        understood: dict[str, list[tuple[int, Row]]] = {}
        first_number, places = int(numbers[0]), offsets.tolist()
        run = 0
        for line, step in block.steps(runs.starts, meanings.lines):
            if step == TIME:
                runs.read(run)
                run += 1
                continue
            number, offset = first_number + line, places[line]
            if step == MEANING:
                record, meaning_only = meanings.read(line, number, offset)
            else:
                record, meaning_only = self._slowly(block, line, number - self._segment.first_record, offset), False
                if isinstance(record, Row):
                    meanings.passed(line, record.values.get("host"))
            if meaning_only and isinstance(record, Row):
                understood.setdefault(record.dataset, []).append((line, record))
            elif isinstance(record, Row) and record.dataset == AUDITD:
                for done in self._joiner.add(record, int(record_of[line]), int(end_of[line]) - record.byte_length):
                    yield from self._add(done)
            else:
                yield from self._add(record)
        meanings.end()
        by_dataset = _by_dataset(meanings.others, block.program_codes, meanings.datasets())
        for name in sorted(by_dataset.keys() | understood.keys() | meanings.templated.keys()):
            groups = [(by_dataset.get(name, _NONE), {}), meanings.templated.get(name, (_NONE, {}))]
            if name in understood:
                lines, rows = zip(*understood[name], strict=True)
                groups.append((np.array(lines), native_columns(name, list(rows))))
            yield from self._table(name, block, groups, numbers, offsets)

    def _slowly(self, block: Block, line: int, index: int, offset: int) -> Row | Rejected:
        raw = block.raw(line)
        if _REPEATED in raw:
            self._meanings.remember_before(line)
        whole = (index, offset - self._segment.start, len(raw), raw)
        return next(iter(read_split(self._segment, (whole,), self._limits, self._reader.read)))

    def _add(self, record: Row | Rejected) -> Iterator[Batch]:
        batch = self._batches.add(record)
        if batch is not None:
            yield batch

    def _table(
        self, name: str, block: Block, groups: list[tuple[Ints, Columns]], numbers: Ints, offsets: Ints
    ) -> Iterator[Batch]:
        """The rows of one dataset: lines in groups, with the columns that their messages fill."""
        here = np.sort(np.concatenate([lines for lines, _ in groups]))
        heads = block.heads
        times, process = heads.times[here], heads.process[here]
        columns: dict[str, pa.Array[Any]] = {
            "time": pa.array(times, mask=~in_bounds(times)).cast(pa.timestamp("us")),
            "time_text": heads.time_text(here),
            "host": heads.hosts(here),
            "program": heads.programs(here),
            "process_id": pa.array(process, mask=process < 0),
            "message": heads.messages(here),
        }
        meant = [(np.searchsorted(here, lines), filled) for lines, filled in groups if filled]
        if meant:
            columns |= spread_columns(name, meant, len(here))
        table = self._assembler.table(name, columns, numbers[here], offsets[here], block.lengths[here])
        table = in_order(table, self._batches.take(name))
        for start in range(0, table.num_rows, self._batch_rows):
            yield Batch(name, table.slice(start, self._batch_rows))


def _by_dataset(lines: Ints, program_codes: Ints, datasets: list[str]) -> dict[str, Ints]:
    names = sorted(set(datasets))
    code_of = np.array([names.index(name) for name in datasets], np.int64)
    codes = code_of[program_codes[lines]] if len(lines) else _NONE
    return {name: found for code, name in enumerate(names) if len(found := lines[codes == code])}
