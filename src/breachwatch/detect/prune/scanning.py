"""Looking through the bytes of many values for one thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from breachwatch.detect.prune.lowering import octets

if TYPE_CHECKING:
    from breachwatch.detect.prune.literals import Ids, Mask, Values

_SAMPLE_BYTES = 1 << 16
_SLICE_BYTES = 1 << 17
"""Compared at a time, so that what is computed on the way stays in the processor's cache."""

_WORD = 8


class Bytes:
    """The bytes of texts one after another, none of them NULL."""

    def __init__(self, values: Values) -> None:
        starts, self.data = octets(values)
        self.starts: Ids = starts.astype(np.int64)

    def holding(self, text: bytes) -> Mask:
        """Which values contain a text (not empty)."""
        # Where its two rarest bytes stand the others are looked at.
        frequency = np.bincount(self.data[:_SAMPLE_BYTES], minlength=256)
        places = sorted(range(len(text)), key=lambda place: int(frequency[text[place]]))
        at = np.concatenate(list(self._both(text, places[:2])))
        for place in places[2:]:
            at = at[self.data[at + place] == text[place]]
        return self._of(at, len(text))

    def _both(self, text: bytes, places: Sequence[int]) -> Iterator[Ids]:
        """From where on a text may stand, by its bytes at these places."""
        count = max(len(self.data) - len(text) + 1, 0)
        yield np.zeros(0, np.int64)
        for begin in range(0, count, _SLICE_BYTES):
            end = min(begin + _SLICE_BYTES, count)
            held = np.ones(end - begin, np.bool_)
            for place in places:
                held &= self.data[begin + place : end + place] == text[place]
            yield np.flatnonzero(held) + begin

    def runs(self, least: int, chars: bytes) -> Mask:
        """Which values may have at least so many bytes in a row (16 or more) of some; all bytes where none is named."""
        if not chars:
            return np.diff(self.starts) >= least
        wanted = np.zeros(256, np.bool_)
        wanted[list(chars)] = True
        # However it lies, a run covers so many whole words next to each other. Their first bytes are looked at before
        # the others.
        covered = (least - _WORD + 1) // _WORD
        words = wanted[self.data[: len(self.data) // _WORD * _WORD : _WORD]]
        joined = 1
        while joined < covered:
            step = min(joined, covered - joined)
            words = words[: max(len(words) - step, 0)] & words[step:]
            joined += step
        at = np.flatnonzero(words) * _WORD
        for place in range(1, covered * _WORD):
            if place % _WORD:
                at = at[wanted[self.data[at + place]]]
        return self._of(at, covered * _WORD)

    def _of(self, at: Ids, length: int) -> Mask:
        """The values in which so many bytes lie whole from these places on."""
        values = len(self.starts) - 1
        if len(at) > values:
            first = np.searchsorted(at, self.starts[:-1])
            behind: Mask = np.searchsorted(at, self.starts[1:] - length, side="right") > first
            return behind
        held = np.zeros(values, np.bool_)
        value = np.searchsorted(self.starts, at, side="right") - 1
        held[value[at + length <= self.starts[value + 1]]] = True
        return held
