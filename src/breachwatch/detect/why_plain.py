"""Why a rule matched, where its tests are plain texts: told from the values themselves, without a query of its own.

A query that asks for every test of a rule takes DuckDB longer to prepare than to answer. Where all tests of a rule's
positive selections ask whether a field contains, begins with, ends with or equals a text, regardless of case (that of
ASCII), only the fields are asked for, as they are and in DuckDB's lower case. What is told is what `why_sql` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionOR
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaCasedString, SigmaExpansion, SigmaString, SigmaType

from breachwatch.detect.backend import Scope
from breachwatch.detect.backend.values import alternatives
from breachwatch.detect.prune.bounds import Leaf
from breachwatch.detect.prune.extracting import whole_text

VALUE_CHARS = 200
BEFORE_CHARS = 60
"""How much of a long value is shown before the part that matched."""

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "has": str.__contains__,
    "starts": str.startswith,
    "ends": str.endswith,
    "is": str.__eq__,
}

Tree: TypeAlias = "int | list[Any]"
"""The number of a leaf, or `and` or `or` and what stands under it."""


class _Other(Exception):
    """A test that is not plain."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain tests of a rule.

    `columns` are the fields as SQL, `leaves` of each distinct test its kind, the number of its field, and its text;
    `tests` the leaf of each test that can be told, in the order of `Explanation.tests`; `selections` of each selection
    when it holds and what it then tells of: numbers of tests (from 0), and parts of it with the same two.
    """

    source: str
    columns: list[str]
    leaves: list[tuple[str, int, str]]
    tests: list[int]
    selections: list[list[Any]]

    @property
    def sql(self) -> str:
        """The query for the fields of the events in `asked_events`."""
        fields = ", ".join(f"{column}, lower({column})" for column in self.columns)
        return f"SELECT event_id, {fields} FROM {self.source} WHERE event_id IN (SELECT event_id FROM asked_events)"

    def held(self, row: Sequence[Any]) -> list[dict[str, Any]]:
        """The tests that an event passes, of a row of `sql`, as `Explanation.sql` would give them."""
        return list(_Told(self, row[1::2], row[2::2]))


class _Told:
    """What one event passes."""

    def __init__(self, plain: Plain, texts: Sequence[str | None], lowered: Sequence[str | None]) -> None:
        self._plain = plain
        self._texts = texts
        self._lowered = lowered
        self._known: dict[int, bool] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for selection in self._plain.selections:
            for number in self._passed(selection):
                _, column, literal = self._plain.leaves[self._plain.tests[number]]
                yield {"test": number + 1, **cut(self._texts[column] or "", self._lowered[column] or "", literal)}

    def _passed(self, selection: Sequence[Any]) -> Iterator[int]:
        whole, parts = selection
        if self._holds(whole):
            for part in parts:
                if isinstance(part, list):
                    yield from self._passed(part)
                elif self._holds(self._plain.tests[part]):
                    yield part

    def _holds(self, tree: Tree) -> bool:
        if isinstance(tree, list):
            return (all if tree[0] == "and" else any)(map(self._holds, tree[1]))
        if tree not in self._known:
            kind, column, literal = self._plain.leaves[tree]
            text = self._lowered[column]
            self._known[tree] = text is not None and _HOLDS[kind](text, literal)
        return self._known[tree]


def cut(text: str, lowered: str, literal: str) -> dict[str, str | None]:
    """The value around a literal (not empty), and the literal as the value writes it."""
    at = lowered.find(literal)
    begin = 0 if len(text) <= VALUE_CHARS else max(at - BEFORE_CHARS, 0)
    found = text[at : at + min(len(literal), VALUE_CHARS)] if at >= 0 else None
    return {"value": text[begin : begin + VALUE_CHARS], "found": found}


def _folds_alike(char: str) -> bool:
    """Whether every version of Unicode has the same lower case of a character: of ASCII, or of none."""
    return char.isascii() or char.lower() == char == char.upper()


def plain_of(detections: SigmaDetections, names: Sequence[str], scope: Scope) -> Plain | None:
    """The plain tests of these selections of a rule; None where one of their tests is not plain."""
    reader = _Reader(detections, scope)
    try:
        selections = [reader.selection(detections.detections[name]) for name in names]
    except _Other:
        return None
    return Plain(scope.table.sql, list(reader.columns), list(reader.leaves), reader.tests, selections)


class _Reader:
    def __init__(self, detections: SigmaDetections, scope: Scope) -> None:
        self.detections = detections
        self.scope = scope
        self.columns: dict[str, int] = {}
        self.leaves: dict[tuple[str, int, str], int] = {}
        self.tests: list[int] = []

    def selection(self, detection: SigmaDetection) -> list[Any]:
        parts: list[Any] = []
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                parts.append(self.selection(item))
            else:
                parts += self._tests_of(item)
        return [self._tree(detection.postprocess(self.detections)), parts]

    def _tests_of(self, item: SigmaDetectionItem) -> Iterator[int]:
        if item.field is None or item.negated or not item.value:
            raise _Other
        for value in item.value:
            for alternative in alternatives(value):
                self.tests.append(self._leaf(item.field, alternative))
                yield len(self.tests) - 1

    def _tree(self, condition: Any) -> Tree:
        if isinstance(condition, ConditionAND | ConditionOR):
            word = "and" if isinstance(condition, ConditionAND) else "or"
            return [word, [self._tree(part) for part in condition.args]]
        if not isinstance(condition, ConditionFieldEqualsValueExpression):
            raise _Other
        if isinstance(condition.value, SigmaExpansion):
            return ["or", [self._leaf(condition.field, value) for value in alternatives(condition.value)]]
        return self._leaf(condition.field, condition.value)

    def _leaf(self, name: str, value: SigmaType) -> int:
        column = self.scope.column(name)
        if column.many or not isinstance(value, SigmaString) or isinstance(value, SigmaCasedString):
            raise _Other
        leaf = whole_text(column, self.scope.value(name, value))
        text = str(leaf.values[0]) if isinstance(leaf, Leaf) and leaf.values else ""
        if not isinstance(leaf, Leaf) or leaf.negated or not text or not all(map(_folds_alike, text)):
            raise _Other
        number = self.columns.setdefault(column.text, len(self.columns))
        return self.leaves.setdefault((leaf.kind, number, text.lower()), len(self.leaves))
