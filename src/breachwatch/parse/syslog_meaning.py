"""Which messages of a block are to be understood, and what they mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

from breachwatch.model.segment import Segment
from breachwatch.parse.assembling import Columns
from breachwatch.parse.base import Rejected, Row, reason_of
from breachwatch.parse.columns import EARLIEST
from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.packets import without_clock
from breachwatch.parse.program_kinds import program_kind
from breachwatch.parse.repeated import STARTS, Messages
from breachwatch.parse.syslog_block import Block
from breachwatch.parse.syslog_heads import NO_TIME, Ints
from breachwatch.parse.template_columns import Templates, meaning

_REMEMBERED: Final = 8192  # messages whose meaning is kept for the next of the same text
_LONGEST_REMEMBERED: Final = 512  # characters
_LOOKED_AT: Final = np.array(
    [int.from_bytes(start, "little") for start in (b"pam_", b"(pam", b"mess", b"last", b"--- ")]
)
_MAY_REPEAT: Final = _LOOKED_AT[2:]
_NOT_ALONE: Final = ("%", *STARTS)
_CORE: Final = ("time", "time_text", "host", "program", "process_id", "message")
_OVERRIDDEN: Final = frozenset((*_CORE, "repeat_count"))

Values = dict[str, Any]


class Meanings:
    """Understands the messages of one segment, block by block."""

    def __init__(self, segment: Segment, messages: Messages) -> None:
        self._segment = segment
        self._messages = messages
        self._known: dict[tuple[str, str], tuple[str, Values, Values]] = {}
        self._templates = Templates(_OVERRIDDEN)
        self._host_set_at: dict[str | None, int] = {}  # the slow line that last spoke for a host
        self._synced = 0

    def begin(self, block: Block) -> None:
        """Take a block; `lines` are then those that must be understood one by one, `templated` those that need not be.

        `others` mean nothing, `datasets` says what they belong to.
        """
        self._block = block
        self._synced = 0
        self._host_set_at.clear()
        programs = [program_kind(name) for name in block.programs]
        self._kinds = programs
        codes = block.program_codes[block.lines]
        wanted = np.array([program.read for program in programs], np.bool_)[codes] if len(codes) else np.zeros(0, bool)
        for word in sorted({word for program in programs for word in program.words}):
            needing = np.array([word in program.words for program in programs], np.bool_)
            wanted |= needing[codes] & np.isin(block.lines, block.having(word))
        starts = block.message_starts()
        wanted |= np.isin(starts, _LOOKED_AT) | (starts & 0xFF == ord("%"))
        self.others: Ints = block.lines[~wanted]
        meant, codes, starts = block.lines[wanted], codes[wanted], starts[wanted]
        texts: Any = block.heads.messages(meant)
        alone = np.array([program.alone for program in programs], np.bool_)[codes] & ~np.isin(starts, _MAY_REPEAT)
        alone &= starts & 0xFF != ord("%")
        plain, packets = without_clock(texts, codes, programs)
        alone |= packets
        rest: Any = self._match(meant, plain, codes, np.flatnonzero(alone))
        self.lines: Ints = meant[rest]
        left = texts.take(pa.array(rest)).to_pylist()
        found = zip(left, codes[rest].tolist(), block.lengths[self.lines].tolist(), strict=True)
        self._found: dict[int, tuple[str, int, int]] = dict(zip(self.lines.tolist(), found, strict=True))

    def _match(self, lines: Ints, texts: Any, codes: Ints, alone: Ints) -> Ints:
        """Look for templates of the messages `alone` of these; gives those of all that have none."""
        self.templated: dict[str, tuple[Ints, Columns]] = {}
        if not len(alone):
            return np.arange(len(lines))
        matched = self._templates.match(texts.take(pa.array(alone)), codes[alone], self._block.programs)
        for name, (here, columns) in matched.by_dataset().items():
            self.templated[name] = lines[alone[here]], columns
        return np.delete(np.arange(len(lines)), alone[matched.known])

    def datasets(self) -> list[str]:
        """By the code of its program, what a message that nobody understands belongs to."""
        return [program.dataset for program in self._kinds]

    def read(self, line: int, number: int, offset: int) -> tuple[Row | Rejected, bool]:
        """The record of a line. With True its values are the message's meaning alone, without what the head says."""
        block = self._block
        message, code, length = self._found[line]
        program = block.programs[code]
        try:
            if self._kinds[code].alone and not message.startswith(_NOT_ALONE):
                dataset, values, extra = self._known.get((program, message)) or self._alone(program, message)
                if _OVERRIDDEN.isdisjoint(values):
                    return Row(dataset, number, offset, length, values, dict(extra) if extra else {}), True
                return Row(dataset, number, offset, length, {**self._head(line, message), **values}, dict(extra)), False
            head = self._head(line, message)
            values, extra = dict(head), {}
            if message.startswith(STARTS):
                self.remember_before(line)
            dataset = self._messages.read(head["host"], program, message, values, extra)
        except UnreadableError as error:
            return Rejected(number, offset, length, block.raw(line), str(error)), False
        except Exception as error:  # noqa: BLE001 - a bug in reading one record must not lose the file
            return Rejected(number, offset, length, block.raw(line), reason_of(error)), False
        row = Row(dataset, number, offset, length, values, extra)
        if "repeat_count" in values or any(values.get(name) is not head.get(name) for name in _CORE):
            return row, False
        for name in head:
            del values[name]
        return row, True

    def passed(self, line: int, host: str | None) -> None:
        """A line of that host was read by another."""
        self._host_set_at[host] = line

    def end(self) -> None:
        """The block is done: remember what the next may repeat."""
        self.remember_before(len(self._block.starts))

    def _alone(self, program: str, message: str) -> tuple[str, Values, Values]:
        meant = meaning(program, message)
        if len(message) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[program, message] = meant
        return meant

    def _head(self, line: int, message: str) -> Values:
        block = self._block
        time = int(block.heads.times[line])
        head: Values = {
            "time": None if time == NO_TIME else EARLIEST + timedelta(microseconds=time),
            "time_text": block.time_text(line),
            "host": block.hosts[int(block.host_codes[line])],
            "program": block.programs[int(block.program_codes[line])],
        }
        if block.heads.process[line] >= 0:
            head["process_id"] = int(block.heads.process[line])
        head["message"] = message
        return head

    def remember_before(self, line: int) -> None:
        """Tell `Messages` the last message of each host before that line, which it has not seen itself."""
        block = self._block
        lines = block.lines[(block.lines >= self._synced) & (block.lines < line)]
        self._synced = line
        codes = block.host_codes[lines][::-1]
        _, last = np.unique(codes, return_index=True)
        for at in lines[::-1][last].tolist():
            host = block.hosts[int(block.host_codes[at])]
            if self._host_set_at.get(host, -1) < at:
                message = block.message(at)
                if not message.startswith(STARTS):
                    program = block.programs[int(block.program_codes[at])]
                    self._messages.previous[host] = program, message
