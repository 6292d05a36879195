"""One expression of a batch of events, reduced to its distinct values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.detect.prune.bounds import Kind
from breachwatch.detect.prune.distinct import Places, distinct
from breachwatch.detect.prune.literals import Found, Ids, Mask, Place, Texts, Values
from breachwatch.detect.prune.lowering import Lower, lowered

_PLACES: dict[Kind, Place] = {"has": "has", "starts": "starts", "ends": "ends"}
_FEW_SHARE = 8
"""In less than one of so many values, or events, they are looked at one by one rather than all at once."""


def is_part(kind: Kind) -> bool:
    """Whether a leaf of this kind seeks parts of texts."""
    return kind in _PLACES


class Sought:
    """What all rules look for in one expression; made once a run, used for every batch."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.numbers: dict[tuple[Kind, str | int], int] = {}
        self._texts: list[tuple[str, Place]] = []
        self._same: list[str] = []
        self._whole: list[int] = []
        self._runs: list[tuple[int, str]] = []
        self._placed: Texts | None = None

    def number(self, kind: Kind, value: str | int) -> int:
        """The number under which a value (a text in lower case) is looked for, unique among those sought alike."""
        key = kind, value
        if key not in self.numbers:
            if isinstance(value, int):
                self.numbers[key] = len(self._whole)
                self._whole.append(value)
            elif is_part(kind):
                self.numbers[key] = len(self._texts)
                self._texts.append((value, _PLACES[kind]))
            else:
                self.numbers[key] = len(self._same)
                self._same.append(value)
        return self.numbers[key]

    def run(self, least: int, chars: str) -> int:
        """The number of a run that is looked for."""
        key: tuple[Kind, str] = "run", f"{least} {chars}"
        if key not in self.numbers:
            self.numbers[key] = len(self._runs)
            self._runs.append((least, chars))
        return self.numbers[key]

    def length(self, part: bool, number: int) -> int:
        """How long the text with this number is; 0 for a number."""
        return 0 if self._whole else len(self._texts[number][0] if part else self._same[number])

    def encoded(self, column: Any, lower: Lower) -> Encoded:
        """The expression's values in a batch (an array, in chunks or whole), searched."""
        if self._placed is None:
            self._placed = Texts(self._texts)
        nulls = pc.is_null(column).to_numpy(zero_copy_only=False) if column.null_count else None
        if not self.numbers:
            return Encoded(Places(None, 0), 0, {}, None, nulls, ())
        codes, parts = distinct(column)
        if self._whole:
            values = pa.concat_arrays(parts)
            places = Places(codes, len(values))
            return Encoded(places, len(values), _equal(values, self._whole), None, nulls, ())
        values = lowered(parts, lower)
        places = Places(codes, len(values))
        return Encoded(places, len(values), _equal(values, self._same), self._placed.find(values), nulls, self._runs)


class Encoded:
    """The distinct values of one expression in a batch, and which of what is sought they hold."""

    def __init__(
        self,
        places: Places,
        values: int,
        equal: dict[int, Ids],
        found: Found | None,
        nulls: Mask | None,
        runs: Sequence[tuple[int, str]],
    ) -> None:
        self._places = places
        self._values = values
        self._equal = equal
        self._found = found
        self._nulls = nulls  # None: no event has NULL
        self._runs = runs
        self._held: dict[tuple[Kind, tuple[int, ...]], Ids | None] = {}

    def found(self) -> Iterator[tuple[bool, int]]:
        """What of all that is sought may be in the batch: whether as a part of a text, and its number."""
        if self._found is not None:
            yield from ((True, number) for number in (*self._found.hits, *self._found.common))
        yield from ((False, number) for number in self._equal)

    def possible(self, kind: Kind, numbers: Iterable[int]) -> bool:
        """False where no value of the batch holds one of these."""
        if kind == "null":
            return self._nulls is not None
        if kind == "run":
            return True
        if not is_part(kind):
            return any(number in self._equal for number in numbers)
        found = self._found
        return found is not None and any(number in found.hits or number in found.common for number in numbers)

    def cost(self, kind: Kind, numbers: Iterable[int]) -> int:
        """Values to look at for those of the texts that occur in many."""
        if kind not in _PLACES or self._found is None:
            return self._values if kind == "run" else 0
        return self._values * sum(not self._found.is_known(number) for number in numbers)

    def share(self, kind: Kind, numbers: Iterable[int], events: int) -> float:
        """About how many of the events have one of these, between 0 and 1."""
        if kind in ("null", "run") or not self._values:
            return 1.0
        found = self._found
        if kind in _PLACES and found is not None:
            known = [found.may(number) for number in numbers if number in found.hits]
        else:
            known = [self._equal[number] for number in numbers if number in self._equal]
        return min(sum(map(self._places.count, known)) / events, 1.0)

    def holds(self, kind: Kind, numbers: tuple[int, ...], among: Ids | None) -> Ids | None:
        """Of these events (None: of all), in order, those with a value that holds one of `numbers`; None: all of them.

        What is asked about all events is remembered: rules are much alike.
        """
        if kind == "null":
            if self._nulls is None:
                return _nobody()
            return np.flatnonzero(self._nulls) if among is None else among[self._nulls[among]]
        if among is not None:
            return self._of_some(kind, numbers, among)
        key = kind, numbers
        if key not in self._held:
            self._held[key] = self._of_all(kind, numbers)
        return self._held[key]

    def groups(self) -> tuple[Ids, int] | None:
        """Of each event the number of its value (NULL is one), and how many there are; None: each has its own."""
        codes = self._places.codes
        return None if codes is None else (codes, self._values + 1)

    def _of_all(self, kind: Kind, numbers: Sequence[int]) -> Ids | None:
        codes = self._places.codes
        rare = self._rare(kind, numbers)
        if rare is not None and (codes is None or self._places.count(rare) * _FEW_SHARE <= len(codes)):
            return self._places.of(rare) if len(rare) else _nobody()
        mask = self._mask(kind, numbers, None)
        if self._nulls is None and mask[:-1].all():
            return None
        return np.flatnonzero(mask[:-1] if codes is None else mask.take(codes))

    def _of_some(self, kind: Kind, numbers: Sequence[int], among: Ids) -> Ids:
        codes = self._places.codes
        mask = self._mask(kind, numbers, among)
        return among[mask[among if codes is None else codes[among]]]

    def _rare(self, kind: Kind, numbers: Iterable[int]) -> Ids | None:
        """The values that hold one of these; None where that is not known of them."""
        if kind in _PLACES:
            found = self._found
            if found is None or any(number in found.common for number in numbers):
                return None
            parts = [found.ids(number) for number in numbers if number in found.hits]
        elif kind == "run":
            return None
        else:
            parts = [self._equal[number] for number in numbers if number in self._equal]
        if len(parts) == 1:
            return parts[0]
        return np.unique(np.concatenate(parts)) if parts else _nobody()

    def _mask(self, kind: Kind, numbers: Iterable[int], among: Ids | None) -> Mask:
        """Which values (the last stands for NULL) hold one of these, as far as events `among` have them."""
        mask = np.zeros(self._values + 1, np.bool_)
        if kind == "run":
            self._mark_runs(mask[:-1], numbers, among)
        elif kind in _PLACES:
            self._mark_texts(mask[:-1], numbers, among)
        else:
            for number in numbers:
                if number in self._equal:
                    mask[self._equal[number]] = True
        return mask

    def _mark_runs(self, mask: Mask, numbers: Iterable[int], among: Ids | None) -> None:
        found = self._found
        if found is None:
            return
        few = self._few(mask, among)
        for number in numbers:
            if few is None:
                mask |= found.runs(*self._runs[number])
            else:
                mask[few] |= found.runs_among(*self._runs[number], few)

    def _mark_texts(self, mask: Mask, numbers: Iterable[int], among: Ids | None) -> None:
        found = self._found
        if found is None:
            return
        common = []
        for number in numbers:
            if number in found.hits:
                mask[found.ids(number)] = True
            elif number in found.common:
                common.append(number)
        few = self._few(mask, among) if any(not found.is_known(number) for number in common) else None
        for number in common:
            if few is None:
                mask |= found.holding(number)
            else:
                mask[few] |= found.holding_among(number, few)

    def _few(self, mask: Mask, among: Ids | None) -> Ids | None:
        """The values that events `among` have and that are not yet in the mask; None where they are not few."""
        if among is None or len(among) * _FEW_SHARE > self._values:
            return None
        codes = self._places.codes
        wanted = np.zeros(self._values + 1, np.bool_)
        wanted[among if codes is None else codes[among]] = True
        return np.flatnonzero(wanted[:-1] & ~mask)


def _nobody() -> Ids:
    return np.zeros(0, np.intp)


def _equal(values: Values, sought: Sequence[str] | Sequence[int]) -> dict[int, Ids]:
    if not sought:
        return {}
    where = pc.index_in(values, value_set=pa.array(sought, values.type), skip_nulls=True)
    hits = np.flatnonzero(where.is_valid().to_numpy(zero_copy_only=False))
    numbers = where.take(pa.array(hits, pa.int64())).to_numpy(zero_copy_only=False)
    return {int(number): hits[numbers == number] for number in np.unique(numbers)}
