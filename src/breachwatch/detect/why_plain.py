"""Why a rule matched, where its tests are plain texts: told from the values themselves, without a query of its own.

A query that asks for every test of a rule takes DuckDB longer to prepare than to answer. Where all tests of a rule's
positive selections ask whether a field contains, begins with, ends with or equals a text, regardless of case (that of
ASCII), only the fields are asked for, as they are and in DuckDB's lower case. What is told is what `why_sql` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionOR
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaCasedString, SigmaExpansion, SigmaString, SigmaType

from breachwatch.detect.backend import Scope
from breachwatch.detect.backend.values import alternatives
from breachwatch.detect.prune.bounds import Leaf
from breachwatch.detect.prune.extracting import whole_text
from breachwatch.detect.why_told import Plain, Tree


class _Other(Exception):
    """A test that is not plain."""


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
