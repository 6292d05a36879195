"""What rules are compiled to: one search for each table that a rule's log source maps to; correlations as one query.

It is kept from run to run, by the hash of the rule's text, and used again as long as the program, mappings and filters
are the same (`cache`). What is not kept yet is translated from Sigma (`translating`): only then pySigma is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from breachwatch.detect.cache import NO_CACHE, Cache, as_json
from breachwatch.detect.correlation.query import CorrelationSql
from breachwatch.detect.filtering import Filters
from breachwatch.detect.loading import RuleText
from breachwatch.detect.mapping import Mappings, Route
from breachwatch.detect.placeholders import Placeholders
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.why_told import Explanation

if TYPE_CHECKING:
    from breachwatch.detect.translating import Translator

ROUTED = "breachwatch_routed"
"""Pipeline state that asks the backend to search the datasets a rule's log source maps to."""

NO_PLACEHOLDERS = Placeholders()
_PICKS = "picks"  # no hash of a rule


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
        self._cache = cache

    @cached_property
    def translator(self) -> Translator:
        """What translates the rules that are not kept yet."""
        from breachwatch.detect.translating import Translator

        return Translator(self.mappings, self.filters, self.placeholders)

    def routes(self, rule: Rule) -> list[Route]:
        """Where a single-event rule would search, read from its log source alone."""
        given = rule.head.said.get("logsource")
        given = given if isinstance(given, dict) else {}
        return self.mappings.for_logsource(*(str(given.get(key) or "") for key in ("product", "category", "service")))

    def picks(self, route: Route) -> str:
        """The condition of a route as SQL; empty where it takes every row."""
        return self._picks[id(route)]

    @cached_property
    def _picks(self) -> dict[int, str]:
        """The conditions of all routes, by the identity of each: the mappings live as long as this does."""
        routes = self.mappings.routes
        kept = self._cache.get(_PICKS)
        if kept is None:
            kept = [self.translator.picks(route) for route in routes]
            self._cache.put(_PICKS, kept)
        return {id(route): sql for route, sql in zip(routes, kept, strict=True)}

    def searches(self, rule: Rule) -> list[Search]:
        """The searches of a single-event rule. Raises RuleError."""
        kept = self._cache.get(rule.source.revision)
        if kept is None:
            try:
                kept = [asdict(item) for item in self.translator.searches(rule)]
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
            made = self.translator.explanations(rule)
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
                kept = as_json(CorrelationSql).dump_python(self.translator.correlation(rule), mode="json")
            except RuleError as error:
                kept = _refusal(error)
            self._cache.put(key, kept)
        if "message" in kept:
            raise RuleError(**kept)
        compiled: CorrelationSql = as_json(CorrelationSql).validate_python(kept)
        return compiled

    def filters_of(self, rule: Rule) -> list[RuleText]:
        """The texts of the filters in force on a rule, or on those that a correlation is over. Raises RuleError."""
        if not self.filters.applied:
            return []
        bases = rule.bases() if rule.is_correlation else [rule]
        meant = {revision for base in bases for revision in self._filters_of(base)}
        return [item.text for item in self.filters.applied if item.text.revision in meant]

    def _filters_of(self, rule: Rule) -> list[str]:
        """The revisions of the filters in force on a single-event rule."""
        key = f"{rule.source.revision}.filters"
        kept = self._cache.get(key)
        if kept is None:
            kept = [text.revision for text in self.translator.filters_of(rule)]
            self._cache.put(key, kept)
        return list(kept)

    def save(self) -> None:
        """Keep what was compiled for the next run."""
        self._cache.save()


def asdict(search: Search) -> dict[str, Any]:
    """A search as JSON data."""
    return {
        "dataset": search.dataset,
        "sql": search.sql,
        "fields": dict(search.fields),
        "renamed": dict(search.renamed),
        "bounds": search.bounds,
    }


def _refusal(error: RuleError) -> dict[str, Any]:
    """Why a rule cannot run, as JSON data."""
    return {"message": str(error), "waits": error.waits}
