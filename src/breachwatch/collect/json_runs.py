"""Records of JSON that stand plainly one after the other, found many at once with numpy.

A run is what nearly all logs are: objects that each stand within one line, with nothing but blanks, commas, brackets
and line ends between them. Where anything else comes the run ends, and `JsonRecords` looks at it; what is found here is
what it finds (a property test compares the two).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

WINDOW: Final = 128 * 1024
"""Bytes that are looked at together: what is made of them stays in the processor's cache."""

_DEEPEST: Final = 12  # braces; deeper objects are rare
_QUOTE, _BACKSLASH, _FEED, _OPENING, _CLOSING = b'"\\\n{}'
_BETWEEN: Final = b" \t\r\n,["


def plain_run(data: bytes, at: int) -> list[tuple[int, int]]:
    """Where the objects of the run that begins at `at` lie in `data`; `at` must be a place between records.

    It is looked for in the next WINDOW bytes only; behind its last object another may begin.
    """
    block = np.frombuffer(data, np.uint8)[at : at + WINDOW]
    marks: Ints = np.flatnonzero((block == _QUOTE) | (block == _FEED) | (block == _OPENING) | (block == _CLOSING))
    if not len(marks):
        return []
    kinds = block[marks]
    slashes: Ints = np.flatnonzero(block == _BACKSLASH)
    quotes = kinds == _QUOTE
    quotes &= ~behind_odd(slashes, len(block))[marks]
    # Behind an odd number of quotes lies a string.
    outside = (np.cumsum(quotes) & 1) == 0
    end = len(marks)
    if len(slashes):
        before = np.searchsorted(marks, slashes)
        stray = np.flatnonzero((before == 0) | outside[before - 1])  # a backslash means nothing outside a string
        end = int(before[stray[0]]) if len(stray) else end
    broken = np.flatnonzero((kinds[:end] == _FEED) & ~outside[:end])
    end = int(broken[0]) if len(broken) else end
    braces = np.flatnonzero(outside[:end] & ((kinds[:end] == _OPENING) | (kinds[:end] == _CLOSING)))
    opening = kinds[braces] == _OPENING
    depth = np.cumsum(np.where(opening, 1, -1))
    negative = np.flatnonzero(depth < 0)
    if len(negative):
        braces, opening, depth = braces[: negative[0]], opening[: negative[0]], depth[: negative[0]]
    last = np.flatnonzero(depth == 0)
    if not len(last):
        return []
    first = np.concatenate((np.zeros(1, np.int64), last[:-1] + 1))
    deepest = np.maximum.reduceat(depth, first)
    feeds = np.cumsum(kinds == _FEED)
    one_line = feeds[braces[first]] == feeds[braces[last]]
    odd = np.flatnonzero(~one_line | (deepest > _DEEPEST))
    count = int(odd[0]) if len(odd) else len(last)
    starts, ends = marks[braces[first]] + at, marks[braces[last]] + at + 1
    return _unbroken(data, at, starts[:count].tolist(), ends[:count].tolist())


def behind_odd(slashes: Ints, size: int) -> npt.NDArray[np.bool_]:
    """Which of `size` bytes stand right behind an odd number of backslashes."""
    found = np.zeros(size + 1, np.bool_)
    if len(slashes):
        last = np.append(np.flatnonzero(np.diff(slashes) > 1), len(slashes) - 1)
        lengths = np.diff(np.concatenate((np.full(1, -1), last)))
        found[slashes[last[lengths % 2 == 1]] + 1] = True
    return found


def _unbroken(data: bytes, at: int, starts: list[int], ends: list[int]) -> list[tuple[int, int]]:
    """The objects up to the first one before which something else stands, or that begins like none."""
    found = []
    for start, end in zip(starts, ends, strict=True):
        if start > at and data[at:start].strip(_BETWEEN):
            break
        if data[start + 1 : start + 2] != b'"' and data[start + 1 : end].lstrip()[:1] == b"{":
            break
        found.append((start, end))
        at = end
    return found
