"""Where records begin and end in JSON, whatever way it is laid out.

A record is an object. It stands on a line of its own (JSON lines), in a list (`[{...}, {...}]`), in a list within an
envelope (`{"Records": [{...}]}`), pretty-printed or not, one such document after another or mixed. What lies between
records (brackets, commas, the envelope's other members) is no record; any other text there is one, up to the end of its
line: it will be rejected, not dropped. In UTF-16 the same marks are found, as each is followed or preceded by a NUL;
there an envelope is one record.

An object ends where its braces balance (RFC 8259). A line that was cut short must not swallow the rest of the file: a
record that has more than its brace on its first line ends, broken, before a line that begins with another brace. A
string never goes past the end of a line.

The scanner needs no memory of what came before a record: started at the boundary after any record, it finds the same
records. How its input was cut into pieces changes nothing.
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.collect.json_runs import plain_run

ENVELOPES: Final = (b"Records", b"records", b"value", b"items", b"activities", b"Events", b"entries")
"""Members that hold the records: CloudTrail, Azure diagnostic settings, Microsoft Graph, Google Reports, ..."""

ENVELOPE_HEAD: Final = 65_536  # bytes within which an envelope's list begins

_TRIES: Final = 4  # in each piece of input
_FEW: Final = 4096  # bytes that are read faster step by step

_STRING = rb'"(?:[^"\\\n]++|\\[^\n])*+"'
_SCALAR = rb"(?:" + _STRING + rb"|-?[0-9][0-9.eE+-]*+|true|false|null)"
_NAMES = rb'"(?:' + b"|".join(ENVELOPES) + rb')"'
_SCALARS_ONLY = rb"(?:[\s,:A-Za-z0-9.+-]++|" + _STRING + rb')*+(?:"(?:[^"\\\n]++|\\[^\n])*+\\?)?'

_ENVELOPE = re.compile(
    rb"\{(?:\s*+(?!" + _NAMES + rb")" + _STRING + rb"\s*+:\s*+" + _SCALAR + rb"\s*+,)*+\s*+" + _NAMES + rb"\s*+:\s*+\["
)
_ENVELOPE_OPEN = re.compile(rb"\{" + _SCALARS_ONLY)  # what may still become one
_TAIL = re.compile(rb"\](?:\s*+,\s*+" + _STRING + rb"\s*+:\s*+" + _SCALAR + rb")*+\s*+\}")
_TAIL_OPEN = re.compile(rb"\]" + _SCALARS_ONLY)
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# A NUL is half a character of UTF-16, or what a crash left behind.
_NOISE = re.compile(rb"(?:[\s,\[\0]|" + rb"|".join(_BOMS) + rb")++")
_DOUBLED = re.compile(rb"\{\s*+\{")  # no object: the line was cut right behind its brace
_PRETTY = re.compile(rb"\{[ \t\r]*+\n")


def _object(depth: int) -> bytes:
    """A pattern for an object whose braces nest at most so deep. Possessive: it never goes back."""
    pattern = _STRING
    for _ in range(depth):
        pattern = rb'\{[^{}"]*+(?:(?:' + _STRING + rb"|" + pattern + rb')[^{}"]*+)*+\}'
    return pattern


_WHOLE = re.compile(_object(12))  # deeper ones go step by step
_PLAIN = re.compile(rb'(?:[^"{}\n]++|' + _STRING + rb")*+")
_STRING_REST = re.compile(rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+')
_GARBAGE_END = re.compile(rb"[\n{]")

_QUOTE, _BACKSLASH, _OPENING, _CLOSING, _LIST_END = b'"\\{}]'

Span = tuple[int, int]
"""A record: the offsets in the log where it begins and ends."""


class JsonRecords:
    """Finds the records in bytes that are fed in pieces.

    `settled` is where the last complete record ends, `boundary` where what is known to lie between records ends, too.
    """

    def __init__(self, start: int) -> None:
        self.settled = start
        self.boundary = start
        self.position = start
        self._rest = b""  # bytes at the end that cannot be judged yet
        self._start: int | None = None  # of the record that is open
        self._depth = 0  # 0 in an open record: text that is no object
        self._in_string = False
        self._one_line = False
        self._found: list[Span] = []

    def feed(self, data: bytes) -> list[Span]:
        """Take the next bytes; gives the records that they complete."""
        data = self._rest + data if self._rest else data
        base = self.position - len(self._rest)
        self.position = base + len(data)
        at, moved, tries = 0, -1, _TRIES
        while at < len(data) and moved != at:
            if self._start is None and tries and len(data) - at >= _FEW:
                tries -= 1  # a run that ends at once must not be looked for at every record
                at = self._run(data, at, base)
                if at == len(data):
                    break
            moved, at = at, self._step(data, at, base)
        self._rest = data[at:]
        found, self._found = self._found, []
        return found

    @property
    def waiting(self) -> bool:
        """Whether a record is unfinished. The end of a list waits for nothing: it may go on where it is written to."""
        return self._start is not None or self._rest.strip() not in (b"", b"]")

    def close(self) -> Span | None:
        """Nothing more comes: what is unfinished is a record, broken or not."""
        span = (self.boundary, self.position) if self.waiting else None
        self._rest, self._start = b"", None
        self._in_string = False
        self.settled = self.boundary = self.position
        return span

    def _step(self, data: bytes, at: int, base: int) -> int:
        """Go on from `at`; returns how far, `at` itself where more bytes are needed."""
        if self._start is not None:
            return self._inside(data, at, base) if self._depth else self._garbage(data, at, base)
        noise = _NOISE.match(data, at)
        if noise:
            self.boundary = base + noise.end()
            return noise.end()
        if data[at] == _OPENING:
            return self._begin(data, at, base)
        if data[at] == _LIST_END:
            return self._tail(data, at, base)
        if len(data) - at < len(_BOMS[0]) and any(mark.startswith(data[at:]) for mark in _BOMS):
            return at
        self._start, self._depth = base + at, 0
        return at + 1

    def _run(self, data: bytes, at: int, base: int) -> int:
        """Take the records that follow plainly; gives where the last of them ends."""
        while spans := plain_run(data, at):
            for start, end in spans:
                if _ENVELOPE.match(data, start, start + ENVELOPE_HEAD):
                    return at
                self._end(base + start, base + end)
                at = end
        return at

    def _begin(self, data: bytes, at: int, base: int) -> int:
        limit = at + ENVELOPE_HEAD
        envelope = _ENVELOPE.match(data, at, limit)
        if envelope:
            self.boundary = base + envelope.end()
            return envelope.end()
        if len(data) < limit and _ENVELOPE_OPEN.fullmatch(data, at):
            return at
        if _DOUBLED.match(data, at, limit):
            self._end(base + at, base + at + 1)
            return at + 1
        one_line = not _PRETTY.match(data, at, limit)
        whole = _WHOLE.match(data, at)
        if whole and not (one_line and data.find(b"\n{", at, whole.end()) >= 0):
            self._end(base + at, base + whole.end())
            return whole.end()
        self._start, self._depth, self._in_string, self._one_line = base + at, 1, False, one_line
        return at + 1

    def _inside(self, data: bytes, at: int, base: int) -> int:
        size = len(data)
        while at < size:
            if self._in_string:
                at = _STRING_REST.match(data, at).end()  # type: ignore[union-attr]  # it matches the empty text, too
                if at == size or (data[at] == _BACKSLASH and at + 1 == size):
                    return at
                self._in_string = False
                at += data[at] in (_QUOTE, _BACKSLASH)
                continue
            at = _PLAIN.match(data, at).end()  # type: ignore[union-attr]
            if at == size:
                break
            if data[at] == _QUOTE:
                self._in_string = True
            elif data[at] == _OPENING:
                self._depth += 1
            elif data[at] == _CLOSING:
                self._depth -= 1
                if not self._depth:
                    self._end(self._start, base + at + 1)
                    return at + 1
            elif self._one_line:
                if at + 1 == size:
                    return at
                if data[at + 1] == _OPENING:
                    self._end(self._start, base + at)
                    return self._step(data, at, base)
            at += 1
        return at

    def _garbage(self, data: bytes, at: int, base: int) -> int:
        end = _GARBAGE_END.search(data, at)
        if end is None:
            return len(data)
        self._end(self._start, base + end.start())
        return self._step(data, end.start(), base)

    def _tail(self, data: bytes, at: int, base: int) -> int:
        limit = at + ENVELOPE_HEAD
        tail = _TAIL.match(data, at, limit)
        if tail is None and len(data) < limit and _TAIL_OPEN.fullmatch(data, at):
            return at
        end = tail.end() if tail else at + 1
        self.boundary = base + end
        return end

    def _end(self, start: int | None, end: int) -> None:
        assert start is not None  # noqa: S101 - a record is open
        self._found.append((start, end))
        self._start = None
        self.settled = self.boundary = end
