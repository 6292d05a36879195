"""One block of lines of syslog: where each lies, which have a head that is read at once, whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from breachwatch.parse.syslog_heads import PADDING, Flags, Ints, read_heads

TIME, MEANING, SLOWLY = range(3)
"""What is to be done at a line, in this order: its time read, its message, or the whole line by `SyslogReader`."""


def line_bounds(text: bytes) -> tuple[Ints, Ints]:
    """Where the lines of `text` begin and end; LF, or CR and LF, ends a line and is no part of it."""
    block = np.frombuffer(text, np.uint8)
    feeds = np.flatnonzero(block == ord("\n"))
    starts = np.concatenate((np.zeros(1, np.int64), feeds + 1))
    ends = feeds.copy()
    returned = ends > starts[:-1]
    returned[returned] = block[ends[returned] - 1] == ord("\r")
    ends -= returned
    if starts[-1] == len(text):
        return starts[:-1], ends
    return starts, np.append(ends, len(text))


class Block:
    """Lines `starts` to `ends` of `text`; the offsets count from the block's first line, as line numbers do."""

    def __init__(self, text: bytes, starts: Ints, ends: Ints, longest: int) -> None:
        self.base = int(starts[0])
        self._text = text[self.base : int(ends[-1])] + PADDING
        self.starts = starts - self.base
        self.ends = ends - self.base
        self.lengths = ends - starts
        self.heads = read_heads(self._text, self.starts, self.ends)
        common = self.heads.common & (self.lengths <= longest)
        self._leave_broken_text(common)
        lines = np.flatnonzero(common)
        self.host_codes, self.hosts = _coded(self.heads.hosts(lines), lines, len(starts))
        for code, host in enumerate(self.hosts):
            if host.startswith("date="):  # FortiGate
                common[self.host_codes == code] = False
        self.lines: Ints = np.flatnonzero(common)
        """Those with a common head."""
        self.program_codes, self.programs = _coded(self.heads.programs(self.lines), self.lines, len(starts))
        self.traditional: Flags = self.heads.traditional & common
        self.is_record = common.copy()
        slow = np.flatnonzero(~common)
        self.is_record[slow] = [bool(raw) and not raw.isspace() for raw in map(self.raw, slow.tolist())]
        self.slow: Ints = slow[self.is_record[slow]]

    def raw(self, line: int) -> bytes:
        return self._text[int(self.starts[line]) : int(self.ends[line])]

    def time_text(self, line: int) -> str:
        """The time of a line with a common head, as it stands there."""
        return self._text[int(self.starts[line]) : int(self.heads.time_ends[line])].decode()

    def message(self, line: int) -> str:
        """The message of a line with a common head."""
        return self._text[int(self.heads.message[line]) : int(self.ends[line])].decode()

    def having(self, word: bytes) -> Ints:
        """The lines in which the word stands, in order."""
        found, at = [], self._text.find(word)
        while at >= 0:
            found.append(at)
            at = self._text.find(word, at + 1)
        return np.unique(np.searchsorted(self.starts, np.array(found, np.int64), "right") - 1)

    def message_starts(self) -> Ints:
        """The first four bytes of each message with a common head, as one number."""
        block = np.frombuffer(self._text, np.uint8)
        window = block[self.heads.message[self.lines][:, None] + np.arange(4)]
        first: Ints = window.view(np.uint32).ravel().astype(np.int64)
        return first

    def steps(self, runs: Ints, meant: Ints) -> Iterator[tuple[int, int]]:
        """(line, step) in the order of the lines; `runs` begin there, `meant` are to be understood."""
        lines = np.concatenate((runs, meant, self.slow))
        steps = np.repeat((TIME, MEANING, SLOWLY), (len(runs), len(meant), len(self.slow)))
        order = np.lexsort((steps, lines))
        return zip(lines[order].tolist(), steps[order].tolist(), strict=True)

    def _leave_broken_text(self, common: Flags) -> None:
        try:
            self._text.decode("utf-8")
        except UnicodeDecodeError:
            high = np.flatnonzero(np.frombuffer(self._text, np.uint8) > 127)
            for line in np.unique(np.searchsorted(self.starts, high, "right") - 1).tolist():
                common[line] &= _is_utf8(self.raw(line))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _coded(texts: Any, lines: Ints, size: int) -> tuple[Ints, list[str]]:
    """The texts of some of `size` lines as numbers, -1 for the others, and what the numbers mean."""
    encoded: Any = texts.dictionary_encode()
    codes = np.full(size, -1)
    codes[lines] = encoded.indices.to_numpy()
    return codes, encoded.dictionary.to_pylist()
