"""Rules translated from Sigma to SQL: read by pySigma, filters joined, converted by our backend for each table."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping
from typing import Any

import pyparsing
from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaError, SigmaPlaceholderError
from sigma.rule import SigmaRule

from breachwatch.detect.backend import SEARCHED, Column, DuckDBBackend, Scope
from breachwatch.detect.backend.detections import detections_of, read_once
from breachwatch.detect.compiling import ROUTED, RuleError, Search
from breachwatch.detect.correlation import RANGE_KEY, BaseSearch, CorrelationSql, correlation_sql
from breachwatch.detect.filtering import Filters
from breachwatch.detect.loading import RuleText
from breachwatch.detect.mapping import Mappings, Route, load_mappings
from breachwatch.detect.placeholders import Placeholders
from breachwatch.detect.prune.bounds import Bound, every, to_json
from breachwatch.detect.prune.extracting import bound_of
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.why_sql import explanation
from breachwatch.detect.why_told import Explanation

CONDITION_CHARS = 20_000
_ANY_DETECTION = {"any": {"field": "value"}, "condition": "any"}  # for pySigma, which reads the rest of the rule

_RANGE = frozenset({"lt", "lte", "gt", "gte", "eq", "neq"})


class Translator:
    """Translates the rules of one run; each is read once."""

    def __init__(self, mappings: Mappings, filters: Filters, placeholders: Placeholders) -> None:
        self.mappings = mappings
        self.filters = filters
        self.placeholders = placeholders
        self._backend = DuckDBBackend()
        self._routed = Routed(self._backend, mappings)
        self._parsed: dict[str, SigmaRule | SigmaCorrelationRule] = {}

    def picks(self, route: Route) -> str:
        """The condition of a route as SQL; empty where it takes every row."""
        return self._routed.picked(route)[0]

    def searches(self, rule: Rule) -> list[Search]:
        """The searches of a single-event rule. Raises RuleError."""
        parsed = self._single(rule)
        with _explained():
            return self._routed.searches(parsed)

    def explanations(self, rule: Rule) -> list[Explanation]:
        """Why events match a single-event rule, for each of its searches. Raises RuleError."""
        parsed = self._single(rule)
        with _explained():
            return [
                explanation(self._backend, parsed, self.mappings.scope(route), route.dataset, self.picks(route))
                for route in self.mappings.for_rule(parsed)
            ]

    def correlation(self, rule: Rule) -> CorrelationSql:
        """The query of a correlation. Raises RuleError."""
        parsed = self.parse(rule)
        assert isinstance(parsed, SigmaCorrelationRule)  # noqa: S101 - the document has `correlation`
        with _explained():
            return correlation_sql(parsed, self._routed.base_searches)

    def filters_of(self, rule: Rule) -> list[RuleText]:
        """The texts of the filters in force on a single-event rule. Raises RuleError."""
        return self.filters.texts_for(self._single(rule))

    def parse(self, rule: Rule) -> SigmaRule | SigmaCorrelationRule:
        """The rule as pySigma's object, with its filters. Raises RuleError."""
        if rule.problem:
            raise RuleError(rule.problem)
        if rule.id not in self._parsed:
            with _explained():
                self._parsed[rule.id] = self._parse_correlation(rule) if rule.is_correlation else self._parse_rule(rule)
        return self._parsed[rule.id]

    def _single(self, rule: Rule) -> SigmaRule:
        parsed = self.parse(rule)
        assert isinstance(parsed, SigmaRule)  # noqa: S101 - the document has `detection`
        return parsed

    def _parse_rule(self, rule: Rule) -> SigmaRule:
        detection = rule.document["detection"]
        if len(str(detection.get("condition", ""))) > CONDITION_CHARS:
            msg = f"its condition is longer than {CONDITION_CHARS} characters"
            raise RuleError(msg)
        parsed = SigmaRule.from_dict({**rule.document, "detection": _ANY_DETECTION})
        parsed.detection = detections_of(detection, self.placeholders.of)
        self.filters.on(parsed)
        read_once(parsed.detection)
        return parsed

    def _parse_correlation(self, rule: Rule) -> SigmaCorrelationRule:
        document = copy.deepcopy(rule.document)
        condition = document["correlation"].get("condition")
        more: list[tuple[str, float]] = []
        if isinstance(condition, dict):
            operators = [key for key in condition if key in _RANGE]
            more = [(operator, condition.pop(operator)) for operator in operators[1:]]
        parsed = SigmaCorrelationRule.from_dict(document)
        if more:
            checked = [SigmaCorrelationCondition.from_dict({operator: number}) for operator, number in more]
            parsed.custom_attributes[RANGE_KEY] = [(item.op, item.count) for item in checked]
        if parsed.rules is None and isinstance(parsed.condition, SigmaExtendedCorrelationCondition):
            parsed.referenced_rules = [SigmaRuleReference(name) for name in parsed.condition.get_referenced_rules()]
        for reference, target in zip(parsed.rules or parsed.referenced_rules, rule.refers_to, strict=True):
            reference.rule = self.parse(target)
        return parsed


class Routed:
    """Rules converted for each table that their log sources map to."""

    def __init__(self, backend: DuckDBBackend, mappings: Mappings) -> None:
        self._backend = backend
        self._mappings = mappings
        self._picked: dict[int, tuple[str, Bound | None]] = {}

    def searches(self, rule: SigmaRule) -> list[Search]:
        """The rule's search in each table. Raises SigmaError."""
        return [self._search(rule, route) for route in self._mappings.for_rule(rule)]

    def base_searches(self, rule: SigmaRule) -> list[BaseSearch]:
        """The same for a correlation over the rule."""
        routes = self._mappings.for_rule(rule)
        return [
            BaseSearch(search.sql, self._column_of(route))
            for search, route in zip(self.searches(rule), routes, strict=True)
        ]

    def picked(self, route: Route) -> tuple[str, Bound | None]:
        """The condition of a route as SQL, empty where it takes every row, and its bound."""
        # Asked for by every rule of a log source; the mappings, and so their routes, live as long as this does.
        if id(route) not in self._picked:
            rule, scope = route.picks(), Scope(self._mappings.tables[route.dataset])
            sql = "" if rule is None else self._backend.condition(rule, scope)
            self._picked[id(route)] = sql, None if rule is None else bound_of(rule, scope, self._backend)
        return self._picked[id(route)]

    def _search(self, rule: SigmaRule, route: Route) -> Search:
        scope = self._mappings.scope(route)
        condition = self._backend.condition(rule, scope)
        picks, bound = self.picked(route)
        if picks:
            condition = f"({picks})\nAND ({condition})"
        fields = {name: route.fields.get(name, name) for name in scope.used}
        bounds = to_json(every([bound_of(rule, scope, self._backend), bound]))
        return Search(route.dataset, _query(scope, condition), fields, route.fields, bounds)

    def _column_of(self, route: Route) -> Callable[[str], Column]:
        table = self._mappings.tables[route.dataset]
        return lambda name: table.column(route.fields.get(name, name))


def _query(scope: Scope, condition: str) -> str:
    columns = f"* EXCLUDE ({SEARCHED})" if scope.keywords else "*"
    return f"SELECT {columns}\nFROM {scope.source}\nWHERE {condition}"


def queries_for_sigma_cli(backend: DuckDBBackend, rule: SigmaRule, state: Mapping[str, Any]) -> list[str]:
    """What `sigma convert` prints for a rule: routed with the pipeline, else one query over the table `events`."""
    return [search.sql for search in _cli_searches(backend, rule, state)]


def correlation_for_sigma_cli(backend: DuckDBBackend, rule: SigmaCorrelationRule, state: Mapping[str, Any]) -> str:
    """What `sigma convert` prints for a correlation."""
    if state.get(ROUTED):
        return correlation_sql(rule, Routed(backend, load_mappings()).base_searches).sql
    return correlation_sql(
        rule, lambda base: [BaseSearch(item.sql, Scope().column) for item in _cli_searches(backend, base, state)]
    ).sql


def _cli_searches(backend: DuckDBBackend, rule: SigmaRule, state: Mapping[str, Any]) -> list[Search]:
    if state.get(ROUTED):
        return Routed(backend, load_mappings()).searches(rule)
    scope = Scope()
    return [Search("events", _query(scope, backend.condition(rule, scope)), {}, {})]


class _explained(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a word: `with _explained():`
    """Turns whatever pySigma raises on a malformed rule into a RuleError that says what is wrong."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RuleError) or not isinstance(error, Exception):
            return
        if isinstance(error, RecursionError):
            reason = "it is nested too deeply"
        elif isinstance(error, SigmaError | pyparsing.ParseBaseException | NotImplementedError | ValueError):
            reason = " ".join(str(error).split()) or type(error).__name__
        else:
            # pySigma walks malformed data with plain attribute and item access.
            reason = f"it is not as the Sigma specification says ({type(error).__name__}: {error})"
        raise RuleError(reason[:1000], waits=isinstance(error, SigmaPlaceholderError)) from error
