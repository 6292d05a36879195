"""What one scan of all rules says of each, and what it ought to say of fields that no event has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import duckdb

from breachwatch.detect.compiling import Compiler
from breachwatch.detect.mapping import Route
from breachwatch.detect.reading import CUSTOM_KEY
from breachwatch.detect.rulepack import Rule
from breachwatch.lake.places import PLACE_FIELDS
from breachwatch.model.finding import Outcome, Scan

PLACES = {item.name for item in PLACE_FIELDS}
"""What a GeoIP database tells; without one a rule that asks for it is not applicable."""


@dataclass(frozen=True)
class Ended:
    """How a rule ended a scan, and the events of its findings."""

    outcome: Outcome
    unknown_fields: tuple[str, ...]
    events: set[str]


def single_events(rules: Iterable[Rule]) -> list[Rule]:
    """The rules over single events, each to report by itself: those that serve others too, and what "first" is over."""
    return [
        Rule(rule.source, replace(rule.head, said={**rule.head.said, CUSTOM_KEY: {}}), parsed=rule.parsed)
        for rule in rules
        if not rule.is_correlation
    ]


def by_rule(scan: Scan) -> dict[str, Ended]:
    """How each rule ended."""
    found: dict[str, set[str]] = {}
    for finding in scan.findings:
        found.setdefault(finding.rule_id, set()).update(finding.event_ids)
    return {
        item.rule_id: Ended(item.outcome, item.unknown_fields, found.get(item.rule_id, set())) for item in scan.outcomes
    }


@dataclass
class Filled:
    """Which routes pick any row of the tables, and which fields any row has; asked of DuckDB plainly."""

    connection: duckdb.DuckDBPyConnection
    compiler: Compiler
    asked: Mapping[str, Iterable[str]]  # dataset -> fields, by the table's names
    _fields: dict[str, set[str]] = field(default_factory=dict)
    _picked: dict[int, bool] = field(default_factory=dict)

    def unknown(self, rule: Rule) -> dict[str, tuple[str, ...]]:
        """By the rule's id, the fields that no event has; empty where no event is of its log source, or has places."""
        pairs = zip(self.compiler.routes(rule), self.compiler.searches(rule), strict=True)
        searches = [item for route, item in pairs if route.dataset in self.asked and self._picks_some(route)]
        names = dict.fromkeys(name for item in searches for name in item.fields)
        if not searches or PLACES & names.keys():
            return {}
        having = {
            name for item in searches for name, there in item.fields.items() if there in self._having(item.dataset)
        }
        return {rule.id: tuple(name for name in names if name not in having)}

    def _having(self, dataset: str) -> set[str]:
        if dataset not in self._fields:
            table, names = self.compiler.mappings.tables[dataset], list(self.asked[dataset])
            counts = ", ".join(f"count({table.column(name).sql})" for name in names) or "NULL"
            row = self.connection.execute(f"SELECT {counts} FROM {table.sql}").fetchone()
            self._fields[dataset] = {name for name, count in zip(names, row or (), strict=False) if count}
        return self._fields[dataset]

    def _picks_some(self, route: Route) -> bool:
        if id(route) not in self._picked:
            table, picks = self.compiler.mappings.tables[route.dataset].sql, self.compiler.picks(route) or "true"
            found = self.connection.execute(f"SELECT 1 FROM {table} WHERE {picks} LIMIT 1").fetchone()
            self._picked[id(route)] = found is not None
        return self._picked[id(route)]
