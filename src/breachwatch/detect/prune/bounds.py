"""What must hold of an event before a rule can match it: a bound.

A bound is weaker than the rule's condition, never stronger: an event that does not satisfy it cannot match. It is built
of leaves, each over one SQL expression (mostly a column), so that distinct values can be searched instead of events:

has   the text contains one of some texts, regardless of case
is    the text equals one of some texts, regardless of case
num   the number equals one of some whole numbers

None stands for a bound that every event satisfies. "Regardless of case" is DuckDB's lower() on both sides. It maps each
character by itself, so that a text that contains another still does when both are lowered, and a comparison that
regards case is bounded by one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind = Literal["has", "is", "num"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One expression and what it must hold, one of `values` (texts as the rule has them, not lowered)."""

    kind: Kind
    expression: str
    values: tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All parts must hold."""

    parts: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One part must hold."""

    parts: tuple[Bound, ...]


Bound: TypeAlias = Leaf | Every | Some


def every(parts: Iterable[Bound | None]) -> Bound | None:
    """The bound of a conjunction: what is not bounded bounds nothing."""
    found: dict[Bound, None] = {}
    for part in parts:
        if part is not None:
            found.update(dict.fromkeys(part.parts if isinstance(part, Every) else (part,)))
    if len(found) <= 1:
        return next(iter(found), None)
    return Every(tuple(found))


def some(parts: Iterable[Bound | None]) -> Bound | None:
    """The bound of a disjunction: one part without a bound leaves the whole without. Leaves alike become one."""
    leaves: dict[tuple[Kind, str], dict[Any, None]] = {}
    others: dict[Bound, None] = {}
    for part in parts:
        if part is None:
            return None
        for item in part.parts if isinstance(part, Some) else (part,):
            if isinstance(item, Leaf):
                leaves.setdefault((item.kind, item.expression), {}).update(dict.fromkeys(item.values))
            else:
                others[item] = None
    joined = [Leaf(kind, expression, tuple(values)) for (kind, expression), values in leaves.items()]
    found: list[Bound] = [*joined, *others]
    if len(found) <= 1:
        return found[0] if found else None
    return Some(tuple(found))


def leaves(bound: Bound | None) -> Iterator[Leaf]:
    """All leaves of a bound."""
    if isinstance(bound, Leaf):
        yield bound
    elif bound is not None:
        for part in bound.parts:
            yield from leaves(part)


def to_json(bound: Bound | None) -> Any:
    """A bound as JSON data."""
    if bound is None:
        return None
    if isinstance(bound, Leaf):
        return [bound.kind, bound.expression, list(bound.values)]
    return ["every" if isinstance(bound, Every) else "some", [to_json(part) for part in bound.parts]]


def from_json(data: Any) -> Bound | None:
    """A bound from `to_json`."""
    if data is None:
        return None
    if data[0] in ("has", "is", "num"):
        return Leaf(data[0], data[1], tuple(data[2]))
    parts = tuple(part for part in map(from_json, data[1]) if part is not None)
    return Every(parts) if data[0] == "every" else Some(parts)
