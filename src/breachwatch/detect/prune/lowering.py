"""Texts in lower case, those of several arrays one after another in a single one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from breachwatch.detect.prune.literals import Values

Lower = Callable[[Any], Any]
"""DuckDB's lower() over an array of texts."""

Offsets = npt.NDArray[np.int32]
Octets = npt.NDArray[np.uint8]

_SLICE_BYTES = 1 << 16
"""Lowered at a time, so that what is computed on the way stays in the processor's cache."""

_A, _LETTERS, _TO_LOWER = ord("A"), 26, ord("a") - ord("A")
_NOT_ASCII = 128


def octets(values: Values) -> tuple[Offsets, Octets]:
    """Where each text begins (and the last ends) in its bytes, from 0 on, and the bytes."""
    _, offsets, data = values.buffers()
    if offsets is None or not len(values):
        return np.zeros(len(values) + 1, np.int32), np.zeros(0, np.uint8)
    starts = np.frombuffer(memoryview(offsets), np.int32)[values.offset : values.offset + len(values) + 1]
    first, last = int(starts[0]), int(starts[-1])
    held = np.zeros(0, np.uint8) if data is None else np.frombuffer(memoryview(data), np.uint8)[first:last]
    return (starts if first == 0 else starts - starts[0]), held


def lowered(parts: Sequence[Values], lower: Lower) -> Values:
    """The texts of all parts, none of them NULL, in lower case: what `lower` gives, which plain ASCII is spared."""
    read = [octets(part) for part in parts]
    read = [
        (starts, data) if not len(data) or data.max() < _NOT_ASCII else octets(lower(part))
        for part, (starts, data) in zip(parts, read, strict=True)
    ]
    offsets = np.zeros(sum(map(len, parts)) + 1, np.int32)
    whole = np.empty(sum(len(data) for _, data in read), np.uint8)
    values = written = 0
    for starts, data in read:
        np.add(starts[1:], written, out=offsets[values + 1 : values + len(starts)])
        # What DuckDB has lowered has no such letters any more, and no byte of another character looks like one.
        for begin in range(0, len(data), _SLICE_BYTES):
            some = data[begin : begin + _SLICE_BYTES]
            upper = (some - np.uint8(_A)) < _LETTERS
            np.add(some, upper * np.uint8(_TO_LOWER), out=whole[written + begin : written + begin + len(some)])
        values += len(starts) - 1
        written += len(data)
    return pa.StringArray.from_buffers(values, pa.py_buffer(offsets.data), pa.py_buffer(whole.data))
