"""The bound of a rule's condition in one table, read from the condition as pySigma parsed it.

Read beside the SQL, not from it: what this does not know (a keyword under `not`, a field of JSON compared with another,
a kind of value that comes later) has no bound, which is always right. A test of plain columns that is none of texts and
numbers (an expression, a network, a reference to another field) bounds itself, as its own SQL.
"""

from __future__ import annotations

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.state import ConversionState
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
    SpecialChars,
)

from breachwatch.detect.backend import Column, DuckDBBackend, Kind, Scope
from breachwatch.detect.backend.duckdb import networks_of
from breachwatch.detect.backend.strings import parts_of
from breachwatch.detect.prune.bounds import Bound, Every, Leaf, every, leaves, negation, some
from breachwatch.detect.prune.bounds import Kind as LeafKind
from breachwatch.detect.prune.expressions import expression_bound

_LARGEST = 2**62
_LARGEST_IN_TEXT = 2**20
"""A text may be compared as a DOUBLE; up to here none equals a whole number that is another DECIMAL(38, 9)."""


_ANY = SpecialChars.WILDCARD_MULTI


def bound_of(rule: SigmaRule, scope: Scope, backend: DuckDBBackend) -> Bound | None:
    """The bound of a rule that the backend has just converted for this scope. Raises SigmaError."""
    reader = _Reader(scope, backend)
    return some(reader.bound(item.parsed) for item in rule.detection.parsed_condition)


class _Reader:
    """Reads one rule's condition in one scope."""

    def __init__(self, scope: Scope, backend: DuckDBBackend) -> None:
        self.scope = scope
        self.backend = backend

    def bound(self, condition: object, *, negated: bool = False) -> Bound | None:  # noqa: PLR0911 - one a kind
        """What must hold where a condition is true, or, negated, where it is not (false or NULL)."""
        if isinstance(condition, ConditionNOT):
            return self.bound(condition.args[0], negated=not negated)
        if isinstance(condition, ConditionAND | ConditionOR):
            if field := networks_of(condition):
                return _either(self._tested(condition, [field]), negated=negated)
            join = every if isinstance(condition, ConditionAND) is not negated else some
            return join(self.bound(part, negated=negated) for part in condition.args)
        if isinstance(condition, ConditionFieldEqualsValueExpression):
            name, value = condition.field, condition.value
            exact = self._exact(name, value)
            if negated:
                return _either(exact, negated=True)
            return exact if _is_native(exact) else every([_field(name, value, self.scope), exact])
        if isinstance(condition, ConditionValueExpression) and not negated:
            return _keyword(condition.value, self.scope)
        return None

    def _exact(self, name: str, value: SigmaType) -> Bound | None:
        """A bound that holds exactly where the SQL of a field and its value is true; None where there is none."""
        column = self.scope.table.column(self.scope.fields.get(name, name))
        match value:
            case SigmaExpansion():
                found = [self._exact(name, item) for item in value.values]
                return some(found) if found else None
            case SigmaNull():
                return Leaf("null", column.sql)
            case SigmaExists():
                return Leaf("null", column.sql, negated=value.exists)
            case SigmaString() if not column.many and not isinstance(value, SigmaCasedString):
                known = whole_text(column, self.scope.value(name, value))
                return known or self._test(name, value)
            case SigmaNumber() if column.kind is Kind.NUMBER:
                return _number(column, value) or self._test(name, value)
            case _:
                return self._test(name, value)

    def _test(self, name: str, value: SigmaType) -> Bound | None:
        """The test itself, where all that it reads are plain columns."""
        names = [name, value.field] if isinstance(value, SigmaFieldReference) else [name]
        return self._tested(ConditionFieldEqualsValueExpression(name, value), names)

    def _tested(self, condition: ConditionItem | ConditionFieldEqualsValueExpression, names: list[str]) -> Bound | None:
        """A condition over these fields as its own SQL."""
        plain = set(self.scope.table.columns.values())
        columns = [self.scope.table.column(self.scope.fields.get(item, item)) for item in names]
        if any(item not in plain or not item.sql.startswith('"') or not item.sql.endswith('"') for item in columns):
            return None
        state = ConversionState(processing_state={"scope": self.scope})
        try:
            sql = self.backend.convert_condition(condition, state)
        except SigmaError:
            return None  # the rule itself does not compile and says so
        return Leaf("test", str(sql), tuple(dict.fromkeys(item.sql for item in columns))) if sql else None


def _either(exact: Bound | None, *, negated: bool) -> Bound | None:
    return exact if exact is None or not negated else negation(exact)


def _is_native(bound: Bound | None) -> bool:
    """Whether a bound needs no SQL."""
    return bound is not None and all(leaf.kind != "test" for leaf in leaves(bound))


def whole_text(column: Column, value: SigmaString) -> Bound | None:
    """The leaf that says the same as a text with no wildcard but at its ends."""
    parts = parts_of(value)
    shape = "".join("*" if part is _ANY else "s" if isinstance(part, str) else "?" for part in parts)
    if shape == "*":
        return Leaf("null", column.text, negated=True)
    kinds: dict[str, LeafKind] = {"": "is", "s": "is", "s*": "starts", "*s": "ends", "*s*": "has"}
    text = "".join(part for part in parts if isinstance(part, str))
    return Leaf(kinds[shape], column.text, (text,)) if shape in kinds else None


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
        if bound.kind == "run":  # it may be over several columns
            return None
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
