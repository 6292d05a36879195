"""Where records end in a stream of bytes, for each framing of `model.formats`.

A framer is fed the bytes of a log in pieces of any size. It knows at every moment how many records are complete and
where the last complete one ends; how the bytes were cut into pieces changes nothing.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from breachwatch.collect.json_records import JsonRecords
from breachwatch.collect.xml_records import XmlRecords
from breachwatch.model.formats import RECORD_SIZES, Framing

LONGEST_RECORD = 64 * 1024 * 1024
"""A record that is longer (in bytes) is cut: memory stays bounded whatever is in the file."""

IDENTITY_BYTES = 4096


class Framer(ABC):
    """Counts records: `records` are complete, `boundary` is the offset in the log where the last of them ends."""

    def __init__(self, start: int) -> None:
        self.boundary = start
        self.position = start
        self.records = 0

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """Take the next bytes of the log."""

    @property
    def waiting(self) -> int:
        """Bytes of an unfinished record since the boundary."""
        return self.position - self.boundary

    def close_record(self) -> None:
        """What is left since the boundary counts as one record: the log ends here, or the record is too long."""
        if self.position > self.boundary:
            self.records += 1
            self.boundary = self.position


class _Lines(Framer):
    def feed(self, data: bytes) -> None:
        self.records += data.count(b"\n")
        last = data.rfind(b"\n")
        if last >= 0:
            self.boundary = self.position + last + 1
        self.position += len(data)


class _Fixed(Framer):
    """Records of one size."""

    def __init__(self, start: int, size: int) -> None:
        super().__init__(start)
        self._size = size

    def feed(self, data: bytes) -> None:
        self.position += len(data)
        complete = (self.position - self.boundary) // self._size
        self.records += complete
        self.boundary += complete * self._size


class _Whole(Framer):
    """EVTX: no boundary before the end; the file is one whole (its records are counted by `collect.evtx`)."""

    def feed(self, data: bytes) -> None:
        self.position += len(data)

    def close_record(self) -> None:
        self.boundary = self.position


class _Json(Framer):
    """Objects, wherever they stand (`collect.json_records`).

    What follows the last record (a line's ending, the brackets that end a list) is left beyond the boundary: a list
    that is written anew with more in it goes on right there.
    """

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self._scanner: JsonRecords | XmlRecords = JsonRecords(start)

    @property
    def waiting(self) -> int:
        return self.position - self.boundary if self._scanner.waiting else 0

    def feed(self, data: bytes) -> None:
        self.records += len(self._scanner.feed(data))
        self.position, self.boundary = self._scanner.position, self._scanner.settled

    def close_record(self) -> None:
        self.records += self._scanner.close() is not None
        self.boundary = self._scanner.boundary


class _Xml(_Json):
    """Events in XML, wherever they stand (`collect.xml_records`)."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self._scanner = XmlRecords(start)


# An entry of text fields only, in one go: the atomic groups keep hostile input from backtracking.
_TEXT_FIELDS = re.compile(rb"(?>[^\n=]+=[^\n]*\n)*+")


class JournalExport(Framer):
    """systemd.journal-export-format: lines `NAME=value`, or `NAME`, a 64-bit length and the value; a blank line."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self._rest = b""  # bytes since the last complete field
        self._skip = 0  # bytes of a binary field's value (and its line feed) that are still to come
        self._in_entry = False
        self._cursor = b""
        self.last_cursor = ""  # of the last complete entry

    def feed(self, data: bytes) -> None:
        self.position += len(data)
        if self._skip:
            step = min(self._skip, len(data))
            self._skip -= step
            data = data[step:]
            if self._skip:
                return
        rest = self._rest + data
        at = 0
        while at < len(rest) and not self._skip:
            moved = self._fields(rest, at)
            if moved == at:
                break
            at = moved
        self._rest = b"" if self._skip else rest[at:]

    def close_record(self) -> None:
        super().close_record()
        self._rest = b""
        self._in_entry = False

    def _fields(self, rest: bytes, at: int) -> int:
        """Take the fields at `at`; returns where the next begins, or `at` when more bytes are needed."""
        if rest[at] == 0x0A:
            self._end_entry(self.position - len(rest) + at + 1)
            return at + 1
        found = _TEXT_FIELDS.match(rest, at)
        if found and found.end() > at:
            self._note_cursor(rest, at)
            self._in_entry = True
            return found.end()
        line_end = rest.find(b"\n", at)
        if line_end < 0:
            return at
        self._in_entry = True
        if rest.find(b"=", at, line_end) >= 0:  # a nameless field such as "=x": one odd line, no more
            return line_end + 1
        if len(rest) < line_end + 9:
            return at
        value_end = line_end + 9 + int.from_bytes(rest[line_end + 1 : line_end + 9], "little") + 1
        self._skip = max(0, value_end - len(rest))
        return min(value_end, len(rest))

    def _note_cursor(self, rest: bytes, at: int) -> None:
        # journalctl writes __CURSOR first. Elsewhere the text could come from a message, and messages may lie.
        if not self._in_entry and rest.startswith(b"__CURSOR=", at):
            self._cursor = rest[at + 9 : rest.index(b"\n", at)]

    def _end_entry(self, end: int) -> None:
        if self._in_entry:
            self.records += 1
            self.last_cursor = self._cursor.decode("ascii", "replace")
        self._in_entry = False
        self._cursor = b""
        self.boundary = end


def make_framer(framing: Framing, start: int) -> Framer:
    """A framer for a log that is read from offset `start`, where a record begins."""
    if framing in RECORD_SIZES:
        return _Fixed(start, RECORD_SIZES[framing])
    kinds: dict[Framing, type[Framer]] = {
        "lines": _Lines,
        "journal-export": JournalExport,
        "evtx": _Whole,
        "json": _Json,
        "xml": _Xml,
    }
    return kinds[framing](start)


def first_record(framing: Framing, head: bytes, whole: bool) -> bytes | None:
    """The bytes a log's identity is taken from: its first record, at most IDENTITY_BYTES of it, line ending included.

    `head` are the log's first bytes; `whole` says that nothing follows them. None where the record is not complete.
    """
    head_part = head[:IDENTITY_BYTES]
    if framing in RECORD_SIZES:
        size = RECORD_SIZES[framing]
        end = size if len(head_part) >= size else -1
    elif framing in ("json", "xml"):  # brackets and an envelope's head begin many a log, so they alone name none
        found = (JsonRecords(0) if framing == "json" else XmlRecords(0)).feed(head_part)
        end = found[0][1] if found else IDENTITY_BYTES if len(head_part) == IDENTITY_BYTES else -1
    else:
        mark = b"\n\n" if framing == "journal-export" else b"\n"
        end = head_part.find(mark)
        end = end + len(mark) if end >= 0 else -1
        if end < 0 and len(head_part) == IDENTITY_BYTES:
            end = IDENTITY_BYTES
    if end > 0:
        return head_part[:end]
    return head_part if whole and head_part else None
