"""One expression of a batch of events, reduced to its distinct values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.detect.prune.bounds import Kind
from breachwatch.detect.prune.literals import Found, Ids, Mask, Place, Texts, Values

Lower = Callable[[Values], Values]
"""DuckDB's lower() over an array of texts."""

_PLACES: dict[Kind, Place] = {"has": "has", "starts": "starts", "ends": "ends"}
_SAMPLE = 4096
_MOSTLY_DISTINCT = 0.9


class Sought:
    """What all rules look for in one expression; made once a run, used for every batch."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.numbers: dict[tuple[Kind, str | int], int] = {}
        self._texts: list[tuple[str, Place]] = []
        self._same: list[str] = []
        self._whole: list[int] = []
        self._placed: Texts | None = None

    def number(self, kind: Kind, value: str | int) -> int:
        """The number under which a value (a text in lower case) is looked for, unique among those sought alike."""
        key = kind, value
        if key not in self.numbers:
            if isinstance(value, int):
                self.numbers[key] = len(self._whole)
                self._whole.append(value)
            elif kind in _PLACES:
                self.numbers[key] = len(self._texts)
                self._texts.append((value, _PLACES[kind]))
            else:
                self.numbers[key] = len(self._same)
                self._same.append(value)
        return self.numbers[key]

    def encoded(self, column: Values, lower: Lower) -> Encoded:
        """The expression's values in a batch, searched."""
        if self._placed is None:
            self._placed = Texts(self._texts)
        nulls = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        if not self.numbers:
            return Encoded(None, 0, {}, None, nulls)
        codes, values = _distinct(column)
        if self._whole:
            return Encoded(codes, len(values), _equal(values, self._whole), None, nulls)
        values = lower(values)
        return Encoded(codes, len(values), _equal(values, self._same), self._placed.find(values), nulls)


class Encoded:
    """The distinct values of one expression in a batch, and which of what is sought they hold."""

    def __init__(
        self, codes: Ids | None, values: int, equal: dict[int, Ids], found: Found | None, nulls: Mask | None
    ) -> None:
        self._codes = codes  # of each event the number of its value, `values` for NULL; None: each has its own
        self._values = values
        self._equal = equal
        self._found = found
        self._nulls = nulls  # None: no event has NULL

    def possible(self, kind: Kind, numbers: Iterable[int]) -> bool:
        """False where no value of the batch holds one of these."""
        if kind == "null":
            return self._nulls is not None
        if kind not in _PLACES:
            return any(number in self._equal for number in numbers)
        found = self._found
        return found is not None and any(number in found.ids or number in found.common for number in numbers)

    def cost(self, kind: Kind, numbers: Iterable[int]) -> int:
        """Values to look at for those of the texts that occur in many."""
        if kind not in _PLACES or self._found is None:
            return 0
        return self._values * sum(number in self._found.common for number in numbers)

    def holds(self, kind: Kind, numbers: Sequence[int], among: Ids | None) -> Mask | None:
        """Of these events (None: of all), which have a value that holds one of `numbers`; None: all of them."""
        if kind == "null":
            return self._nulls if self._nulls is None or among is None else self._nulls[among]
        mask = np.zeros(self._values + 1, np.bool_)
        known = self._found.ids if kind in _PLACES and self._found is not None else self._equal
        common = []
        for number in numbers:
            if number in known:
                mask[known[number]] = True
            elif kind in _PLACES and self._found is not None and number in self._found.common:
                common.append(number)
        if common and self._found is not None:
            open_ = self._open(mask, among)
            for number in common:
                held = self._found.holding(number, open_)
                mask[open_[held]] = True
                open_ = open_[~held]
        if self._codes is None:
            return mask[:-1] if among is None else mask[:-1][among]
        if self._nulls is None and mask[:-1].all():
            return None
        return mask.take(self._codes if among is None else self._codes.take(among))

    def _open(self, mask: Mask, among: Ids | None) -> Ids:
        """The values that events `among` have and that are not yet in the mask."""
        if among is None:
            wanted = np.ones(self._values, np.bool_)
        else:
            wanted = np.zeros(self._values + 1, np.bool_)
            wanted[among if self._codes is None else self._codes[among]] = True
            wanted = wanted[:-1]
        return np.flatnonzero(wanted & ~mask[:-1])


def _distinct(column: Values) -> tuple[Ids | None, Values]:
    """Codes and distinct values; where nearly every value is another one, the values themselves."""
    sample = column.slice(0, _SAMPLE)
    if not column.null_count and len(column) > _SAMPLE and len(sample.unique()) > _MOSTLY_DISTINCT * len(sample):
        return None, column
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return codes, encoded.dictionary


def _equal(values: Values, sought: Sequence[str] | Sequence[int]) -> dict[int, Ids]:
    if not sought:
        return {}
    where = pc.index_in(values, value_set=pa.array(sought, values.type), skip_nulls=True)
    hits = np.flatnonzero(where.is_valid().to_numpy(zero_copy_only=False))
    numbers = where.take(pa.array(hits, pa.int64())).to_numpy(zero_copy_only=False)
    return {int(number): hits[numbers == number] for number in np.unique(numbers)}
