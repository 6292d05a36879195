"""The events of a batch that satisfy a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from breachwatch.detect.prune.bounds import Bound, Every, Kind, Leaf
from breachwatch.detect.prune.columns import Encoded, Sought
from breachwatch.detect.prune.literals import Mask

_FEW = 256
"""With so few candidates left the query decides quicker than a further look at texts that are in many values."""


@dataclass(frozen=True, slots=True)
class Seek:
    """A leaf with the numbers of what it seeks."""

    kind: Kind
    expression: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class All:
    """All parts must hold."""

    parts: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is taken
    """One part must hold."""

    parts: tuple[Plan, ...]


Plan: TypeAlias = Seek | All | Any_

Batch: TypeAlias = Mapping[str, Encoded | None]
"""The expressions of a batch; None where no event of it has a value."""


def plan(
    bound: Bound, sought: dict[str, Sought], lowered: Mapping[str, str], joined: Mapping[str, Sequence[str]]
) -> Plan:
    """A bound over what is sought; `lowered` are the texts of all bounds in lower case.

    `joined` names, of expressions that join others by newlines, those others: a text without one is in one of them.
    """
    if not isinstance(bound, Leaf):
        parts = tuple(plan(part, sought, lowered, joined) for part in bound.parts)
        return All(parts) if isinstance(bound, Every) else Any_(parts)
    if bound.expression in joined and bound.kind == "has":
        return Any_(
            tuple(plan(replace(bound, expression=name), sought, lowered, {}) for name in joined[bound.expression])
        )
    column = sought.setdefault(bound.expression, Sought(bound.expression))
    values = dict.fromkeys(lowered[value] if isinstance(value, str) else value for value in bound.values)
    return Seek(bound.kind, bound.expression, tuple(column.number(bound.kind, value) for value in values))


def possible(asked: Plan, batch: Batch) -> bool:
    """Whether an event of the batch may satisfy a bound, by what is found in the values of each expression alone."""
    if isinstance(asked, Seek):
        column = batch[asked.expression]
        return column is not None and column.possible(asked.kind, asked.numbers)
    parts = (possible(part, batch) for part in asked.parts)
    return all(parts) if isinstance(asked, All) else any(parts)


def candidates(asked: Plan, batch: Batch) -> Mask | None:
    """The events of the batch that may satisfy a bound; None for none of them."""
    if not possible(asked, batch):
        return None
    found = _rows(asked, batch, None)
    return found if found.any() else None


def _rows(asked: Plan, batch: Batch, among: Mask | None) -> Mask:
    """The events of a bound; of those `among` at least."""
    if isinstance(asked, Seek):
        column = batch[asked.expression]
        assert column is not None  # noqa: S101 - it is possible
        return column.rows(asked.kind, asked.numbers, among)
    if isinstance(asked, Any_):
        parts = [_rows(part, batch, among) for part in asked.parts if possible(part, batch)]
        return reduce(np.logical_or, parts)
    rows = among
    for cost, part in sorted(((_cost(part, batch), part) for part in asked.parts), key=itemgetter(0)):
        if cost and rows is not None and np.count_nonzero(rows) <= _FEW:
            break
        more = _rows(part, batch, rows)
        rows = more if rows is None else rows & more
        if not rows.any():
            break
    assert rows is not None  # noqa: S101 - a conjunction has parts
    return rows


def _cost(asked: Plan, batch: Batch) -> int:
    """How many values must be looked at for texts that occur in many."""
    if isinstance(asked, Seek):
        column = batch[asked.expression]
        return 0 if column is None else column.cost(asked.kind, asked.numbers)
    return sum(_cost(part, batch) for part in asked.parts)


def expressions(asked: Sequence[Plan]) -> set[str]:
    """All expressions of some bounds."""
    return {name for item in asked for name in _expressions(item)}


def _expressions(asked: Plan) -> set[str]:
    return {asked.expression} if isinstance(asked, Seek) else expressions(asked.parts)
