"""The framing of the journal export format: entries of fields, each entry ended by an empty line.

A field is `NAME=value` and LF, or, for values with line breaks or bytes that are no UTF-8: `NAME`, LF, the length as 64
bits little endian, that many bytes, LF. Source: systemd's JOURNAL_EXPORT_FORMATS.md, "Journal Export Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from breachwatch.settings import Limits

ENTRY_DAMAGED: Final = "the entry has neither a time nor a cursor nor a message"

_READ = 256 * 1024
_NAME = re.compile(rb"[A-Za-z0-9_]{1,256}")
_LENGTH_BYTES = 8


@dataclass(slots=True)
class Entry:
    """One entry: where it starts, its length without the empty line that ends it, its bytes and its fields."""

    offset: int
    length: int = 0
    raw: bytes = b""
    fields: list[tuple[str, bytes]] = field(default_factory=list)
    problem: str = ""  # why it cannot be read, empty for a sound entry


class _Source:
    """The bytes ahead, read in pieces; counts where it is."""

    def __init__(self, data: BinaryIO) -> None:
        self._data = data
        self._ahead = b""
        self._at = 0
        self.offset = 0

    def line(self, longest: int) -> tuple[bytes, bool]:
        """The next line without its LF and whether it had one; at most `longest` bytes, then the rest comes next."""
        start = self._at
        while True:
            end = self._ahead.find(b"\n", start)
            if end >= 0:
                return self._take(end - self._at, 1), True
            if len(self._ahead) - self._at > longest:
                return self._take(longest, 0), False
            start = len(self._ahead) - self._at
            if not self._more():
                return self._take(len(self._ahead) - self._at, 0), False

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end."""
        while len(self._ahead) - self._at < count and self._more():
            pass
        return self._take(min(count, len(self._ahead) - self._at), 0)

    def _more(self) -> bool:
        chunk = self._data.read(_READ)
        self._ahead, self._at = self._ahead[self._at :] + chunk, 0
        return bool(chunk)

    def _take(self, count: int, ending: int) -> bytes:
        taken = self._ahead[self._at : self._at + count]
        self._at += count + ending
        self.offset += count + ending
        return taken


class _Held:
    """The bytes of the entry that is being read; of an endless one only the first `most` (its length stays true)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._kept = 0
        self._length = 0
        self._last = b""

    def add(self, piece: bytes) -> None:
        self._length += len(piece)
        self._last = piece or self._last
        if self._kept < self._most:
            self._pieces.append(piece[: self._most - self._kept])
            self._kept += len(self._pieces[-1])

    def finish(self, entry: Entry) -> Entry:
        """Give the entry its bytes; the LF of its last line is the record's ending, not its content."""
        entry.length = self._length - 1 if self._last.endswith(b"\n") else self._length
        entry.raw = b"".join(self._pieces)[: entry.length]
        return entry


def split_entries(data: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """The entries of `data`; offsets count from its current position.

    An entry that is damaged or longer than `limits.record_bytes` carries its problem and its bytes; reading goes on
    behind the next empty line. Empty lines between entries belong to none.
    """
    source = _Source(data)
    entry: Entry | None = None
    held = _Held(limits.segment_bytes)
    while True:
        start = source.offset
        line, ended = source.line(limits.record_bytes)
        if not line and (ended or source.offset == start):
            if entry is not None:
                yield held.finish(entry)
                entry, held = None, _Held(limits.segment_bytes)
            if not ended:
                return
            continue
        if entry is None:
            entry = Entry(start)
        held.add(line)
        if ended:
            held.add(b"\n")
        if not entry.problem:
            _read_field(source, line, ended, entry, held, limits)
        if source.offset - entry.offset > limits.record_bytes and not entry.problem:
            entry.problem = f"the record is longer than {limits.record_bytes} bytes"
            entry.fields = []


def _read_field(source: _Source, line: bytes, ended: bool, entry: Entry, held: _Held, limits: Limits) -> None:
    name, equals, value = line.partition(b"=")
    if equals and _NAME.fullmatch(name):
        entry.fields.append((name.decode("ascii"), value))
    elif not equals and ended and _NAME.fullmatch(name):
        head = source.exactly(_LENGTH_BYTES)
        size = int.from_bytes(head, "little")
        held.add(head)
        if len(head) < _LENGTH_BYTES or size > limits.record_bytes:
            entry.problem = "a binary field's length is cut off or beyond the record limit"
            return
        content = source.exactly(size)
        closing = source.exactly(1)
        held.add(content)
        held.add(closing)
        if len(content) < size or closing != b"\n":
            entry.problem = "a binary field is cut off"
            return
        entry.fields.append((name.decode("ascii"), content))
    else:
        entry.problem = "a line is neither NAME=value nor the name of a binary field"
