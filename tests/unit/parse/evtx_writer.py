"""A small EVTX file of one chunk, for tests: records in binary XML without templates.

Layout: [MS-EVEN6] 2.2.12 (binary XML) and the published descriptions of `ElfFile` and `ElfChnk` headers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

_CHUNK = 65_536
_HEADER = 512
_WINDOWS_EPOCH = 11_644_473_600  # seconds from 1601 to 1970


def evtx_file(records: Sequence[tuple[int, Mapping[str, str], Mapping[str, str]]]) -> bytes:
    """A file of records, each (seconds since 1970, elements of System, values of EventData)."""
    data, last = b"", _HEADER
    for number, (seconds, system, values) in enumerate(records, 1):
        last = _HEADER + len(data)
        data += _record(number, seconds, system, values, last)
    free = _HEADER + len(data)
    count = len(records)
    chunk = struct.pack("<8sQQQQIIII64xI", b"ElfChnk\0", 1, count, 1, count, 128, last, free, zlib.crc32(data), 0)
    chunk += struct.pack("<I", zlib.crc32(chunk[:120] + bytes(384))) + bytes(384)
    head = struct.pack("<8sQQQIHHHH76xI", b"ElfFile\0", 0, 0, count + 1, 128, 1, 3, 4096, 1, 0)
    head += struct.pack("<I", zlib.crc32(head[:120]))
    return head.ljust(4096, b"\0") + (chunk + data).ljust(_CHUNK, b"\0")


def _record(number: int, seconds: int, system: Mapping[str, str], values: Mapping[str, str], offset: int) -> bytes:
    writer = _Xml(offset + 24)
    writer.put(b"\x0f\x01\x01\x00")
    with_time = ("TimeCreated", {"SystemTime": values.get("", "2026-11-22T10:15:00.0000000Z")}, "")
    children: list[_Node] = [(name, {}, text) for name, text in system.items()]
    data: list[_Node] = [("Data", {"Name": name}, text) for name, text in values.items() if name]
    writer.element(("Event", {}, [("System", {}, [*children, with_time]), ("EventData", {}, data)]))
    writer.put(b"\x00")
    size = 24 + len(writer.data) + 4
    time = (seconds + _WINDOWS_EPOCH) * 10_000_000
    return struct.pack("<4sIQQ", b"**\0\0", size, number, time) + writer.data + struct.pack("<I", size)


_Node = tuple[str, dict[str, str], "str | list[_Node]"]


class _Xml:
    """Binary XML; names are written where they are first used, so offsets count from the chunk's start."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.data = b""

    def put(self, data: bytes) -> None:
        self.data += data

    def element(self, node: _Node) -> None:
        name, attributes, content = node
        self.put(b"\x41" if attributes else b"\x01")
        size_at = len(self.data)
        self.put(bytes(4))
        self._name(name)
        if attributes:
            list_at = len(self.data)
            self.put(bytes(4))
            for index, (key, value) in enumerate(attributes.items(), 1):
                self.put(b"\x06" if index == len(attributes) else b"\x46")
                self._name(key)
                self._value(value)
            self._size(list_at)
        self.put(b"\x02")
        if isinstance(content, str):
            if content:
                self._value(content)
        else:
            for child in content:
                self.element(child)
        self.put(b"\x04")
        self._size(size_at)

    def _size(self, at: int) -> None:
        self.data = self.data[:at] + struct.pack("<I", len(self.data) - at - 4) + self.data[at + 4 :]

    def _name(self, name: str) -> None:
        hashed = 0
        for letter in name:
            hashed = (hashed * 65_599 + ord(letter)) & 0xFFFFFFFF
        self.put(struct.pack("<I", self._start + len(self.data) + 4))
        self.put(struct.pack("<IHH", 0, hashed & 0xFFFF, len(name)) + name.encode("utf-16-le") + b"\0\0")

    def _value(self, text: str) -> None:
        self.put(b"\x05\x01" + struct.pack("<H", len(text)) + text.encode("utf-16-le"))
