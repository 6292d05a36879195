"""A column of a batch as its distinct values and, for each event, the number of its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from breachwatch.detect.prune.literals import Ids, Values

_SAMPLE = 4096
_MOSTLY_DISTINCT = 0.9


def distinct(column: Any) -> tuple[Ids | None, list[Values]]:
    """Codes (the number of values for NULL) and values; where nearly every value is another one, the values themselves.

    The values come in arrays that stand one after another: of a column that is a dictionary already, each chunk with
    its own, they stand once a chunk. To look for something in a value twice costs less than to find out that it is the
    same.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if pa.types.is_dictionary(column.type):
        return _one_after_another(chunks)
    sample = column.slice(0, _SAMPLE)
    if not column.null_count and len(column) > _SAMPLE and len(sample.unique()) > _MOSTLY_DISTINCT * len(sample):
        return None, chunks
    whole = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
    return _one_after_another([whole.dictionary_encode()])


def taken(column: Any, events: Ids) -> Values:
    """The values of some events; of a dictionary in chunks much sooner than Arrow's `take`, which joins the chunks."""
    if not pa.types.is_dictionary(column.type):
        chosen = column.take(pa.array(events, pa.int64()))
        return pa.concat_arrays(chosen.chunks) if isinstance(chosen, pa.ChunkedArray) else chosen
    starts = np.cumsum([0, *map(len, column.chunks)])
    order = np.argsort(events, kind="stable")
    ordered = events[order]
    bounds = np.searchsorted(ordered, starts)
    parts = [
        chunk.take(pa.array(ordered[a:b] - start, pa.int64())).dictionary_decode()
        for chunk, start, a, b in zip(column.chunks, starts[:-1], bounds[:-1], bounds[1:], strict=True)
        if a < b
    ]
    found: Values = pa.concat_arrays(parts) if parts else pa.array([], column.type.value_type)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    back: Values = found.take(pa.array(place, pa.int64()))
    return back


def _one_after_another(chunks: Sequence[Any]) -> tuple[Ids, list[Values]]:
    dictionaries = [chunk.dictionary for chunk in chunks]
    count = sum(map(len, dictionaries))
    codes = np.empty(sum(map(len, chunks)), np.intp)
    first, at = 0, 0
    for chunk, dictionary in zip(chunks, dictionaries, strict=True):
        mine = codes[at : at + len(chunk)]
        indices = chunk.indices
        if indices.null_count:
            indices = indices.fill_null(count - first)
        np.add(indices.to_numpy(zero_copy_only=False), first, out=mine, casting="unsafe")
        first += len(dictionary)
        at += len(chunk)
    return codes, dictionaries


class Places:
    """At which events each value of a column is."""

    def __init__(self, codes: Ids | None, values: int) -> None:
        """`codes` are None where each event has a value of its own."""
        self._codes = codes
        self._values = values
        self._counts: Ids | None = None
        self._order: Ids | None = None
        self._starts: Ids | None = None

    @property
    def codes(self) -> Ids | None:
        """Of each event the number of its value, that of values for NULL."""
        return self._codes

    def count(self, values: Ids) -> int:
        """How many events have one of these values."""
        if self._codes is None:
            return len(values)
        if self._counts is None:
            self._counts = np.bincount(self._codes, minlength=self._values + 1)
        return int(self._counts[values].sum())

    def of(self, values: Ids) -> Ids:
        """The events that have one of these values (each named once), in order."""
        if self._codes is None:
            return np.sort(values)
        if self._order is None or self._starts is None:
            few = self._values < np.iinfo(np.uint16).max  # numbers as small as that are sorted much faster
            codes = self._codes.astype(np.uint16) if few else self._codes
            self._order = np.argsort(codes, kind="stable")
            self._starts = np.searchsorted(codes[self._order], np.arange(self._values + 1))
        starts, ends = self._starts[values], self._starts[values + 1]
        if len(values) == 1:
            return self._order[starts[0] : ends[0]]
        return np.sort(np.concatenate([self._order[a:b] for a, b in zip(starts, ends, strict=True)]))
