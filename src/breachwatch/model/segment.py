"""A segment: an immutable range of bytes of one log, the unit in which logs are read, kept and landed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class SegmentState(StrEnum):
    """planned (promised in the catalog) -> stored (bytes copied and hashed) -> landed (rows in the lake) | lost."""

    PLANNED = "planned"
    STORED = "stored"
    LANDED = "landed"
    LOST = "lost"  # its bytes were gone before they could be copied; said loudly, never dropped


@dataclass(frozen=True, slots=True)
class Segment:
    """One byte range of one log.

    `start` and `end` count bytes of the *uncompressed* log. `file_id` is the log's stable identity, which does not
    change when the file is renamed, compressed or grows. All times are aware UTC.
    """

    segment_id: str
    source: str
    file_id: str
    path: str  # where it was found, as text for people; bytes that are not UTF-8 are escaped
    format: str  # a name in breachwatch.model.formats
    start: int
    end: int
    first_record: int  # 1-based number of its first record, counted from the start of the log
    modified_at: datetime  # the file's modification time when planned: the anchor for RFC 3164's missing year
    planned_at: datetime
    time_zone: str  # IANA name of the zone that times without one are in
    host: str  # the host to name where a record names none; may be empty
    after: int  # EVTX: the highest record id that earlier segments of this log landed, else 0
    state: SegmentState = SegmentState.PLANNED
    sha256: str | None = None  # of the segment's bytes, once stored
    file_sha256: str | None = (
        None  # of the log's bytes [0, end): promised when planned, proven when stored; no journals
    )
    pruned_at: datetime | None = None  # when retention removed its stored bytes

    @property
    def size(self) -> int:
        """Length in uncompressed bytes."""
        return self.end - self.start


def make_segment_id(source: str, file_id: str, start: int, end: int, content: str = "") -> str:
    """The id of a segment: the same plan gives the same id, so that a repeated plan writes the same files.

    `content` is the SHA-256 of a log that is rewritten in place (EVTX): its size alone does not name its bytes.
    """
    return hashlib.sha256(f"segment\0{source}\0{file_id}\0{start}\0{end}\0{content}".encode()).hexdigest()[:32]


def make_event_id(source: str, file_id: str, position: str | int) -> str:
    """The id of an event: source, the log's stable identity and the position in it.

    `position` is the byte offset in the uncompressed log, or the record's own number where the log gives one that does
    not move (EVTX: channel, computer, record id and write time; journal: cursor).
    """
    return hashlib.sha256(f"event\0{source}\0{file_id}\0{position}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one dataset (or rejects) parsed from one segment; `table` has that dataset's full schema."""

    dataset: str
    table: pa.Table


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong with one input and did not stop the rest; told in the summary."""

    source: str
    where: str
    what: str
    lost_data: bool = False  # True where records exist that we could not read


@dataclass(frozen=True, slots=True)
class Collected:
    """What collecting one source gave: ids of segments that are stored and wait for parsing, and what went wrong."""

    source: str
    segment_ids: tuple[str, ...]
    files: int
    bytes: int
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Landed:
    """What landing one segment gave. `records == rows + rejects`."""

    segment_id: str
    records: int
    rows: int
    rejects: int
    by_dataset: tuple[tuple[str, int], ...]
    already: bool = False  # True: it had landed before, nothing was written
