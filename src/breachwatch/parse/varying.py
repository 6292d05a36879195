"""Where messages of one kind differ: their numbers and IPv4 addresses, found with numpy in many messages at once.

`Failed password for root from 203.0.113.9 port 40022 ssh2` has the shape `Failed password for root from A port N ssh2`,
as thousands of other messages have. Only what stands free counts: digits beside letters, dots, colons or hyphens may be
part of a name, a key, an IPv6 address or a time and belong to the shape; so do 0 and numbers with zeros in front.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from breachwatch.parse.syslog_heads import Bytes, Flags, Ints

ADDRESS, NUMBER, LONG_NUMBER = 1, 2, 3
"""What stands in a shape in the place of an IPv4 address, a number of up to 5 and one of 6 to 9 digits, as a byte."""

_FEW_DIGITS: Final = 5  # parsers read more as no port; a group of an IPv6 address has fewer
_MOST_DIGITS: Final = 9
_POWERS: Final = 10 ** np.arange(_MOST_DIGITS)
_BEFORE: Final = np.isin(np.arange(256), list(b" =([#,'\""))
_AFTER: Final = np.isin(np.arange(256), list(b" :)],;.'\""))


@dataclass(frozen=True, slots=True)
class Varying:
    """The shapes of texts and what varies in them. What varies in text i are the items first[i] to first[i + 1]."""

    shapes: pa.StringArray
    first: Ints
    texts: pa.Array[Any]
    numbers: Ints  # of an address: 0
    plain: Flags  # texts that hold no byte which means something in a shape


def varying(texts: pa.StringArray) -> Varying:
    """The shapes of these texts, none of which is null; they hold valid UTF-8."""
    buffers: Any = texts.buffers()
    offsets = np.frombuffer(buffers[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    begin, size = int(offsets[0]), int(offsets[-1] - offsets[0])
    block: Bytes = np.frombuffer(buffers[2] or b"", np.uint8)[begin : begin + size]
    bounds = (offsets - begin).astype(np.int64)
    starts, ends, kinds = _runs(block, bounds)
    owner = np.searchsorted(bounds[:-1], starts, "right") - 1
    first = np.searchsorted(owner, np.arange(len(texts) + 1))
    shapes = _shapes(block, bounds, first, starts, ends, kinds)
    cuts: Any = np.append(np.stack((starts, ends), axis=1).ravel(), size).astype(np.int32)
    buffer: Any = block
    pieces: Any = pa.StringArray.from_buffers(len(cuts) - 1, pa.py_buffer(cuts), pa.py_buffer(buffer))
    plain = np.ones(len(texts), np.bool_)
    odd = np.flatnonzero((block - np.uint8(1)) < LONG_NUMBER)
    plain[np.searchsorted(bounds[:-1], odd, "right") - 1] = False
    return Varying(
        shapes, first, pieces.take(pa.array(np.arange(0, len(pieces), 2))), _numbers(block, ends, starts, kinds), plain
    )


def _runs(block: Bytes, bounds: Ints) -> tuple[Ints, Ints, Bytes]:
    """Where free numbers and addresses begin and end, and which of them they are."""
    digit = (block - np.uint8(ord("0"))) < 10
    point = np.zeros(len(block), np.bool_)
    point[1:-1] = (block[1:-1] == ord(".")) & digit[:-2] & digit[2:]
    run = digit | point
    inner = bounds[(bounds > 0) & (bounds < len(block))]
    begins, stops = run.copy(), run.copy()
    begins[1:] &= ~run[:-1]
    stops[:-1] &= ~run[1:]
    begins[inner] |= run[inner]
    stops[inner - 1] |= run[inner - 1]
    starts, ends = np.flatnonzero(begins), np.flatnonzero(stops) + 1
    outer = np.zeros(len(block) + 1, np.bool_)
    outer[bounds] = True
    padded = np.append(block, np.uint8(0))
    free = (outer[starts] | _BEFORE[padded[starts - 1]]) & (outer[ends] | _AFTER[padded[ends]])
    starts, ends = starts[free], ends[free]
    lengths, points = ends - starts, np.flatnonzero(point)
    before = np.searchsorted(points, starts)
    count = np.searchsorted(points, ends) - before
    number = (count == 0) & (lengths <= _MOST_DIGITS) & (block[starts] != ord("0"))
    number &= (padded[ends] != ord(":")) | outer[ends] | (lengths >= _FEW_DIGITS)
    address = count == 3
    address[address] = _addresses(
        block, starts[address], points[before[address][:, None] + np.arange(3)], ends[address]
    )
    kinds = np.where(address, ADDRESS, np.where(lengths <= _FEW_DIGITS, NUMBER, LONG_NUMBER)).astype(np.uint8)
    chosen = number | address
    return starts[chosen], ends[chosen], kinds[chosen]


def _addresses(block: Bytes, starts: Ints, points: Ints, ends: Ints) -> Flags:
    """Which of these are IPv4 addresses in their canonical form."""
    begins = np.concatenate((starts[:, None], points + 1), axis=1)
    stops = np.concatenate((points, ends[:, None]), axis=1)
    lengths = stops - begins
    good: Flags = np.asarray(((lengths >= 1) & (lengths <= 3)).all(axis=1))
    begins, stops, lengths = begins[good], stops[good], lengths[good]
    value = np.zeros(lengths.shape, np.int64)
    for place in range(3):
        digits = block[np.maximum(stops - 1 - place, 0)].astype(np.int64) - ord("0")
        value += np.where(lengths > place, digits, 0) * _POWERS[place]
    fits: Flags = np.asarray(((value <= 255) & ((lengths == 1) | (block[begins] != ord("0")))).all(axis=1))
    good[good] = fits
    return good


def _shapes(block: Bytes, bounds: Ints, first: Ints, starts: Ints, ends: Ints, kinds: Bytes) -> pa.StringArray:
    marked = block.copy()
    marked[starts] = kinds
    change = np.zeros(len(block) + 1, np.int8)
    change[starts + 1] += 1
    change[ends] -= 1
    kept: Any = marked[np.cumsum(change[:-1], dtype=np.int8) == 0]
    taken = np.concatenate((np.zeros(1, np.int64), np.cumsum(ends - starts - 1)))
    offsets: Any = (bounds - taken[first]).astype(np.int32)
    shapes: pa.StringArray = pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(offsets), pa.py_buffer(kept))
    return shapes


def _numbers(block: Bytes, ends: Ints, starts: Ints, kinds: Bytes) -> Ints:
    values = np.zeros(len(starts), np.int64)
    lengths = np.where(kinds == ADDRESS, 0, ends - starts)
    for place in range(int(lengths.max()) if len(lengths) else 0):
        here = np.flatnonzero(lengths > place)
        values[here] += (block[ends[here] - 1 - place].astype(np.int64) - ord("0")) * _POWERS[place]
    return values
