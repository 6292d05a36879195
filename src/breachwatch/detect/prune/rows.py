"""The events of a batch that satisfy a bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa

from breachwatch.detect.prune.bounds import Bound, Every, Kind, Leaf
from breachwatch.detect.prune.columns import Encoded, Sought, is_part
from breachwatch.detect.prune.distinct import taken
from breachwatch.detect.prune.literals import Ids, Mask

_FEW = 256
"""With so few candidates left the query decides quicker than a further look at texts that are in many values."""

_SPARSE = 16
"""Fewer than one event of so many are put together by their numbers, more by marking them."""

_MOST_GROUPS = 1 << 20
"""So many combinations of values, whether an event has them or not, are marked to find those that one has."""

_MOST_COST = 1 << 40
_MOST_ASKED = 0.9


@dataclass(frozen=True, slots=True)
class Seek:
    """A leaf with the numbers of what it seeks."""

    kind: Kind
    expression: str
    numbers: tuple[int, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Test:
    """A part of the rule's SQL over some columns."""

    expression: str
    columns: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class All:
    """All parts must hold."""

    parts: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is taken
    """One part must hold."""

    parts: tuple[Plan, ...]


Plan: TypeAlias = Seek | Test | All | Any_


class Tests(Protocol):
    """Whoever can tell what SQL says about events."""

    def holds(self, events: pa.Table, expression: str) -> Mask | None:
        """Of which events an SQL condition is true; None where that cannot be told."""


@dataclass(frozen=True)
class Batch:
    """Some events; of their expressions None where no event has a value."""

    events: pa.Table
    encoded: Mapping[str, Encoded | None]
    tests: Tests
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.events.num_rows)

    def tested(self, test: Test, among: Ids | None) -> Mask | None:
        """Of which events `among` (None: of all) a test is true; None where that cannot be told.

        Events with the same values in all its columns are asked about once.
        """
        events = np.arange(self.size) if among is None else among
        groups = self._groups(test.columns, events)
        if groups is not None:
            mine, count = groups
            one_of = np.full(count, -1, np.int64)
            one_of[mine] = events
            asked = np.flatnonzero(one_of >= 0)
            if len(asked) <= _MOST_ASKED * len(events):
                told = self.tests.holds(self._some(test.columns, one_of[asked]), test.expression)
                if told is None:
                    return None
                held = np.zeros(count, np.bool_)
                held[asked] = told
                return held[mine]
        return self.tests.holds(self._some(test.columns, among), test.expression)

    def _some(self, columns: Sequence[str], among: Ids | None) -> pa.Table:
        """Some columns of events `among` (None: of all)."""
        if among is None:
            return self.events.select(list(columns))
        return pa.table({name: taken(self.events[name], among) for name in columns})

    def _groups(self, columns: Sequence[str], events: Ids) -> tuple[Ids, int] | None:
        """Of each of these events the number of its values in some columns, and how many there may be at most."""
        codes: Ids = np.zeros(len(events), np.int64)
        count = 1
        for name in columns:
            if name not in self.encoded:
                return None
            column = self.encoded[name]
            if column is None:  # all NULL
                continue
            groups = column.groups()
            if groups is None or count * groups[1] > _MOST_GROUPS:
                return None
            codes = codes * groups[1] + groups[0][events]
            count *= groups[1]
        return codes, count


def plan(
    bound: Bound, sought: dict[str, Sought], lowered: Mapping[str, str], joined: Mapping[str, Sequence[str]]
) -> Plan:
    """A bound over what is sought; `lowered` are the texts of all bounds in lower case.

    `joined` names, of expressions that join others by newlines, those others: a text without one is in one of them.
    """
    if not isinstance(bound, Leaf):
        parts = tuple(plan(part, sought, lowered, joined) for part in bound.parts)
        return All(parts) if isinstance(bound, Every) else Any_(parts)
    if bound.kind == "test":
        return Test(bound.expression, tuple(map(str, bound.values)), bound.negated)
    if bound.expression in joined and bound.kind == "has":
        return Any_(
            tuple(plan(replace(bound, expression=name), sought, lowered, {}) for name in joined[bound.expression])
        )
    column = sought.setdefault(bound.expression, Sought(bound.expression))
    if bound.kind == "run":
        least, chars = map(str, bound.values)
        return Seek(bound.kind, bound.expression, (column.run(int(least), chars),), bound.negated)
    values = dict.fromkeys(lowered[value] if isinstance(value, str) else value for value in bound.values)
    numbers = tuple(column.number(bound.kind, value) for value in values)
    return Seek(bound.kind, bound.expression, numbers, bound.negated)


def possible(asked: Plan, batch: Batch) -> bool:
    """Whether an event of the batch may satisfy a bound, by what is found in the values of each expression alone."""
    if isinstance(asked, Test):
        return True
    if isinstance(asked, Seek):
        if asked.negated:
            return True
        column = batch.encoded[asked.expression]
        return asked.kind == "null" if column is None else column.possible(asked.kind, asked.numbers)
    parts = (possible(part, batch) for part in asked.parts)
    return all(parts) if isinstance(asked, All) else any(parts)


def candidates(asked: Plan, batch: Batch) -> Ids | None:
    """The events of the batch that may satisfy a bound; None for none of them."""
    if not possible(asked, batch):
        return None
    held = _holds(asked, batch, None)
    found = np.arange(batch.size) if held is None else held
    return found if len(found) else None


def _holds(asked: Plan, batch: Batch, among: Ids | None) -> Ids | None:
    """Those of the events `among` (None: of all), in order, that may satisfy a bound; None: all of them."""
    if isinstance(asked, All):
        return _all(asked, batch, among)
    if isinstance(asked, Any_):
        return _any(asked, batch, among)
    held = _tested(asked, batch, among) if isinstance(asked, Test) else _sought(asked, batch, among)
    if not asked.negated:
        return held
    return np.zeros(0, np.intp) if held is None else _without(held, among, batch.size)


def _tested(asked: Test, batch: Batch, among: Ids | None) -> Ids | None:
    held = batch.tested(asked, among)
    if held is None:
        # Nobody knows, so all of them may: also where it is negated.
        return np.zeros(0, np.intp) if asked.negated else None
    return np.flatnonzero(held) if among is None else among[held]


def _sought(asked: Seek, batch: Batch, among: Ids | None) -> Ids | None:
    column = batch.encoded[asked.expression]
    if column is not None:
        return column.holds(asked.kind, asked.numbers, among)
    return None if asked.kind == "null" else np.zeros(0, np.intp)


def _all(asked: All, batch: Batch, among: Ids | None) -> Ids | None:
    left, narrowed = among, False
    for cost, part in _by_cost(asked.parts, batch):
        if cost and left is not None and len(left) <= _FEW:
            break
        held = _holds(part, batch, left)
        if held is not None:
            left, narrowed = held, True
            if not len(left):
                break
    return left if narrowed else None


def _any(asked: Any_, batch: Batch, among: Ids | None) -> Ids | None:
    found: Ids = np.zeros(0, np.intp)
    left = among
    for cost, part in _by_cost([part for part in asked.parts if possible(part, batch)], batch):
        if cost and len(found):  # what takes long is asked about the others alone
            left = _without(found, among, batch.size)
            if not len(left):
                break
        held = _holds(part, batch, left)
        if held is None:
            return None
        found = held if not len(found) else _joined(found, held, batch.size) if len(held) else found
    return found


def _joined(one: Ids, other: Ids, size: int) -> Ids:
    """The events of both, in order."""
    if (len(one) + len(other)) * _SPARSE > size:
        mask = np.zeros(size, np.bool_)
        mask[one] = True
        mask[other] = True
        return np.flatnonzero(mask)
    return np.unique(np.concatenate([one, other]))


def _without(events: Ids, among: Ids | None, size: int) -> Ids:
    """The events `among` (None: of all) but for some."""
    left = np.ones(size, np.bool_)
    left[events] = False
    return np.flatnonzero(left) if among is None else among[left[among]]


def _by_cost(parts: Iterable[Plan], batch: Batch) -> list[tuple[int, Plan]]:
    """The parts, those first that are quickly told, and of these those that hold seldom."""
    told = [(_cost(part, batch), _share(part, batch), part) for part in parts]
    return [(cost, part) for cost, _, part in sorted(told, key=itemgetter(0, 1))]


def _cost(asked: Plan, batch: Batch) -> int:
    """How many values must be looked at for texts that occur in many; tests come last."""
    if isinstance(asked, Test):
        return _MOST_COST
    if isinstance(asked, Seek):
        column = batch.encoded[asked.expression]
        return 0 if column is None else column.cost(asked.kind, asked.numbers)
    return sum(_cost(part, batch) for part in asked.parts)


def _share(asked: Plan, batch: Batch) -> float:
    """About how much of the values satisfies a bound, between 0 and 1."""
    if isinstance(asked, Test):
        return 1.0
    if isinstance(asked, Seek):
        column = batch.encoded[asked.expression]
        share = 0.0 if column is None else column.share(asked.kind, asked.numbers, batch.size)
        return 1 - share if asked.negated else share
    shares = [_share(part, batch) for part in asked.parts]
    return min(shares) if isinstance(asked, All) else min(sum(shares), 1.0)


def expressions(asked: Sequence[Plan]) -> set[str]:
    """All expressions of some bounds that are searched."""
    return {name for item in asked for name in _expressions(item)}


def _expressions(asked: Plan) -> set[str]:
    if isinstance(asked, Test):
        return set()
    return {asked.expression} if isinstance(asked, Seek) else expressions(asked.parts)


Witness: TypeAlias = tuple[str, bool, int]
"""Something sought in an expression: whether it is a part of a text, and its number."""


def witnesses(asked: Plan, sought: Mapping[str, Sought]) -> frozenset[Witness] | None:
    """What is sought of which one must be found in a batch for the bound to hold in it; None: nothing need be."""
    if isinstance(asked, Test) or (isinstance(asked, Seek) and (asked.negated or asked.kind in ("null", "run"))):
        return None
    if isinstance(asked, Seek):
        return frozenset((asked.expression, is_part(asked.kind), number) for number in asked.numbers)
    found = [witnesses(part, sought) for part in asked.parts]
    if isinstance(asked, Any_):
        known = [item for item in found if item is not None]
        return frozenset[Witness]().union(*known) if len(known) == len(found) else None
    # Long texts are found seldom, numbers mostly.
    return max(
        (item for item in found if item is not None),
        key=lambda item: min((sought[name].length(part, number) for name, part, number in item), default=0),
        default=None,
    )
