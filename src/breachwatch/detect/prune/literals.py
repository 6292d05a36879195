"""Many texts looked for in many values at once.

Values are searched in pieces of some megabytes by an Aho-Corasick automaton (Aho and Corasick, CACM 18(6), 1975) over
all texts together. A text that occurs in many values tells little and would drown the rest in hits: it is taken out of
the automaton as soon as it shows, and looked for by itself where somebody still asks: once in all values of a batch,
or in the few that are left to be asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ahocorasick_rs import BytesAhoCorasick, Implementation

from breachwatch.detect.prune.lowering import octets
from breachwatch.detect.prune.scanning import Bytes
from breachwatch.detect.prune.templates import Templates, has_digits, template, templates_of

Ids: TypeAlias = npt.NDArray[np.int64 | np.int32]  # numbers of values or events
Mask: TypeAlias = npt.NDArray[np.bool_]
Values: TypeAlias = "pa.Array[Any]"
"""Texts are Arrow's `string`, with 32-bit offsets."""

Place: TypeAlias = Literal["has", "starts", "ends"]
_PLACES: tuple[Place, ...] = ("has", "starts", "ends")
_STARTS, _ENDS = 1, 2
_HOLDS: dict[Place, Any] = {"has": pc.match_substring, "starts": pc.starts_with, "ends": pc.ends_with}
_FIRST_BYTES = 1 << 14
_GROWTH = 4
_PIECE_BYTES = 1 << 21
_COMMON_SHARE = 0.01
_COMMON_VALUES = 50
_FEW_SHARE = 8
"""Less than one of so many values are looked at one by one rather than all at once."""

_DFA_BYTES = 1 << 16
"""Bytes of patterns up to which the faster and larger form of automaton is built (some 100 to 250 bytes a byte)."""


@dataclass
class Found:
    """Which of the texts occur in which of some values.

    `hits` are the values of each text that is found; where these have templates, the templates in which it may be.
    """

    values: Values
    hits: dict[int, Ids]
    common: frozenset[int]
    texts: Sequence[tuple[str, Place]]
    templates: Templates | None = None
    _may: dict[int, Ids] = field(default_factory=dict)
    _exact: dict[int, Ids] = field(default_factory=dict)
    _held: dict[int, Mask] = field(default_factory=dict)
    _runs: dict[tuple[int, str], Mask] = field(default_factory=dict)

    def may(self, number: int) -> Ids:
        """The values that may hold a text that is found, in order; there are no others."""
        if self.templates is None:
            return self.hits[number]
        if number not in self._may:
            self._may[number] = self.templates.values_of(self.hits[number])
        return self._may[number]

    def ids(self, number: int) -> Ids:
        """The values that hold a text that is found, in order."""
        if self.templates is None or not has_digits(self.texts[number][0]):
            return self.may(number)
        if number not in self._exact:
            may = self.may(number)
            few = len(may) * _FEW_SHARE <= len(self.values)
            self._exact[number] = may[self.holding_among(number, may)] if few else np.flatnonzero(self.holding(number))
        return self._exact[number]

    @cached_property
    def bytes(self) -> Bytes:
        """The values' bytes."""
        return Bytes(self.values)

    @cached_property
    def _bytes_of_templates(self) -> Bytes | None:
        return None if self.templates is None else Bytes(self.templates.texts)

    def is_known(self, number: int) -> bool:
        """Whether it need not be looked for."""
        return number not in self.common or number in self._held

    def holding(self, number: int) -> Mask:
        """Which of the values hold a common text where it belongs."""
        if number not in self._held:
            text, place = self.texts[number]
            templates = None if has_digits(text) else self.templates
            if place != "has":
                held = _placed(self.values if templates is None else templates.texts, text, place)
            else:
                within = self.bytes if templates is None else self._bytes_of_templates
                held = (within or self.bytes).holding(text.encode())
            self._held[number] = held if templates is None else templates.spread(held)
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
        self._numbers: Ids = np.zeros(0, np.int64)
        self._automata: dict[bool, BytesAhoCorasick | None] = {}

    def find(self, values: Values) -> Found:
        """Look for all texts in some values, none of them NULL."""
        templates = templates_of(values)
        hits = self._search(values if templates is None else templates.texts, digits=templates is None)
        return Found(values, hits, frozenset(self._common), self.texts, templates)

    def _search(self, values: Values, *, digits: bool) -> dict[int, Ids]:
        """The values that hold each text, but for common ones; without `digits` every one of a text is a 0."""
        numbers, hits = [], []
        for begin, end, starts, data in _pieces(values, _PIECE_BYTES if self._common else _FIRST_BYTES):
            automaton = self._automaton(digits=digits)
            found = [] if automaton is None else automaton.find_matches_as_indexes(data, overlapping=True)
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
        return _by_text(numbers, hits, self._common)

    def _drop_common(self, hit: Ids, values: int) -> None:
        """Of all hits, also those where a text does not stand where it must: each costs as much."""
        counts = np.bincount(hit, minlength=len(self.texts))
        common = np.flatnonzero(counts > max(_COMMON_VALUES, _COMMON_SHARE * values))
        if len(common):
            self._common.update(common.tolist())
            self._automata.clear()

    def _automaton(self, *, digits: bool) -> BytesAhoCorasick | None:
        """Of all texts that are not common, or of their templates."""
        if digits not in self._automata:
            kept = [number for number in range(len(self.texts)) if number not in self._common]
            self._numbers = np.array(kept, np.int64)
            named = (self.texts[number][0] for number in kept)
            patterns = [(text if digits else template(text)).encode() for text in named]
            small = sum(map(len, patterns)) <= _DFA_BYTES
            form = Implementation.DFA if small else Implementation.ContiguousNFA
            self._automata[digits] = BytesAhoCorasick(patterns, implementation=form) if patterns else None
        return self._automata[digits]


def _pieces(values: Values, most: int) -> Iterator[tuple[int, int, Ids, memoryview]]:
    """Neighbouring values with their bytes: first, end, where each begins (and the last ends), and the bytes."""
    starts, data = octets(values)
    where, bytes_ = starts.astype(np.int64), data.data
    begin = 0
    while begin < len(values):
        end = max(begin + 1, int(np.searchsorted(where, where[begin] + most, side="right")) - 1)
        yield begin, end, where[begin : end + 1] - where[begin], bytes_[where[begin] : where[end]]
        begin, most = end, min(most * _GROWTH, _PIECE_BYTES)


def _by_text(numbers: Sequence[Ids], hits: Sequence[Ids], common: Collection[int]) -> dict[int, Ids]:
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
