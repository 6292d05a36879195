"""Where in an event's original bytes that stands which its rule matched, so that a view can highlight it there.

A `Match` says what a field held and which part of it matched. The log wrote that value in its own way: plainly, escaped
inside JSON or XML, in hexadecimal (audit), in UTF-16 (Windows event logs). So each value is looked for as each of them
would write it, first the field's whole value, which says which of several places is meant, then the part alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

from breachwatch.model.finding import Match

NEAR_BYTES = 64
"""A field's name stands at most so far before its value; where a value occurs more than once, that place counts."""

_SHORT = 3  # characters; what is shorter counts only as a whole word
_PLACES = 64  # at which a value is looked at, at most


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes [start, end) of a record, which a test of a rule matched."""

    start: int
    end: int
    match: Match


@dataclass(frozen=True, slots=True)
class Marked:
    """A record with its marks in order; `elsewhere` are matches that it does not hold in so many words.

    Such a match is of what the parser made of the record (its outcome, a host from the settings), or of a field that
    is missing.
    """

    data: bytes
    marks: tuple[Mark, ...]
    elsewhere: tuple[Match, ...]

    def spans(self) -> list[tuple[int, int]]:
        """The marked bytes as [start, end), in order, those that overlap or touch made one."""
        joined: list[tuple[int, int]] = []
        for mark in self.marks:
            if joined and mark.start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(joined[-1][1], mark.end)
            else:
                joined.append((mark.start, mark.end))
        return joined


def marked(data: bytes, matches: Iterable[Match]) -> Marked:
    """The record with what its matches found in it marked."""
    lower = data.lower()
    marks: dict[tuple[int, int, Match], None] = {}
    elsewhere = []
    for match in dict.fromkeys(matches):
        found = _places(data, lower, match)
        marks.update(dict.fromkeys((start, end, match) for start, end in found))
        elsewhere += [] if found else [match]
    ordered = sorted((Mark(*place) for place in marks), key=lambda mark: (mark.start, mark.end))
    return Marked(data, tuple(ordered), tuple(elsewhere))


def _places(data: bytes, lower: bytes, match: Match) -> list[tuple[int, int]]:
    part = match.found or match.value
    if not part:
        return []
    at = match.value.find(part)
    before, after = (match.value[:at], match.value[at + len(part) :]) if at >= 0 else ("", "")
    for text, head in ((before + part + after, before), (part, "")):
        for write in _WRITTEN:
            place = _place(data, lower, match.field, write(text))
            if place is not None:
                start = place + len(write(head))
                return [(start, start + len(write(part)))]
    return _words(lower, part)


def _place(data: bytes, lower: bytes, field: str, written: bytes) -> int | None:
    """Where the bytes stand: as written before in other case, after the field's name before anywhere else."""
    if not written:
        return None
    whole = len(written) < _SHORT
    for within, wanted in ((data, written), (lower, written.lower())):
        places = [at for at in _all(within, wanted) if not whole or _is_word(data, at, at + len(wanted))]
        if places:
            return next((at for at in places if _follows(lower, at, field)), places[0])
    return None


def _follows(lower: bytes, at: int, field: str) -> bool:
    name = field.rsplit(".", 1)[-1].lower().encode("utf-8", "surrogatepass")
    begin = max(at - NEAR_BYTES, 0)
    return any(_is_word(lower, begin + near, begin + near + len(name)) for near in _all(lower[begin:at], name) if name)


def _all(within: bytes, wanted: bytes) -> Iterator[int]:
    at = within.find(wanted)
    for _ in range(_PLACES):
        if at < 0:
            return
        yield at
        at = within.find(wanted, at + 1)


def _is_word(data: bytes, start: int, end: int) -> bool:
    around = data[max(start - 1, 0) : start] + data[end : end + 1]
    return not any(chr(byte).isalnum() for byte in around)


def _words(lower: bytes, part: str) -> list[tuple[int, int]]:
    """The words of a text, one after the other: a command line whose arguments the log lists one by one."""
    found, begin = [], 0
    words = part.split()
    for word in words if len(words) > 1 else ():
        wanted = word.lower().encode("utf-8", "surrogateescape")
        at = next((at for at in _all_from(lower, wanted, begin) if _is_word(lower, at, at + len(wanted))), None)
        if at is None:
            return []
        found.append((at, at + len(wanted)))
        begin = at + len(wanted)
    return found


def _all_from(within: bytes, wanted: bytes, begin: int) -> Iterator[int]:
    return (begin + at for at in _all(within[begin:], wanted))


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json(text: str) -> bytes:
    return json.dumps(text).encode()[1:-1]


def _json_utf8(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")[1:-1]


def _json_slashes(text: str) -> bytes:
    return _json(text).replace(b"/", b"\\/")


def _json_twice(text: str) -> bytes:
    return json.dumps(json.dumps(text)[1:-1]).encode()[1:-1]


def _xml_text(text: str) -> bytes:
    return escape(text).encode("utf-8", "surrogatepass")


def _xml(text: str) -> bytes:
    return escape(text, {'"': "&quot;"}).encode("utf-8", "surrogatepass")


def _xml_apostrophes(text: str) -> bytes:
    return escape(text, {'"': "&quot;", "'": "&apos;"}).encode("utf-8", "surrogatepass")


def _hexadecimal(text: str) -> bytes:
    return _plain(text).hex().upper().encode()


def _nginx(text: str) -> bytes:
    return text.replace("\\", "\\x5C").replace('"', "\\x22").encode("utf-8", "surrogatepass")


def _backslashes(text: str) -> bytes:
    return text.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogatepass")


def _doubled(text: str) -> bytes:
    return text.replace('"', '""').encode("utf-8", "surrogatepass")


def _percent(text: str) -> bytes:
    return quote(text, safe="/:?=&", errors="surrogatepass").encode()


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


_WRITTEN: Sequence[Callable[[str], bytes]] = (
    *(_plain, _json, _json_utf8, _json_slashes, _json_twice, _xml_text, _xml, _xml_apostrophes),
    *(_hexadecimal, _nginx, _backslashes, _doubled, _percent, _utf16),
)
"""How logs write a text; each writes letter by letter, so that a part of a text is a part of what is written."""
