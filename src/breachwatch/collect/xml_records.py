"""Where records begin and end in XML that holds Windows events, however it is laid out.

A record is an element `<Event>`: one a line, spread over lines, or all on one line within `<Events>`, as Event Viewer
saves them. The declaration, the surrounding element and the marks of a copied view (`- `) are no record; any other text
between the events is one, up to the end of its line: it will be rejected, not dropped. An event that was cut short ends
where the next one begins (no event holds an element of that name).

How its input was cut into pieces changes nothing.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.collect.json_records import Span

_LONGEST_TAG: Final = 1024  # bytes within which a declaration or the tag of the surrounding element ends
_NOISE: Final = re.compile(rb"(?:\s|\xef\xbb\xbf|-\s(?=<)|<\?xml[^<>]{0,512}\?>|</?Events(?:\s[^<>]{0,512})?>)++")
_BEGIN: Final = re.compile(rb"<Event(?=[\s>/])")
_TURN: Final = re.compile(rb"</Event>|<Event(?=[\s>/])")
_GARBAGE_END: Final = re.compile(rb"\n|<Event(?=[\s>/])")
_OVERLAP: Final = 8  # a mark may lie across two pieces


class XmlRecords:
    """Finds the records in bytes that are fed in pieces; the same face as `json_records.JsonRecords`."""

    def __init__(self, start: int) -> None:
        self.settled = start
        self.boundary = start
        self.position = start
        self._rest = b""  # everything from the boundary on
        self._searched = 0  # bytes of it in which no mark was found
        self._open = False  # it begins with an event

    def feed(self, data: bytes) -> list[Span]:
        """Take the next bytes; gives the records that they complete."""
        self.position += len(data)
        data = self._rest + data
        base = self.position - len(data)
        found: list[Span] = []
        at = 0
        while True:
            if not self._open:
                noise = _NOISE.match(data, at)
                at = noise.end() if noise else at
                self.boundary = base + at
                self._open, self._searched = _BEGIN.match(data, at) is not None, 6
                if at == len(data) or (not self._open and _undecided(data, at)):
                    break
            end = self._end(data, at)
            if end is None:
                break
            found.append((base + at, base + end))
            self.settled = self.boundary = base + end
            at, self._open = end, False
        self._rest = data[at:]
        return found

    @property
    def waiting(self) -> bool:
        """Whether a record is unfinished."""
        return bool(self._rest.strip())

    def close(self) -> Span | None:
        """Nothing more comes: what is unfinished is a record, broken or not."""
        span = (self.boundary, self.position) if self.waiting else None
        self._rest, self._open = b"", False
        self.settled = self.boundary = self.position
        return span

    def _end(self, data: bytes, at: int) -> int | None:
        """Where the record at `at` ends, if it does."""
        if not self._open:
            found = _GARBAGE_END.search(data, at)
            return found.start() if found else None
        found = _TURN.search(data, at + max(6, self._searched - _OVERLAP))
        if found is None:
            self._searched = len(data) - at
            return None
        return found.end() if found[0] == b"</Event>" else found.start()


def _undecided(data: bytes, at: int) -> bool:
    """Whether more bytes may show that what stands at `at` is a tag or a mark and no text."""
    if data[at] in b"-\xef":
        return len(data) - at < 3
    return data[at] == 0x3C and data.find(b">", at, at + _LONGEST_TAG) < 0 and len(data) - at < _LONGEST_TAG
