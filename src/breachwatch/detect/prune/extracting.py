"""The bound of a rule's condition in one table, read from the condition as pySigma parsed it.

Read beside the SQL, not from it: what this does not know (a comparison, a network, a reference to another field, NULL,
anything under `not`, a kind of value that comes later) has no bound, which is always right.
"""

from __future__ import annotations

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaExpansion,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
)

from breachwatch.detect.backend import Column, Kind, Scope
from breachwatch.detect.backend.strings import parts_of
from breachwatch.detect.prune.bounds import Bound, Every, Leaf, every, some
from breachwatch.detect.prune.expressions import expression_bound

_LARGEST = 2**62
_LARGEST_IN_TEXT = 2**20
"""A text may be compared as a DOUBLE; up to here none equals a whole number that is another DECIMAL(38, 9)."""


def bound_of(rule: SigmaRule, scope: Scope) -> Bound | None:
    """The bound of a rule that the backend has just converted for this scope. Raises SigmaError."""
    return some(_bound(item.parsed, scope) for item in rule.detection.parsed_condition)


def _bound(condition: object, scope: Scope) -> Bound | None:
    if isinstance(condition, ConditionAND):
        return every(_bound(part, scope) for part in condition.args)
    if isinstance(condition, ConditionOR):
        return some(_bound(part, scope) for part in condition.args)
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return _field(condition.field, condition.value, scope)
    if isinstance(condition, ConditionValueExpression):
        return _keyword(condition.value, scope)
    return None


def _field(name: str, value: SigmaType, scope: Scope) -> Bound | None:  # noqa: PLR0911 - one a kind of value
    column = scope.table.column(scope.fields.get(name, name))
    match value:
        case SigmaExpansion():
            return some(_field(name, item, scope) for item in value.values)
        case SigmaCasedString():
            return _text(column, value)
        case SigmaString():
            return _text(column, scope.value(name, value))
        case SigmaNumber() if column.many:
            return _contained(column.text, SigmaString(str(value)))
        case SigmaNumber():
            return _number(column, value)
        case SigmaBool() if column.many:
            return _contained(column.text, SigmaString("true" if value.boolean else "false"))
        case SigmaBool() if column.kind is not Kind.BOOLEAN:
            return Leaf("is", column.text, ("true" if value.boolean else "false",))
        case SigmaRegularExpression():
            return expression_bound(_as_run(value), column.text)
        case _:
            return None


def _keyword(value: SigmaType, scope: Scope) -> Bound | None:
    match value:
        case SigmaExpansion():
            return some(_keyword(item, scope) for item in value.values)
        case SigmaString():
            return _lines(_contained(scope.table.searched_text, value))
        case SigmaNumber():
            return _contained(scope.table.searched_text, SigmaString(str(value)))
        case SigmaRegularExpression():
            return _lines(expression_bound(_as_run(value), scope.table.searched_text))
        case _:
            return None


def _lines(bound: Bound | None) -> Bound | None:
    """A weaker bound without newlines, which stand between the columns that are searched for keywords."""
    if isinstance(bound, Leaf):
        texts = [max(str(value).split("\n"), key=len) for value in bound.values]
        return Leaf(bound.kind, bound.expression, tuple(texts)) if all(texts) else None
    if bound is None:
        return None
    return (every if isinstance(bound, Every) else some)(map(_lines, bound.parts))


def _text(column: Column, value: SigmaString) -> Bound | None:
    parts = parts_of(value)
    if not column.many and all(isinstance(part, str) for part in parts):
        return Leaf("is", column.text, ("".join(str(part) for part in parts),))
    return _contained(column.text, value)


def _contained(expression: str, value: SigmaString) -> Bound | None:
    return every(Leaf("has", expression, (part,)) for part in parts_of(value) if isinstance(part, str))


def _number(column: Column, value: SigmaNumber) -> Bound | None:
    number = value.number
    largest = _LARGEST if column.kind is Kind.NUMBER else _LARGEST_IN_TEXT
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > largest:
        return None
    return Leaf("num", column.number, (number,))


def _as_run(value: SigmaRegularExpression) -> str:
    return value.escape([], escape_escape_char=False, flag_prefix=True)
