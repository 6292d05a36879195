"""What must hold of an event before a rule can match it: a bound.

A bound is weaker than the rule's condition, never stronger: an event that does not satisfy it cannot match. It is built
of leaves, most of them over one SQL expression (mostly a column), so that distinct values can be searched instead of
events:

has     the text contains one of some texts, regardless of case
starts  the text begins with one of some texts, regardless of case
ends    the text ends with one of some texts, regardless of case
is      the text equals one of some texts, regardless of case
num     the number equals one of some whole numbers
null    the value is NULL
run     so many bytes in a row (`values[0]`) are of some of ASCII (`values[1]`; of any where empty), in lower case
test    the expression, a part of the rule's SQL over the columns that `values` names, is true

A negated leaf holds wherever the leaf does not, also where there is no value: SQL's `NOT coalesce(..., false)`. What
stands under `not` in a rule is bounded only by leaves that hold exactly where its SQL is true.

None stands for a bound that every event satisfies. "Regardless of case" is DuckDB's lower() on both sides. It maps each
character by itself, so that a text that contains another still does when both are lowered, and a comparison that
regards case is bounded by one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

Kind = Literal["has", "starts", "ends", "is", "num", "null", "run", "test"]
KINDS: tuple[Kind, ...] = ("has", "starts", "ends", "is", "num", "null", "run", "test")
_JOINED = frozenset({"has", "starts", "ends", "is", "num"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One expression and what it must hold, one of `values` (texts as the rule has them, not lowered)."""

    kind: Kind
    expression: str
    values: tuple[str, ...] | tuple[int, ...] = ()
    negated: bool = False


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
    joined = _joined(found, negated=True)
    if len(joined) <= 1:
        return next(iter(joined), None)
    return Every(tuple(joined))


def some(parts: Iterable[Bound | None]) -> Bound | None:
    """The bound of a disjunction: one part without a bound leaves the whole without. Leaves alike become one."""
    found: dict[Bound, None] = {}
    for part in parts:
        if part is None:
            return None
        found.update(dict.fromkeys(part.parts if isinstance(part, Some) else (part,)))
    joined = _joined(found, negated=False)
    if len(joined) <= 1:
        return joined[0] if joined else None
    return Some(tuple(joined))


def negation(bound: Bound) -> Bound | None:
    """The bound that holds wherever this one does not."""
    if isinstance(bound, Leaf):
        return replace(bound, negated=not bound.negated)
    return (some if isinstance(bound, Every) else every)(map(negation, bound.parts))


def _joined(parts: Iterable[Bound], *, negated: bool) -> list[Bound]:
    """Leaves over the same expression as one: one of the values holds, or, negated, none of them."""
    values: dict[tuple[Kind, str], dict[Any, None]] = {}
    others: list[Bound] = []
    for part in parts:
        if isinstance(part, Leaf) and part.kind in _JOINED and part.negated is negated:
            values.setdefault((part.kind, part.expression), {}).update(dict.fromkeys(part.values))
        else:
            others.append(part)
    return [*(Leaf(kind, text, tuple(of), negated) for (kind, text), of in values.items()), *others]


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
        return [bound.kind, bound.expression, list(bound.values), bound.negated]
    return ["every" if isinstance(bound, Every) else "some", [to_json(part) for part in bound.parts]]


def from_json(data: Any) -> Bound | None:
    """A bound from `to_json`."""
    if data is None:
        return None
    if data[0] in KINDS:
        return Leaf(data[0], data[1], tuple(data[2]), bool(data[3]))
    parts = tuple(part for part in map(from_json, data[1]) if part is not None)
    return Every(parts) if data[0] == "every" else Some(parts)
