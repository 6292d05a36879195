"""Rules as SQL: one search for each table that a rule's log source maps to; correlations as one query.

What a single-event rule compiles to is kept from run to run, by the hash of its text, and used again as long as the
program, mappings and filters are the same (`cache`).
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyparsing
from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition, SigmaRuleReference
from sigma.exceptions import SigmaError, SigmaPlaceholderError
from sigma.rule import SigmaRule

from breachwatch.detect.backend import SEARCHED, DuckDBBackend, Scope
from breachwatch.detect.backend.detections import detections_of
from breachwatch.detect.cache import NO_CACHE, Cache, as_json
from breachwatch.detect.correlation import RANGE_KEY, BaseSearch, CorrelationSql, correlation_sql
from breachwatch.detect.filtering import Filters
from breachwatch.detect.loading import RuleText
from breachwatch.detect.mapping import Mappings, Route, load_mappings
from breachwatch.detect.placeholders import Placeholders
from breachwatch.detect.prune.bounds import every, to_json
from breachwatch.detect.prune.extracting import bound_of
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.why_sql import Explanation, explanation

ROUTED = "breachwatch_routed"
"""Pipeline state that asks the backend to search the datasets a rule's log source maps to."""

CONDITION_CHARS = 20_000
NO_PLACEHOLDERS = Placeholders()
_ANY_DETECTION = {"any": {"field": "value"}, "condition": "any"}  # for pySigma, which reads the rest of the rule

_RANGE = frozenset({"lt", "lte", "gt", "gte", "eq", "neq"})


class RuleError(ValueError):
    """A rule cannot be turned into SQL; the message says why. `waits`: only for values that the settings can give."""

    def __init__(self, message: str, *, waits: bool = False) -> None:
        super().__init__(message)
        self.waits = waits


@dataclass(frozen=True, slots=True)
class Search:
    """The search of a single-event rule in one table.

    `fields`: the fields that its condition names, each with the table's name of it. `renamed`: all fields that the
    table calls otherwise. `bounds`: what must hold of an event that matches (see `prune.bounds`), as JSON data.
    """

    dataset: str
    sql: str
    fields: Mapping[str, str]
    renamed: Mapping[str, str]
    bounds: Any = None

    def name(self, field: str) -> str:
        """What the table calls a field of the rule."""
        return self.renamed.get(field, field)


class Compiler:
    """Compiles the rules of one run; each once."""

    def __init__(
        self,
        mappings: Mappings,
        filters: Filters,
        cache: Cache = NO_CACHE,
        placeholders: Placeholders = NO_PLACEHOLDERS,
    ) -> None:
        self.mappings = mappings
        self.filters = filters
        self.placeholders = placeholders
        self._backend = DuckDBBackend()
        self._parsed: dict[str, SigmaRule | SigmaCorrelationRule] = {}
        self._picks: dict[int, str] = {}
        self._cache = cache

    def routes(self, rule: Rule) -> list[Route]:
        """Where a single-event rule would search, read from its log source alone."""
        given = rule.head.said.get("logsource")
        given = given if isinstance(given, dict) else {}
        return self.mappings.for_logsource(*(str(given.get(key) or "") for key in ("product", "category", "service")))

    def picks(self, route: Route) -> str:
        """The condition of a route as SQL; empty where it takes every row."""
        # Asked for by every rule of a log source; the mappings, and so their routes, live as long as this does.
        if id(route) not in self._picks:
            rule = route.picks()
            scope = Scope(self.mappings.tables[route.dataset])
            self._picks[id(route)] = "" if rule is None else self._backend.condition(rule, scope)
        return self._picks[id(route)]

    def searches(self, rule: Rule) -> list[Search]:
        """The searches of a single-event rule. Raises RuleError."""
        kept = self._cache.get(rule.source.revision)
        if kept is None:
            try:
                kept = [asdict(item) for item in self._compile(rule)]
            except RuleError as error:
                kept = _refusal(error)
            self._cache.put(rule.source.revision, kept)
        if isinstance(kept, dict):
            raise RuleError(**kept)
        return [Search(**item) for item in kept]

    def explanations(self, rule: Rule) -> list[Explanation]:
        """Why events match a single-event rule: a query for each of its searches. Raises RuleError."""
        key = f"{rule.source.revision}.why"
        kept = self._cache.get(key)
        if kept is None:
            parsed = self._parse(rule)
            assert isinstance(parsed, SigmaRule)  # noqa: S101 - the document has `detection`
            with _explained():
                made = [
                    explanation(self._backend, parsed, self.mappings.scope(route), route.dataset, self.picks(route))
                    for route in self.mappings.for_rule(parsed)
                ]
            kept = as_json(list[Explanation]).dump_python(made, mode="json")
            self._cache.put(key, kept)
        compiled: list[Explanation] = as_json(list[Explanation]).validate_python(kept)
        return compiled

    def correlation(self, rule: Rule) -> CorrelationSql:
        """The query of a correlation. Raises RuleError."""
        if rule.problem:
            raise RuleError(rule.problem)
        texts = "\0".join(part.source.revision for part in (*rule.below(), rule))
        key = f"{hashlib.sha256(texts.encode()).hexdigest()}.correlation"
        kept = self._cache.get(key)
        if kept is None:
            try:
                kept = as_json(CorrelationSql).dump_python(self._compile_correlation(rule), mode="json")
            except RuleError as error:
                kept = _refusal(error)
            self._cache.put(key, kept)
        if "message" in kept:
            raise RuleError(**kept)
        compiled: CorrelationSql = as_json(CorrelationSql).validate_python(kept)
        return compiled

    def filters_of(self, rule: Rule) -> list[RuleText]:
        """The texts of the filters in force on a rule, or on those that a correlation is over. Raises RuleError."""
        bases = [self._parse(base) for base in (rule.bases() if rule.is_correlation else [rule])]
        return self.filters.texts_for(base for base in bases if isinstance(base, SigmaRule))

    def save(self) -> None:
        """Keep what was compiled for the next run."""
        self._cache.save()

    def _compile(self, rule: Rule) -> list[Search]:
        parsed = self._parse(rule)
        assert isinstance(parsed, SigmaRule)  # noqa: S101 - the document has `detection`
        with _explained():
            return routed_searches(self._backend, parsed, self.mappings)

    def _compile_correlation(self, rule: Rule) -> CorrelationSql:
        parsed = self._parse(rule)
        assert isinstance(parsed, SigmaCorrelationRule)  # noqa: S101 - the document has `correlation`
        with _explained():
            return correlation_sql(parsed, self._base_searches)

    def _base_searches(self, rule: SigmaRule) -> list[BaseSearch]:
        return [
            BaseSearch(search.sql, _column_of(self.mappings, route))
            for search, route in zip(
                routed_searches(self._backend, rule, self.mappings), self.mappings.for_rule(rule), strict=True
            )
        ]

    def _parse(self, rule: Rule) -> SigmaRule | SigmaCorrelationRule:
        if rule.problem:
            raise RuleError(rule.problem)
        if rule.id not in self._parsed:
            with _explained():
                self._parsed[rule.id] = self._parse_correlation(rule) if rule.is_correlation else self._parse_rule(rule)
        return self._parsed[rule.id]

    def _parse_rule(self, rule: Rule) -> SigmaRule:
        detection = rule.document["detection"]
        if len(str(detection.get("condition", ""))) > CONDITION_CHARS:
            msg = f"its condition is longer than {CONDITION_CHARS} characters"
            raise RuleError(msg)
        parsed = SigmaRule.from_dict({**rule.document, "detection": _ANY_DETECTION})
        parsed.detection = detections_of(detection, self.placeholders.of)
        return self.filters.on(parsed)

    def _parse_correlation(self, rule: Rule) -> SigmaCorrelationRule:
        document = copy.deepcopy(rule.document)
        condition = document["correlation"].get("condition")
        more: list[tuple[str, float]] = []
        if isinstance(condition, dict):
            operators = [key for key in condition if key in _RANGE]
            more = [(operator, condition.pop(operator)) for operator in operators[1:]]
        parsed = SigmaCorrelationRule.from_dict(document)
        if more:
            from sigma.correlations import SigmaCorrelationCondition

            checked = [SigmaCorrelationCondition.from_dict({operator: number}) for operator, number in more]
            parsed.custom_attributes[RANGE_KEY] = [(item.op, item.count) for item in checked]
        if parsed.rules is None and isinstance(parsed.condition, SigmaExtendedCorrelationCondition):
            parsed.referenced_rules = [SigmaRuleReference(name) for name in parsed.condition.get_referenced_rules()]
        for reference, target in zip(parsed.rules or parsed.referenced_rules, rule.refers_to, strict=True):
            reference.rule = self._parse(target)
        return parsed


def routed_searches(backend: DuckDBBackend, rule: SigmaRule, mappings: Mappings) -> list[Search]:
    """The rule's search in each table that its log source maps to. Raises SigmaError."""
    return [_search(backend, rule, route, mappings) for route in mappings.for_rule(rule)]


def _search(backend: DuckDBBackend, rule: SigmaRule, route: Route, mappings: Mappings) -> Search:
    scope = mappings.scope(route)
    condition = backend.condition(rule, scope)
    bounds = [bound_of(rule, scope, backend)]
    picks = route.picks()
    if picks is not None:
        condition = f"({backend.condition(picks, Scope(scope.table))})\nAND ({condition})"
        bounds.append(bound_of(picks, Scope(scope.table), backend))
    fields = {name: route.fields.get(name, name) for name in scope.used}
    return Search(route.dataset, _query(scope, condition), fields, route.fields, to_json(every(bounds)))


def _query(scope: Scope, condition: str) -> str:
    columns = f"* EXCLUDE ({SEARCHED})" if scope.keywords else "*"
    return f"SELECT {columns}\nFROM {scope.source}\nWHERE {condition}"


def _column_of(mappings: Mappings, route: Route) -> Any:
    table = mappings.tables[route.dataset]
    return lambda name: table.column(route.fields.get(name, name))


def queries_for_sigma_cli(backend: DuckDBBackend, rule: SigmaRule, state: Mapping[str, Any]) -> list[str]:
    """What `sigma convert` prints for a rule: routed with the pipeline, else one query over the table `events`."""
    return [search.sql for search in _cli_searches(backend, rule, state)]


def correlation_for_sigma_cli(backend: DuckDBBackend, rule: SigmaCorrelationRule, state: Mapping[str, Any]) -> str:
    """What `sigma convert` prints for a correlation."""
    mappings = load_mappings()

    def searches(base: SigmaRule) -> Sequence[BaseSearch]:
        if state.get(ROUTED):
            found = routed_searches(backend, base, mappings)
            routes = mappings.for_rule(base)
            return [
                BaseSearch(item.sql, _column_of(mappings, route)) for item, route in zip(found, routes, strict=True)
            ]
        return [BaseSearch(item.sql, Scope().column) for item in _cli_searches(backend, base, state)]

    return correlation_sql(rule, searches).sql


def _cli_searches(backend: DuckDBBackend, rule: SigmaRule, state: Mapping[str, Any]) -> list[Search]:
    if state.get(ROUTED):
        return routed_searches(backend, rule, load_mappings())
    scope = Scope()
    return [Search("events", _query(scope, backend.condition(rule, scope)), {}, {})]


def asdict(search: Search) -> dict[str, Any]:
    """A search as JSON data."""
    return {
        "dataset": search.dataset,
        "sql": search.sql,
        "fields": dict(search.fields),
        "renamed": dict(search.renamed),
        "bounds": search.bounds,
    }


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


def _refusal(error: RuleError) -> dict[str, Any]:
    """Why a rule cannot run, as JSON data."""
    return {"message": str(error), "waits": error.waits}
