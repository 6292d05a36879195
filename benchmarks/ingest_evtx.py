"""Windows event logs to measure ingestion with, made of the chunks of real ones.

A chunk of an EVTX file stands alone (its strings and templates are its own), so chunks of several files of one channel
make one log. Records are numbered anew, and their times moved into one day and a half up to `UNTIL`: in the record's
header, and where about the same time stands in its binary XML. Checksums are those of the new bytes. Layout: see
`breachwatch.parse.evtx_records`.
"""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.ingest_corpus import UNTIL

_FILE_HEADER, _CHUNK, _CHUNK_HEADER = 4096, 65_536, 512
_A_MOMENT = 10 * 10_000_000  # 10 seconds
_SMALLEST_SHARE = 8  # chunks: channels of which there are fewer make no log of their own


def make_logs(folder: Path, size: int, logs: Path) -> int:
    """A log for each of the larger channels, `size` bytes together, all in `folder`; gives their bytes."""
    chunks = _by_channel(logs)
    large = {channel: found for channel, found in chunks.items() if len(found) >= _SMALLEST_SHARE}
    total = sum(map(len, large.values()))
    folder.mkdir(parents=True)
    written = 0
    for number, (_, found) in enumerate(sorted(large.items())):
        log = _log(found, max(1, size * len(found) // total // _CHUNK))
        (folder / f"{number:03d}.evtx").write_bytes(log)
        written += len(log)
    return written


def copy_logs(folder: Path, size: int, logs: Path) -> int:
    """Copies of all EVTX files under `logs`, a folder a copy; gives their bytes. A copy is a source of its own."""
    files = sorted(logs.rglob("*.evtx"))
    written = number = 0
    while files and written < size:
        target = folder / f"copy{number}"
        target.mkdir(parents=True)
        for count, path in enumerate(files):
            shutil.copyfile(path, target / f"{count:03d}.evtx")
            written += path.stat().st_size
        number += 1
    return written


def _by_channel(logs: Path) -> dict[str, list[bytes]]:
    """Chunks that are whole and undamaged, by the channel of their first record."""
    from evtx import PyEvtxParser

    found = defaultdict(list)
    for path in sorted(logs.rglob("*.evtx")):
        data = path.read_bytes()
        for start in range(_FILE_HEADER, len(data) - _CHUNK + 1, _CHUNK):
            chunk = data[start : start + _CHUNK]
            sound = chunk.startswith(b"ElfChnk\0") and _checksum(chunk) == struct.unpack_from("<I", chunk, 124)[0]
            if not sound or len(list(_records(chunk))) == 0:
                continue
            first = next(iter(PyEvtxParser(str(path)).records_json()))
            system = json.loads(first["data"])["Event"]["System"]
            found[f"{system['Channel']}"].append(chunk)
    return found


def _log(chunks: list[bytes], count: int) -> bytes:
    """A log of `count` chunks, taken in turn."""
    chosen = [bytearray(chunks[number % len(chunks)]) for number in range(count)]
    records = sum(1 for chunk in chosen for _ in _records(chunk))
    step, at, number = timedelta(hours=35) / records, UNTIL - timedelta(hours=36), 0
    for chunk in chosen:
        first = number + 1
        for start, length in _records(chunk):
            number, at = number + 1, at + step
            _set_time(chunk, start, length, struct.pack("<Q", _filetime(at)))
            struct.pack_into("<Q", chunk, start + 8, number)
        struct.pack_into("<QQQQ", chunk, 8, first, number, first, number)
        end = struct.unpack_from("<I", chunk, 48)[0]
        struct.pack_into("<I", chunk, 52, zlib.crc32(chunk[_CHUNK_HEADER:end]))
        struct.pack_into("<I", chunk, 124, _checksum(chunk))
    head = struct.pack("<8sQQQIHHHH76xI", b"ElfFile\0", 0, count - 1, number + 1, 128, 1, 3, _FILE_HEADER, count, 0)
    head += struct.pack("<I", zlib.crc32(head[:120]))
    return head.ljust(_FILE_HEADER, b"\0") + b"".join(chosen)


def _set_time(chunk: bytearray, start: int, length: int, now: bytes) -> None:
    """The header tells when the record was written, its XML when it was made, a moment before."""
    written = struct.unpack_from("<Q", chunk, start + 16)[0]
    minutes = bytes(chunk[start + 20 : start + 24])  # the upper half changes every seven minutes
    chunk[start + 16 : start + 24] = now
    at = chunk.find(minutes, start + 32, start + length - 4)
    while at >= 0:
        made = struct.unpack_from("<Q", chunk, at - 4)[0]
        if written - _A_MOMENT < made <= written:
            chunk[at - 4 : at + 4] = now
        at = chunk.find(minutes, at + 4, start + length - 4)


def _records(chunk: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where the records lie, and how long they are."""
    end = min(struct.unpack_from("<I", chunk, 48)[0], len(chunk))
    at = _CHUNK_HEADER
    while at + 28 <= end and chunk[at : at + 4] == b"**\0\0":
        length = struct.unpack_from("<I", chunk, at + 4)[0]
        if length < 28 or at + length > end:
            return
        yield at, length
        at += length


def _checksum(chunk: bytes | bytearray) -> int:
    return zlib.crc32(bytes(chunk[:120]) + bytes(chunk[128:_CHUNK_HEADER]))


def _filetime(at: datetime) -> int:
    """Units of 100 ns since 1601."""
    return (at - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
