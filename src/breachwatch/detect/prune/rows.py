"""The events of a batch that satisfy a bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa

from breachwatch.detect.prune.bounds import Bound, Every, Kind, Leaf
from breachwatch.detect.prune.columns import Encoded, Sought
from breachwatch.detect.prune.literals import Ids, Mask

_FEW = 256
"""With so few candidates left the query decides quicker than a further look at texts that are in many values."""

_MOST_COST = 1 << 40


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
    found = np.arange(batch.size) if held is None else np.flatnonzero(held)
    return found if len(found) else None


def _holds(asked: Plan, batch: Batch, among: Ids | None) -> Mask | None:
    """Which events `among` (None: of all) may satisfy a bound; None: all of them."""
    size = batch.size if among is None else len(among)
    if isinstance(asked, All):
        return _all(asked, batch, among, size)
    if isinstance(asked, Any_):
        return _any(asked, batch, among, size)
    if isinstance(asked, Test):
        events = batch.events.select(list(asked.columns))
        held = batch.tests.holds(events if among is None else events.take(among), asked.expression)
        if held is None:
            return None
    else:
        column = batch.encoded[asked.expression]
        if column is None:
            held = None if asked.kind == "null" else np.zeros(size, np.bool_)
        elif asked.kind == "null" and not column.possible("null", ()):
            held = np.zeros(size, np.bool_)
        else:
            held = column.holds(asked.kind, asked.numbers, among)
        if held is None:
            return np.zeros(size, np.bool_) if asked.negated else None
    return ~held if asked.negated else held


def _all(asked: All, batch: Batch, among: Ids | None, size: int) -> Mask | None:
    left: Ids | None = None  # of those asked about; None: all of them
    for cost, part in _by_cost(asked.parts, batch):
        if cost and left is not None and len(left) <= _FEW:
            break
        mine = left if among is None else among if left is None else among[left]
        held = _holds(part, batch, mine)
        if held is not None:
            left = np.flatnonzero(held) if left is None else left[held]
            if not len(left):
                break
    if left is None:
        return None
    mask = np.zeros(size, np.bool_)
    mask[left] = True
    return mask


def _any(asked: Any_, batch: Batch, among: Ids | None, size: int) -> Mask | None:
    mask = np.zeros(size, np.bool_)
    for _, part in _by_cost([part for part in asked.parts if possible(part, batch)], batch):
        open_ = np.flatnonzero(~mask)
        if not len(open_):
            break
        mine = (open_ if among is None else among[open_]) if len(open_) < size else among
        held = _holds(part, batch, mine)
        if held is None:
            return None
        mask[open_] = held
    return mask


def _by_cost(parts: Iterable[Plan], batch: Batch) -> list[tuple[int, Plan]]:
    return sorted(((_cost(part, batch), part) for part in parts), key=itemgetter(0))


def _cost(asked: Plan, batch: Batch) -> int:
    """How many values must be looked at for texts that occur in many; tests come last."""
    if isinstance(asked, Test):
        return _MOST_COST
    if isinstance(asked, Seek):
        column = batch.encoded[asked.expression]
        return 0 if column is None else column.cost(asked.kind, asked.numbers)
    return sum(_cost(part, batch) for part in asked.parts)


def expressions(asked: Sequence[Plan]) -> set[str]:
    """All expressions of some bounds that are searched."""
    return {name for item in asked for name in _expressions(item)}


def _expressions(asked: Plan) -> set[str]:
    if isinstance(asked, Test):
        return set()
    return {asked.expression} if isinstance(asked, Seek) else expressions(asked.parts)
