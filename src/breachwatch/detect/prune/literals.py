"""Many texts looked for in many values at once.

Values are searched in pieces of some megabytes by an Aho-Corasick automaton (Aho and Corasick, CACM 18(6), 1975) over
all texts together. A text that occurs in many values tells little and would drown the rest in hits: it is taken out of
the automaton as soon as it shows, and looked for by itself where somebody still asks: once in all values of a batch,
or in the few that are left to be asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ahocorasick_rs import BytesAhoCorasick, Implementation

from breachwatch.detect.prune.lowering import octets
from breachwatch.detect.prune.scanning import Bytes

Ids: TypeAlias = npt.NDArray[np.int64 | np.int32]  # numbers of values or events
Mask: TypeAlias = npt.NDArray[np.bool_]
Values: TypeAlias = "pa.Array[Any]"
"""Texts are Arrow's `string`, with 32-bit offsets."""

Place: TypeAlias = Literal["has", "starts", "ends"]
_PLACES: tuple[Place, ...] = ("has", "starts", "ends")
_STARTS, _ENDS = 1, 2
_HOLDS: dict[Place, Any] = {"has": pc.match_substring, "starts": pc.starts_with, "ends": pc.ends_with}
_FIRST_BYTES = 1 << 18
_PIECE_BYTES = 1 << 21
_COMMON_SHARE = 0.01
_COMMON_VALUES = 50
_DFA_BYTES = 1 << 16
"""Bytes of patterns up to which the faster and larger form of automaton is built (some 100 to 250 bytes a byte)."""


@dataclass
class Found:
    """Which of the texts occur in which of some values."""

    values: Values
    ids: dict[int, Ids]
    common: frozenset[int]
    texts: Sequence[tuple[str, Place]]
    _bytes: Bytes | None = None
    _held: dict[int, Mask] = field(default_factory=dict)
    _runs: dict[tuple[int, str], Mask] = field(default_factory=dict)

    @property
    def bytes(self) -> Bytes:
        """The values' bytes."""
        if self._bytes is None:
            self._bytes = Bytes(self.values)
        return self._bytes

    def is_known(self, number: int) -> bool:
        """Whether it need not be looked for."""
        return number not in self.common or number in self._held

    def holding(self, number: int) -> Mask:
        """Which of the values hold a common text where it belongs."""
        if number not in self._held:
            text, place = self.texts[number]
            whole = place == "has"
            self._held[number] = self.bytes.holding(text.encode()) if whole else _placed(self.values, text, place)
        return self._held[number]

    def holding_among(self, number: int, among: Ids) -> Mask:
        """Which of the values with these numbers, few of them, hold a common text where it belongs."""
        if number in self._held:
            return self._held[number][among]
        return _placed(self.values.take(pa.array(among, pa.int64())), *self.texts[number])

    def runs(self, least: int, chars: str) -> Mask:
        """Which of the values may have a run, see `Bytes.runs`."""
        if (least, chars) not in self._runs:
            self._runs[least, chars] = self.bytes.runs(least, chars.encode())
        return self._runs[least, chars]

    def runs_among(self, least: int, chars: str, among: Ids) -> Mask:
        """Which of the values with these numbers, few of them, may have a run."""
        if (least, chars) in self._runs:
            return self._runs[least, chars][among]
        return Bytes(self.values.take(pa.array(among, pa.int64()))).runs(least, chars.encode())


def _placed(values: Values, text: str, place: Place) -> Mask:
    held: Mask = _HOLDS[place](values, text).to_numpy(zero_copy_only=False).astype(np.bool_)
    return held


class Texts:
    """Texts (not empty) in lower case by number, each with where it must stand; values are in lower case too."""

    def __init__(self, texts: Sequence[tuple[str, Place]]) -> None:
        self.texts = texts
        self._places = np.array([_PLACES.index(place) for _, place in texts], np.int8)
        self._common: set[int] = set()
        self._build()

    def find(self, values: Values) -> Found:
        """Look for all texts in some values, none of them NULL."""
        numbers, hits = [], []
        for begin, end, starts, data in _pieces(values):
            found = [] if self._automaton is None else self._automaton.find_matches_as_indexes(data, overlapping=True)
            if found:
                flat = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
                value = np.searchsorted(starts, flat[:, 1], side="right") - 1
                end_of = starts[value + 1]
                inside = flat[:, 2] <= end_of  # not across the border of two values
                number = self._numbers[flat[:, 0]]
                place = self._places[number]
                inside &= (place != _STARTS) | (flat[:, 1] == starts[value])
                inside &= (place != _ENDS) | (flat[:, 2] == end_of)
                pairs = np.unique(number[inside] * (end - begin) + value[inside])
                text, value = np.divmod(pairs, end - begin)
                numbers.append(text)
                hits.append(value + begin)
                self._drop_common(number, end - begin)
        common = frozenset(self._common)
        return Found(values, _by_text(numbers, hits, common), common, self.texts)

    def _drop_common(self, hit: Ids, values: int) -> None:
        """Of all hits, also those where a text does not stand where it must: each costs as much."""
        counts = np.bincount(hit, minlength=len(self.texts))
        common = np.flatnonzero(counts > max(_COMMON_VALUES, _COMMON_SHARE * values))
        if len(common):
            self._common.update(common.tolist())
            self._build()

    def _build(self) -> None:
        kept = [number for number in range(len(self.texts)) if number not in self._common]
        patterns = [self.texts[number][0].encode() for number in kept]
        self._numbers = np.array(kept, np.int64)
        small = sum(map(len, patterns)) <= _DFA_BYTES
        form = Implementation.DFA if small else Implementation.ContiguousNFA
        self._automaton = BytesAhoCorasick(patterns, implementation=form) if patterns else None


def _pieces(values: Values) -> Iterator[tuple[int, int, Ids, memoryview]]:
    """Neighbouring values with their bytes: first, end, where each begins (and the last ends), and the bytes."""
    starts, data = octets(values)
    where, bytes_ = starts.astype(np.int64), data.data
    begin, most = 0, _FIRST_BYTES
    while begin < len(values):
        end = max(begin + 1, int(np.searchsorted(where, where[begin] + most, side="right")) - 1)
        yield begin, end, where[begin : end + 1] - where[begin], bytes_[where[begin] : where[end]]
        begin, most = end, _PIECE_BYTES


def _by_text(numbers: Sequence[Ids], hits: Sequence[Ids], common: frozenset[int]) -> dict[int, Ids]:
    if not numbers:
        return {}
    text, value = np.concatenate(numbers), np.concatenate(hits)
    if not len(text):  # hits, but none where it must stand
        return {}
    order = np.argsort(text, kind="stable")
    text, value = text[order], value[order]
    names, first = np.unique(text, return_index=True)
    parts = np.split(value, first[1:])
    return {int(name): part for name, part in zip(names, parts, strict=True) if int(name) not in common}
