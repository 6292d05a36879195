"""Looking through the bytes of many values for one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from breachwatch.detect.prune.literals import Ids, Mask, Values

_SAMPLE_BYTES = 1 << 16
_WORD = 8
_ALL_OF_A_WORD = 0x0101010101010101


class Bytes:
    """The bytes of texts one after another, none of them NULL."""

    def __init__(self, values: Values) -> None:
        _, offsets, data = values.buffers()
        starts = np.zeros(len(values) + 1, np.int32)
        if offsets is not None:
            starts = np.frombuffer(memoryview(offsets), np.int32)[values.offset : values.offset + len(values) + 1]
        self.starts: Ids = starts.astype(np.int64) - int(starts[0])
        self.data: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        if data is not None and len(values):
            self.data = np.frombuffer(memoryview(data), np.uint8)[int(starts[0]) : int(starts[-1])]

    def holding(self, text: bytes) -> Mask:
        """Which values contain a text (not empty)."""
        # Where its rarest byte stands the others are looked at.
        frequency = np.bincount(self.data[:_SAMPLE_BYTES], minlength=256)
        places = sorted(range(len(text)), key=lambda place: int(frequency[text[place]]))
        last = len(self.data) - len(text)
        at = np.flatnonzero(self.data[places[0] : last + 1 + places[0]] == text[places[0]]) if last >= 0 else _nowhere()
        for place in places[1:]:
            at = at[self.data[at + place] == text[place]]
        return self._of(at, len(text))

    def runs(self, least: int, chars: bytes) -> Mask:
        """Which values may have at least so many bytes in a row (16 or more) of some; all bytes where none is named."""
        if not chars:
            return np.diff(self.starts) >= least
        wanted = bytes(byte in chars for byte in range(256))
        whole = len(self.data) // _WORD * _WORD
        words = np.frombuffer(self.data[:whole].tobytes().translate(wanted), np.uint64) == _ALL_OF_A_WORD
        # However it lies, a run covers so many whole words next to each other.
        covered = (least - _WORD + 1) // _WORD
        joined = 1
        while joined < covered:
            step = min(joined, covered - joined)
            words = words[: max(len(words) - step, 0)] & words[step:]
            joined += step
        return self._of(np.flatnonzero(words) * _WORD, covered * _WORD)

    def _of(self, at: Ids, length: int) -> Mask:
        """The values in which so many bytes lie whole from these places on."""
        held = np.zeros(len(self.starts) - 1, np.bool_)
        value = np.searchsorted(self.starts, at, side="right") - 1
        held[value[at + length <= self.starts[value + 1]]] = True
        return held


def _nowhere() -> Ids:
    return np.zeros(0, np.int64)
