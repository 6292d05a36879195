"""One pass over new events: which of many searches may match anything, and on which events.

Events come in batches, so that memory does not grow with them. For each search it turns out how much of the events it
has to be run on; the events themselves are handed out as they go by, those that few-matching searches want apart from
those of searches that match more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol, TypeAlias

import numpy as np
import pyarrow as pa

from breachwatch.detect import garbage
from breachwatch.detect.prune.columns import Encoded, Sought
from breachwatch.detect.prune.literals import Mask, Values
from breachwatch.detect.prune.lowering import Lower
from breachwatch.detect.prune.rows import Batch, Plan, Witness, candidates, expressions, witnesses

_Searched: TypeAlias = "dict[str, Future[Encoded]]"
_THREADS = 2
BATCH_ROWS = 122_880
"""So many events, about, a batch should have (but for the last): each has its price for every rule."""

_FEW_ROWS = 256
_SOME_ROWS = 12_288
"""Of a batch: what is asked about no more than a tenth of the events is copied for it, and these events alone."""


class Reach(IntEnum):
    """How many events a search has to be run on: each a part of the next."""

    NONE = 0
    FEW = 1
    SOME = 2
    ALL = 3


class Asks(Protocol):
    """What is asked about a batch beyond its columns, and where candidates go."""

    def keys(self, batch: pa.Table) -> frozenset[str]:
        """The keys of the batch's JSON column."""

    def compute(self, batch: pa.Table, expressions: Sequence[str]) -> list[Values]:
        """The values of SQL expressions over the batch."""

    def holds(self, events: pa.Table, expression: str) -> Mask | None:
        """Of which events an SQL condition is true; None where that cannot be told."""

    def keep(self, reach: Reach, events: pa.Table) -> None:
        """Put events aside: those of FEW, and those of SOME that are not among them. Columns without a value lack."""


@dataclass
class Sifted:
    """What the pass found: for each search its reach, by its place; columns with a value; keys of the JSON column."""

    reach: list[Reach]
    filled: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


class Sieve:
    """The bounds of all searches of one table, ready to be used on batches of its events."""

    def __init__(
        self,
        plans: Sequence[Plan | None],
        sought: Mapping[str, Sought],
        members: Mapping[str, frozenset[str]],
        empty: Iterable[str] = (),
    ) -> None:
        """`plans` are None for searches without a bound.

        `members` names, of expressions over the JSON column, the keys of which an event must have one; `empty` columns
        that no event has, and no batch.
        """
        self.plans = plans
        self.sought = sought
        self.members = members
        self.empty = frozenset(empty)
        self._used = sorted(expressions([item for item in plans if item is not None]))
        # By what must be found for a search to have candidates, so that most searches cost nothing in most batches.
        self._by_witness: dict[Witness, list[int]] = {}
        self._always: list[int] = []
        for number, asked in enumerate(plans):
            needed = None if asked is None else witnesses(asked, sought)
            for witness in needed or ():
                self._by_witness.setdefault(witness, []).append(number)
            if asked is not None and needed is None:
                self._always.append(number)

    def sift(self, batches: Iterable[pa.Table], asks: Asks, lower: Lower) -> Sifted:
        """Pass all batches. Their columns are named by their SQL."""
        found = Sifted([Reach.NONE if item is not None else Reach.ALL for item in self.plans])
        waiting: tuple[pa.Table, _Searched] | None = None
        # Hits come as millions of tuples, and no two of them hold each other.
        with garbage.not_sought(), _memory_reused(), ThreadPoolExecutor(_THREADS) as pool:
            # While the rules are asked about one batch the next one is searched; never two at once, for what searches
            # an expression learns from each batch which texts are common.
            for batch in batches:
                if waiting is not None:
                    wait(waiting[1].values())
                searched = self._searched(batch, asks, lower, found, pool)
                if waiting is not None:
                    self._batch(*waiting, found, asks)
                waiting = batch, searched
            if waiting is not None:
                self._batch(*waiting, found, asks)
        return found

    def _searched(
        self, batch: pa.Table, asks: Asks, lower: Lower, found: Sifted, pool: ThreadPoolExecutor
    ) -> _Searched:
        columns: dict[str, Any] = {name: batch[name] for name in batch.column_names}
        found.filled |= {name for name, column in columns.items() if column.null_count < len(column)}
        computed = [name for name in self._used if name not in columns and name not in self.empty]
        keys = asks.keys(batch)
        found.keys |= keys
        computed = [name for name in computed if name not in self.members or self.members[name] & keys]
        if computed:
            columns |= dict(zip(computed, asks.compute(batch, computed), strict=True))
        held = {name: columns[name] for name in self._used if name in columns}
        held = {name: column for name, column in held.items() if column.null_count < len(column)}
        largest_first = sorted(held, key=lambda name: held[name].nbytes, reverse=True)
        return {name: pool.submit(self.sought[name].encoded, held[name], lower) for name in largest_first}

    def _batch(self, events: pa.Table, searched: _Searched, found: Sifted, asks: Asks) -> None:
        size = events.num_rows
        encoded: dict[str, Encoded | None] = dict.fromkeys(self._used)
        encoded |= {name: done.result() for name, done in searched.items()}
        batch = Batch(events, encoded, asks)
        few, some = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        for number in sorted(self._asked(encoded)):
            asked = self.plans[number]
            if asked is None or found.reach[number] is Reach.ALL:
                continue
            rows = candidates(asked, batch)
            if rows is None:
                continue
            reach = _reach(len(rows))
            found.reach[number] = max(found.reach[number], reach)
            if reach is Reach.FEW:
                few[rows] = True
            elif reach is Reach.SOME:
                some[rows] = True
        some &= ~few
        if not few.any() and not some.any():
            return
        filled = events.select([name for name in events.column_names if events[name].null_count < size])
        for reach, mask in ((Reach.FEW, few), (Reach.SOME, some)):
            if mask.any():
                asks.keep(reach, filled.filter(pa.array(mask)))

    def _asked(self, encoded: Mapping[str, Encoded | None]) -> set[int]:
        """The searches that may have candidates, by what was found."""
        numbers = set(self._always)
        for name, column in encoded.items():
            for part, number in () if column is None else column.found():
                numbers.update(self._by_witness.get((name, part, number), ()))
        return numbers


@contextmanager
def _memory_reused() -> Iterator[None]:
    """Arrow's memory comes from jemalloc meanwhile, where this Arrow has it.

    It hands out again what a batch before has freed. By default (mimalloc) the kernel clears new pages for most of what
    is read, which takes as long as to read it.
    """
    before = pa.default_memory_pool()
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _reach(count: int) -> Reach:
    # Whatever the batch has: of a small last one all may be few.
    if count <= _FEW_ROWS:
        return Reach.FEW
    return Reach.SOME if count <= _SOME_ROWS else Reach.ALL
