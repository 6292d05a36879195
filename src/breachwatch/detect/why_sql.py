"""Why a rule matched, as SQL: which tests of which of its selections an event passes.

A rule's condition says only whether an event matches. Beside it stands this second query, asked only about events that
did: every value of every selection that the condition uses positively (under an even number of `not`) is one *test*,
and counts where its selection, and within a list of maps its map, holds as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    ConditionValueExpression,
)
from sigma.conversion.state import ConversionState
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaRule
from sigma.types import SigmaFieldReference, SigmaNull, SigmaRegularExpression, SigmaString, SigmaType

from breachwatch.detect.backend import DuckDBBackend, Scope
from breachwatch.detect.backend.literals import quoted
from breachwatch.detect.backend.values import alternatives, expression_text, keyword
from breachwatch.detect.why_plain import plain_of
from breachwatch.detect.why_told import BEFORE_CHARS, VALUE_CHARS, Explanation
from breachwatch.detect.why_words import pattern_of, test_of


@dataclass
class _Test:
    """One value of one selection: the test as SQL, the field's text, and the text that is to be found in it."""

    said: tuple[str, str, str, str]
    holds: str
    text: str | None  # None: a keyword
    literal: str
    value: SigmaType


@dataclass
class _Tests:
    backend: DuckDBBackend
    state: ConversionState
    scope: Scope
    found: list[_Test] = field(default_factory=list)

    def sql(self, condition: Any) -> str:
        return str(self.backend.convert_condition(condition, self.state) or "NULL")

    def of(self, selection: str, detection: SigmaDetection, detections: SigmaDetections) -> str:
        """SQL of the numbers of the tests in a selection, or a part of one, that hold where it holds itself."""
        parts = []
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                parts.append(self.of(selection, item, detections))
            else:
                parts += [self._entered(test) for test in self._item(selection, item)]
        whole = self.sql(detection.postprocess(detections))
        return f"CASE WHEN {whole} THEN flatten([{', '.join(parts)}]) ELSE [] END"

    def _entered(self, test: _Test) -> str:
        self.found.append(test)
        return f"CASE WHEN {test.holds} THEN [{len(self.found)}] ELSE [] END"

    def _item(self, selection: str, item: SigmaDetectionItem) -> Iterator[_Test]:
        values: Sequence[SigmaType] = item.value or [SigmaNull()]
        originals = item.original_value or []
        for number, value in enumerate(values):
            original = originals[number] if len(originals) == len(values) else value
            said = (selection, item.field or "", test_of(item, value), pattern_of(value, original))
            for alternative in [value] if item.negated else alternatives(value):
                yield self._test(item, said, alternative)

    def _test(self, item: SigmaDetectionItem, said: tuple[str, str, str, str], value: SigmaType) -> _Test:
        if item.field is None:
            holds = self.sql(_not_if(item.negated, ConditionValueExpression(value)))
            return _Test(said, holds, None, _literal(value, "place.value"), value)
        text = self.scope.column(item.field).text
        holds = self.sql(_not_if(item.negated, ConditionFieldEqualsValueExpression(item.field, value)))
        return _Test(said, holds, text, "''" if item.negated else self._found(item.field, value, text), value)

    def _found(self, name: str, value: SigmaType, text: str) -> str:
        if isinstance(value, SigmaFieldReference):
            return f"lower({self.scope.column(value.field).text})"
        return _literal(self.scope.value(name, value) if isinstance(value, SigmaString) else value, text)


def explanation(backend: DuckDBBackend, rule: SigmaRule, scope: Scope, dataset: str, picks: str) -> Explanation:
    """The explanation of a rule's search in the table of `scope`; `picks` is the route's condition, or empty.

    Raises SigmaError.
    """
    condition = backend.condition(rule, scope)
    tests = _Tests(backend, ConversionState(processing_state={"scope": scope}), scope)
    named = rule.detection.detections
    numbers = [tests.of(name, named[name], rule.detection) for name in positive_selections(rule.detection)]
    whole = f"({picks}) AND ({condition})" if picks else condition
    texts = list(dict.fromkeys(test.text for test in tests.found if test.text is not None))
    where = [texts.index(test.text) + 1 if test.text is not None else 0 for test in tests.found]
    literals = ["''" if test.text is None else test.literal for test in tests.found]
    sql = (
        f"SELECT event_id, list_transform(held, lambda n: {_cut('n', 'texts[place[n]]', 'literals[n]')}) AS held,\n"
        "       places\nFROM (\n"
        f"SELECT event_id, CASE WHEN {whole} THEN flatten([{', '.join(numbers)}]) END AS held,\n"
        f"       CAST([{', '.join(texts)}] AS VARCHAR[]) AS texts, CAST({where} AS INTEGER[]) AS place,\n"
        f"       CAST([{', '.join(literals)}] AS VARCHAR[]) AS literals,\n"
        f"       {_places(tests.found, scope)} AS places\n"
        f"FROM {scope.source} WHERE event_id IN (SELECT event_id FROM asked_events)\n) WHERE held IS NOT NULL"
    )
    plain = plain_of(rule.detection, positive_selections(rule.detection), scope)
    return Explanation(dataset, sql, tuple(test.said for test in tests.found), plain)


def positive_selections(detections: SigmaDetections) -> list[str]:
    """The selections that a rule's conditions use under no `not`, or an even number; those of filters left out."""
    found: dict[str, None] = {}
    for condition in detections.parsed_condition:
        for name, positive in _used(condition.parse(postprocess=False), detections, positive=True):
            if positive and not name.startswith("_filt_"):  # as pySigma names the selections of a Sigma filter
                found[name] = None
    return list(found)


def _used(item: object, detections: SigmaDetections, *, positive: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(item, ConditionIdentifier):
        yield item.identifier, positive
    elif isinstance(item, ConditionSelector):
        for named in item.resolve_referenced_detections(detections):
            yield named.identifier, positive
    elif isinstance(item, ConditionNOT):
        yield from _used(item.args[0], detections, positive=not positive)
    elif isinstance(item, ConditionAND | ConditionOR):
        for arg in item.args:
            yield from _used(arg, detections, positive=positive)


def _not_if(negated: bool, condition: Any) -> Any:
    return ConditionNOT([condition]) if negated else condition


def _literal(value: SigmaType, text: str) -> str:
    """SQL of the text that a value looks for inside `text`, in lower case: its longest piece without wildcards."""
    if isinstance(value, SigmaString):
        pieces = [part for part in value.s if isinstance(part, str)]
        literal = max(pieces, key=len, default="")
        return quoted(literal.lower()) if literal.isascii() else f"lower({quoted(literal)})"
    if isinstance(value, SigmaRegularExpression):
        return f"lower(regexp_extract({text}, {expression_text(value)}))"
    return "''"


def _cut(number: str, text: str, literal: str) -> str:
    """SQL of `{test, value, found}`: the value around the literal, and the literal as the value writes it."""
    at = f"strpos(lower({text}), coalesce({literal}, ''))"
    begin = f"CASE WHEN length({text}) <= {VALUE_CHARS} THEN 1 ELSE greatest({at} - {BEFORE_CHARS}, 1) END"
    found = f"substr({text}, {at}, least(length({literal}), {VALUE_CHARS}))"
    return (
        f"{{'test': {number}, 'value': substr({text}, {begin}, {VALUE_CHARS}), "
        f"'found': CASE WHEN {at} > 0 THEN {found} END}}"
    )


def _places(tests: Sequence[_Test], scope: Scope) -> str:
    """SQL of the places where keywords are found: the first column, or member of `extra`, that each is in."""
    cells = scope.table.cells
    places = []
    for number, test in enumerate(tests, 1):
        if test.text is None and not test.said[2].startswith("not "):
            within = f"list_filter({cells}, lambda place: {keyword(test.value, 'place.value')})[1:1]"
            cut = _cut(str(number), "place.value", test.literal)
            places.append(f"list_transform({within}, lambda place: struct_insert({cut}, name := place.name))")
    return f"flatten([{', '.join(places)}])" if places else "NULL"
