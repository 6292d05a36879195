"""The records of one EVTX chunk as JSON, by the `evtx` library (Rust), one chunk at a time.

Each chunk is given to the library as a file of its own. So damage in one chunk reaches no other, memory stays bounded,
and a file header that is wrong (an unclean shutdown leaves it so) does not matter.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, cast

from breachwatch.parse.evtx_records import CHUNK, CHUNK_HEADER, FILE_HEADER, RECORD_MAGIC, Chunk

# String and template tables: lists of offsets that only save a reader time. They are left out, because a damaged list
# may go round in a circle, and the library (0.14) follows it for ever.
_TABLES = slice(128, CHUNK_HEADER)
_SMALLEST_GAP = 24  # bytes that a made-up record header needs
_MOST_RECORDS = CHUNK // 28  # no chunk can hold more


class Decoded:
    """The decoded records of a chunk by record id."""

    def __init__(self) -> None:
        self._texts: dict[int, list[str]] = {}

    def add(self, record_id: int, text: str) -> None:
        self._texts.setdefault(record_id, []).append(text)

    def take(self, record_id: int) -> str | None:
        """The next record of that id as JSON text, or None where it could not be decoded."""
        texts = self._texts.get(record_id)
        return texts.pop(0) if texts else None


def decode_chunk(chunk: Chunk) -> Decoded:
    """Decode what can be decoded."""
    return _decode(_as_file(chunk), sum(span.record_id is not None for span in chunk.spans))


def _decode(file: bytes, wanted: int) -> Decoded:
    from evtx import PyEvtxParser

    decoded = Decoded()
    try:
        records = iter(PyEvtxParser(io.BytesIO(file), number_of_threads=1).records_json())
    except (RuntimeError, ValueError, OSError):
        return decoded
    # The iterator goes on behind a record that raises; the bound stops one that would raise for ever.
    for _ in range(_MOST_RECORDS + wanted):
        try:
            record = cast("dict[str, Any]", next(records))
            decoded.add(record["event_record_id"], record["data"])
        except StopIteration:
            return decoded
        except (RuntimeError, ValueError, OSError):
            continue
        except BaseException as error:
            # A panic of the library arrives as pyo3's PanicException, which is no Exception.
            if type(error).__name__ != "PanicException":
                raise
            return decoded
    return decoded


def _as_file(chunk: Chunk) -> bytes:
    """A file of this one chunk. Bytes between records become a record that cannot be read, so that the next one can."""
    raw = bytearray(chunk.raw.ljust(CHUNK, b"\0"))
    raw[_TABLES] = bytes(_TABLES.stop - _TABLES.start)
    for span in chunk.spans:
        if span.record_id is None and span.length > _SMALLEST_GAP + 4:
            raw[span.offset : span.offset + _SMALLEST_GAP] = RECORD_MAGIC + struct.pack("<IQQ", span.length, 0, 0)
            struct.pack_into("<I", raw, span.offset + span.length - 4, span.length)
    if chunk.spans:
        last = chunk.spans[-1]
        struct.pack_into("<I", raw, 48, last.offset + last.length)
    return _FILE_HEADER + raw


def _file_header() -> bytes:
    """A file header for one chunk, version 3.1, with its checksum."""
    header = bytearray(FILE_HEADER)
    struct.pack_into("<8sQQQIHHHH", header, 0, b"ElfFile\x00", 0, 0, 1, 128, 1, 3, FILE_HEADER, 1)
    struct.pack_into("<I", header, 124, zlib.crc32(bytes(header[:120])))
    return bytes(header)


_FILE_HEADER = _file_header()
