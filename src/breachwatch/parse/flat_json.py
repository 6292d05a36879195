"""JSON objects of plain texts, one a line, many at once: which have the same members in the same order.

Found with numpy, so only what can be told from quotes is taken here: `{"A":"text","B":"text"}` without blanks between
the members and without numbers or objects inside. A journal is written so, but for a few entries. Whatever is laid out
in another way is left to whoever reads JSON, and so are the escapes in texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from breachwatch.collect.json_runs import behind_odd

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_QUOTE, _BACKSLASH, _COLON, _COMMA, _OPENING, _CLOSING = b'"\\:,{}'
_FIRST_PRINTABLE: Final = 0x20  # JSON allows nothing below it in a string
_FIRST_WIDE: Final = 0x80
_FEWEST: Final = 4  # objects with the same members; of fewer each is read faster by itself
_TRIES: Final = 64  # orders of members that have names of the same lengths


@dataclass(frozen=True, slots=True)
class Alike:
    """Objects with the same members. `begins` and `ends` say where the text of each member lies in the block."""

    lines: Ints  # in order
    names: tuple[str, ...]
    heads: Ints  # where a member begins, with the quote of its name
    begins: Ints
    ends: Ints
    slashes: Ints  # where the backslashes of the block are

    def member(self, name: str) -> int | None:
        """The place of a member in the objects."""
        return self.names.index(name) if name in self.names else None

    def escaped(self, place: int) -> tuple[Flags, Flags]:
        """Which objects have an escape in the text of that member, and which have one elsewhere."""
        inside = _count(self.slashes, self.begins[:, place], self.ends[:, place])
        everywhere = _count(self.slashes, self.heads[:, 0], self.ends[:, -1])
        return inside > 0, everywhere > inside


def _count(places: Ints, begins: Ints, ends: Ints) -> Ints:
    found: Ints = np.searchsorted(places, ends) - np.searchsorted(places, begins)
    return found


def alike(text: bytes, starts: Ints, ends: Ints) -> Iterator[Alike]:
    """The objects that lines of `text` are, in groups; lines that are left out are none or are laid out otherwise.

    No line may be empty, and between two there is one byte, which stands in neither.
    """
    block: Bytes = np.frombuffer(text, np.uint8)
    quotes: Ints = np.flatnonzero(block == _QUOTE)
    slashes: Ints = np.flatnonzero(block == _BACKSLASH)
    if len(slashes):
        quotes = quotes[~behind_odd(slashes, len(block))[quotes]]
    first = np.searchsorted(quotes, starts)
    count = np.searchsorted(quotes, ends) - first
    good = (count > 0) & (count % 4 == 0) & (block[starts] == _OPENING) & (block[ends - 1] == _CLOSING)
    good[_odd_lines(text, block, starts, ends)] = False
    good[good] = (quotes[first[good]] == starts[good] + 1) & (quotes[first[good] + count[good] - 1] == ends[good] - 2)
    for members in np.unique(count[good]).tolist():
        lines = np.flatnonzero(good & (count == members))
        if len(lines) >= _FEWEST:
            yield from _of_size(block, lines, quotes[first[lines][:, None] + np.arange(members)], slashes)


def _odd_lines(text: bytes, block: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Lines with a byte that no string may hold, or with bytes that are no UTF-8 (or may be)."""
    odd = block < _FIRST_PRINTABLE
    odd[ends[ends < len(block)]] = False
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        odd |= block >= _FIRST_WIDE
    found: Ints = np.unique(np.searchsorted(starts, np.flatnonzero(odd), "right") - 1)
    return found


def _of_size(block: Bytes, lines: Ints, quotes: Ints, slashes: Ints) -> Iterator[Alike]:
    """Groups of the objects that have so many quotes, four to each member."""
    name_ends, begins, value_ends = quotes[:, 1::4], quotes[:, 2::4], quotes[:, 3::4]
    heads = quotes[:, 0::4]
    good = ((begins - name_ends == 2) & (block[name_ends + 1] == _COLON)).all(axis=1)
    good &= ((heads[:, 1:] - value_ends[:, :-1] == 2) & (block[value_ends[:, :-1] + 1] == _COMMA)).all(axis=1)
    # Names of the same lengths are looked at together: which are the same can then be told byte by byte.
    lengths = name_ends - heads - 1
    weights = np.power(np.int64(1_000_003), np.arange(lengths.shape[1]))
    _, kind, sizes = np.unique(lengths @ weights, return_inverse=True, return_counts=True)
    for number in np.flatnonzero(sizes >= _FEWEST).tolist():
        rows = np.flatnonzero(good & (kind == number))
        for _ in range(_TRIES):
            if len(rows) < _FEWEST:
                break
            same = _same_names(block, heads[rows] + 1, lengths[rows])
            here = rows[same]
            if len(here) >= _FEWEST:
                pairs = zip((heads[here[0]] + 1).tolist(), name_ends[here[0]].tolist(), strict=True)
                names = tuple(block[start:end].tobytes().decode() for start, end in pairs)
                if len(set(names)) == len(names):  # of two members of one name the last one counts
                    yield Alike(lines[here], names, heads[here], begins[here] + 1, value_ends[here], slashes)
            rows = rows[~same]


def _same_names(block: Bytes, starts: Ints, lengths: Ints) -> Flags:
    """Which objects have the names of the first one, in its order."""
    fits: Flags = (lengths == lengths[0]).all(axis=1)
    for place, length in enumerate(lengths[0].tolist()):
        # Windows of one width are copied row by row, which is much faster than byte by byte.
        if length:
            names = np.lib.stride_tricks.sliding_window_view(block, length)[starts[:, place]]
            fits &= (names == names[0]).all(axis=1)
    return fits


def cut(text: bytes, starts: Ints, ends: Ints) -> pa.Array[Any]:
    """The pieces of `text`, which is UTF-8, from each start to its end; they lie one after the other."""
    bounds: Any = np.stack((starts, ends), axis=1).ravel().astype(np.int32)
    pieces: Any = pa.StringArray.from_buffers(max(0, len(bounds) - 1), pa.py_buffer(bounds), pa.py_buffer(text))
    chosen: Any = pa.array(np.arange(0, len(bounds), 2))
    found: pa.Array[Any] = pieces.take(chosen)
    return found


def decimals(text: bytes, starts: Ints, ends: Ints, most: int) -> tuple[Ints, Flags]:
    """The numbers of at most `most` decimal digits that stand there, and where one does."""
    block: Bytes = np.frombuffer(text, np.uint8)
    lengths = ends - starts
    good = (lengths > 0) & (lengths <= most)
    values = np.zeros(len(starts), np.int64)
    for position in range(int(lengths[good].max()) if good.any() else 0):
        here = np.flatnonzero(good & (lengths > position))
        digits = block[starts[here] + position] - np.uint8(ord("0"))
        values[here] = values[here] * 10 + digits
        good[here[digits > 9]] = False
    return values, good
