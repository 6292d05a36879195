"""Values that differ in nothing but digits are looked at once.

Most command lines are like no other only by a number: a process id, a handle, a port, a time. With every digit written
as 0 they are a fifth of the texts, or an eighth of the bytes. The lengths stay, so that whatever a value holds its
template holds in the same place, with 0 for digits; a text without digits is in both or in neither.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from breachwatch.detect.prune.distinct import Places
from breachwatch.detect.prune.lowering import octets

if TYPE_CHECKING:
    from breachwatch.detect.prune.literals import Ids, Mask, Values

_LEAST_BYTES = 1 << 18
_SAMPLE = 4096
_MOST = 0.7
"""The share of templates among some values up to which it is worth to make them."""

_SLICE_BYTES = 1 << 16
_ZERO, _DIGITS = ord("0"), 10
_ONE_DIGIT = str.maketrans("123456789", "0" * 9)


def template(text: str) -> str:
    """A text with every digit of ASCII written as 0."""
    return text.translate(_ONE_DIGIT)


def has_digits(text: str) -> bool:
    """Whether a text has a digit of ASCII, so that its template may be in another value than itself."""
    return any("0" <= char <= "9" for char in text)


class Templates:
    """The distinct templates of some values."""

    def __init__(self, texts: Values, codes: Ids) -> None:
        """`codes`: of each value the number of its template."""
        self.texts = texts
        self._codes = codes

    def values_of(self, templates: Ids) -> Ids:
        """The values that have one of these templates (each named once), in order."""
        return self._places.of(templates)

    def spread(self, held: Mask) -> Mask:
        """For each value what is said of its template."""
        return held.take(self._codes)

    @cached_property
    def _places(self) -> Places:
        return Places(self._codes, len(self.texts))


def templates_of(values: Values) -> Templates | None:
    """The templates of texts, none of them NULL; None where they would be few values or hardly fewer than these."""
    starts, _ = octets(values)
    if int(starts[-1]) < _LEAST_BYTES:
        return None
    sample = _without_digits(values.slice(0, _SAMPLE))
    if len(sample.unique()) > _MOST * len(sample):
        return None
    encoded = _without_digits(values).dictionary_encode()
    return Templates(encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False).astype(np.intp))


def _without_digits(values: Values) -> Values:
    starts, data = octets(values)
    masked = np.empty(len(data), np.uint8)
    for begin in range(0, len(data), _SLICE_BYTES):
        some = data[begin : begin + _SLICE_BYTES]
        over = some - np.uint8(_ZERO)
        np.subtract(some, over * (over < _DIGITS), out=masked[begin : begin + len(some)])
    offsets = np.ascontiguousarray(starts)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets.data), pa.py_buffer(masked.data))
