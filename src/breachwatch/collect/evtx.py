"""Windows event logs: which records of a file are new.

An EVTX file is rewritten in place: its header changes, chunks are reused in a circle, old records vanish. So the whole
file becomes one segment each time it changed, and `Segment.after` says up to which record id its records were landed
before. What was collected is remembered as runs of record ids with the write times at their ends; a file belongs to a
log if it contains the end of such a run (same id, same time to 100 ns), or else names the same computer and channel.
The log's identity is source + computer + channel, so that a copied or wrapped log gives the same event ids.

Structure: [MS-EVEN6] does not describe the file; the layout is the one documented by libevtx ("Windows XML Event Log
(EVTX) format", sections 2 to 4): a 4096-byte header, chunks of 65,536 bytes, records with magic, size, id and FILETIME.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from breachwatch.collect.checkpoints import Log
from breachwatch.collect.stream import LogFile, LogStream

HEADER_BYTES = 4096
CHUNK_BYTES = 65536
CHUNK_MAGIC = b"ElfChnk\x00"
_CHUNK_RECORDS = 512  # where records begin in a chunk
_RECORD = struct.Struct("<IIQQ")  # magic, size, record id, write time
_RECORD_MAGIC = 0x00002A2A
_FREE_SPACE = slice(48, 52)  # offset in the chunk where the next record would be written


class Readable(Protocol):
    """What records are read from: an open log's stream or a stored segment."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Run:
    """Records with consecutive ids. Times are FILETIMEs (100 ns since 1601)."""

    first: int
    last: int
    first_time: int
    last_time: int

    def as_list(self) -> list[int]:
        return [self.first, self.last, self.first_time, self.last_time]


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in an EVTX file: its runs, hash and size, and whether it has any chunk with the right magic."""

    runs: tuple[Run, ...]
    times: dict[int, frozenset[int]]  # write times of the record ids that were asked for
    size: int
    sha256: str
    sound: bool


def survey(stream: LogStream, wanted: Iterable[int]) -> Survey:
    """Walk the records of a file from its start; `wanted` are record ids whose write times are to be noted."""
    times: dict[int, set[int]] = {number: set() for number in wanted}
    runs: list[Run] = []
    sound = False
    for records in chunks(stream):
        sound = True
        for number, time in records:
            if number in times:
                times[number].add(time)
            _extend(runs, number, time)
    return Survey(
        tuple(merged(runs)),
        {number: frozenset(found) for number, found in times.items() if found},
        stream.position,
        stream.digest(),
        sound,
    )


def chunks(stream: Readable) -> Iterator[Iterator[tuple[int, int]]]:
    """For each chunk with the right magic its records' ids and times; damage ends a chunk, never the walk."""
    _exactly(stream, HEADER_BYTES)
    while chunk := _exactly(stream, CHUNK_BYTES):
        if chunk.startswith(CHUNK_MAGIC):
            yield _records(chunk)


def _exactly(stream: Readable, size: int) -> bytes:
    parts = []
    while size and (data := stream.read(size)):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def _records(chunk: bytes) -> Iterator[tuple[int, int]]:
    end = min(int.from_bytes(chunk[_FREE_SPACE], "little"), len(chunk))
    at = _CHUNK_RECORDS
    while at + _RECORD.size <= end:
        magic, size, number, time = _RECORD.unpack_from(chunk, at)
        if magic != _RECORD_MAGIC or size < _RECORD.size:
            return
        yield number, time
        at += size


def _extend(runs: list[Run], number: int, time: int) -> None:
    if runs and runs[-1].last + 1 == number:
        run = runs[-1]
        runs[-1] = Run(run.first, number, run.first_time, time)
    else:
        runs.append(Run(number, number, time, time))


def merged(runs: Iterable[Run]) -> list[Run]:
    """Runs in the order of their ids, neighbours joined; runs that overlap (a log begun anew) stay apart."""
    result: list[Run] = []
    for run in sorted(set(runs), key=lambda item: (item.first, item.last, item.first_time)):
        if result and result[-1].last + 1 == run.first:
            before = result[-1]
            result[-1] = Run(before.first, run.last, before.first_time, run.last_time)
        else:
            result.append(run)
    return result


def known_runs(log: Log) -> list[Run]:
    """The runs of records that were collected of a log."""
    return [Run(*values) for values in log.notes.get("runs", ())]


Ids = list[tuple[int, int]]
"""Ranges of record ids, first and last inclusive."""


def new_records(found: Survey, known: Iterable[Run], exactly: Callable[[Run], Ids]) -> Ids:
    """The record ids in a file that were not collected before.

    Ids alone prove little: filtered exports number their records from 1 anew. A run that goes on from the end of a
    known one (same id, same time) is that log, grown. For any other overlap `exactly` compares record by record.
    """
    new: Ids = []
    known = list(known)
    for run in found.runs:
        overlapping = [other for other in known if other.first <= run.last and run.first <= other.last]
        if not overlapping:
            new.append((run.first, run.last))
        elif len(overlapping) == 1 and _goes_on(run, overlapping[0], found):
            new += [(overlapping[0].last + 1, run.last)] if overlapping[0].last < run.last else []
        else:
            new += exactly(run)
    return new


def _goes_on(run: Run, before: Run, found: Survey) -> bool:
    begins = before.first < run.first or (before.first == run.first and before.first_time == run.first_time)
    known_end = before.last_time in found.times.get(before.last, ()) and before.last_time > 0
    return begins and run.first <= before.last <= run.last and known_end


def combined(found: Survey, known: Iterable[Run]) -> list[Run]:
    """The known runs after the file's records were collected too."""
    result = list(known)
    for run in found.runs:
        before = next((other for other in result if _goes_on(run, other, found)), None)
        if before is not None:
            result.remove(before)
            result.append(Run(before.first, run.last, before.first_time, run.last_time))
        else:
            result.append(run)
    return merged(result)


def ranges(ids: Iterable[int]) -> Ids:
    """Ids as ranges."""
    result: Ids = []
    for number in sorted(set(ids)):
        if result and result[-1][1] + 1 == number:
            result[-1] = (result[-1][0], number)
        else:
            result.append((number, number))
    return result


def shares_records(found: Survey, log: Log) -> bool:
    """Whether a file contains the very record (id and time) that a known run of `log` ends with."""
    return any(run.last_time > 0 and run.last_time in found.times.get(run.last, ()) for run in known_runs(log))


def make_evtx_id(source: str, file: LogFile, found: Survey) -> str:
    """The identity of an EVTX log: source, computer and channel of its first readable record.

    Where no record can be read, the first record's id and time stand in, and where there is none, the content.
    """
    name = _computer_and_channel(file)
    if not name and found.runs:
        name = f"{found.runs[0].first}\0{found.runs[0].first_time}"
    return hashlib.sha256(f"evtx\0{source}\0{name or found.sha256}".encode()).hexdigest()[:32]


_NAMED_WITHIN = 64  # chunks that are tried


def _computer_and_channel(file: LogFile) -> str:
    from evtx import PyEvtxParser

    stream = file.stream()
    header = _exactly(stream, HEADER_BYTES)
    for _ in range(_NAMED_WITHIN):
        # Chunks stand alone: a log of gigabytes is not read into memory for its name.
        chunk = _exactly(stream, CHUNK_BYTES)
        if not chunk:
            break
        # Without its string and template tables: a damaged one may go in a circle, which the library follows for ever.
        if name := _name_in(PyEvtxParser, header + chunk[:128] + bytes(384) + chunk[512:]):
            return name
    return ""


def _name_in(parser: type, data: bytes) -> str:
    try:
        for record in parser(io.BytesIO(data), number_of_threads=1).records_json():
            system = json.loads(record["data"])["Event"]["System"]
            return f"{system['Computer']}\0{system['Channel']}"
    except (RuntimeError, ValueError, KeyError, TypeError, OSError):
        # The parser's complaint about damage: parsing the stored segment will count and report it record by record.
        return ""
    return ""
