"""The lines of data/matches.jsonl: where the bytes of each event are, in the log and in the bag, and their hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from breachwatch.errors import EvidenceError
from breachwatch.evidence.originals.kept import Kept
from breachwatch.evidence.rows import Position
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Segment

MATCHES = "data/matches.jsonl"
_TEXT_FRAMINGS = frozenset({"lines", "journal-export", "json"})


def lines_of(folder: Path, segment: Segment, files: Iterable[Kept], positions: Sequence[Position]) -> Iterator[bytes]:
    """One line per event of a segment, whose files lie in the bag's folder. Both are in the order of their bytes.

    Raises EvidenceError where the bytes of an event are in no file.
    """
    waiting = list(reversed(positions))
    for item in files:
        lines = MatchLines(segment, item)
        handle = os.open(folder / item.name, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            while waiting and waiting[-1].offset + waiting[-1].length <= item.range.end:
                position = waiting.pop()
                data = os.pread(handle, position.length, position.offset - item.range.start)
                yield lines.line(position, data)
        finally:
            os.close(handle)
    if waiting:
        msg = f"the bytes of event {waiting[-1].event_id} were not kept"  # overlapping records of a damaged log
        raise EvidenceError(msg)


class MatchLines:
    """The lines for the events of one file: what `json.dumps` gives, at a third of its time, as there are so many."""

    def __init__(self, segment: Segment, item: Kept) -> None:
        self._is_text = format_named(segment.format).framing in _TEXT_FRAMINGS
        self._segment = f'"source": {json.dumps(segment.source)}, "segment": {json.dumps(segment.segment_id)}'
        self._file, self._start = json.dumps(item.name), item.range.start

    def line(self, position: Position, data: bytes) -> bytes:
        r"""The line for an event, whose original bytes are `data`.

        JSON's own escapes cover control characters; bytes that are no UTF-8 are written as `\xNN`.
        """
        event_id, name, number, offset, length = position
        text = json.dumps(data.decode("utf-8", errors="backslashreplace")) if self._is_text else "null"
        return (
            f'{{"event_id": {json.dumps(event_id)}, "dataset": {json.dumps(name)}, {self._segment}, '
            f'"record_number": {number}, "offset": {offset}, "length": {length}, '
            f'"sha256": "{hashlib.sha256(data).hexdigest()}", "file": {self._file}, '
            f'"file_offset": {offset - self._start}, "text": {text}}}\n'
        ).encode()
