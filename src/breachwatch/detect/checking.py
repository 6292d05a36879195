"""What is wrong with rules, told without any log: for `breachwatch rules check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import duckdb

from breachwatch.detect import describing
from breachwatch.detect.analytics import analytic_of
from breachwatch.detect.compiling import Compiler, RuleError, Search
from breachwatch.detect.engine import Progress
from breachwatch.detect.health.kinds import health_of
from breachwatch.detect.problems import RuleProblem, Severity
from breachwatch.detect.rulepack import Rule, RulePack
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.lake.authentication import authentication_view
from breachwatch.lake.connection import dataset_view
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Outcome, RuleOutcome
from breachwatch.workspace import Workspace


def check(
    ws: Workspace, until: datetime, pack: RulePack | None = None, progress: Progress | None = None
) -> list[RuleProblem]:
    """All problems of the rules that the settings name (or of `pack`), in the order of the rules.

    Every rule is compiled and its SQL prepared by DuckDB over empty datasets. `until` says which filters are expired.
    """
    pack = load_rules(ws) if pack is None else pack
    compiler, filters = compiler_for(ws, pack, until)
    found = [_unusable(item) for item in (*pack.problems, *filters)]
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for dataset in DATASETS.values():
            connection.execute(dataset_view(dataset, ()))
        connection.execute(authentication_view(frozenset(), ws.settings))
        for number, rule in enumerate(pack.rules, 1):
            found.extend(_problems(rule, compiler, connection))
            if progress is not None:
                progress("rules", number, len(pack.rules))
    finally:
        connection.close()
    compiler.save()
    return found


def _problems(rule: Rule, compiler: Compiler, connection: duckdb.DuckDBPyConnection) -> Iterator[RuleProblem]:
    origin = rule.source.origin
    try:
        describing.asked_entities(rule.custom)
        analytic_of(rule.custom)
        health_of(rule.custom)
        searches = [] if rule.is_correlation else compiler.searches(rule)
        sql = [compiler.correlation(rule).sql] if rule.is_correlation else [search.sql for search in searches]
        for query in sql:
            connection.execute(f"EXPLAIN {query}")
    except (RuleError, ValueError) as error:
        yield _error(rule.id, rule.title, origin, str(error))
        return
    except duckdb.Error as error:
        yield _error(rule.id, rule.title, origin, f"DuckDB refuses it: {str(error).splitlines()[0][:300]}")
        return
    warnings = []
    if not rule.is_correlation and not searches:
        warnings.append(f"no dataset is mapped to its log source ({rule.logsource}): it never runs")
    if searches:
        warnings += [
            f"no schema of {_named(searches)} has the field {name!r}; it is looked up among an event's further fields"
            for name in _unknown(searches, compiler)
        ]
    if rule.document.get("id") is None:
        warnings.append("has no id: its findings cannot be told from those of another rule of the same name or text")
    for message in warnings:
        yield RuleProblem(Severity.WARNING, rule.id, rule.title, origin, message)


def _unknown(searches: list[Search], compiler: Compiler) -> list[str]:
    names = dict.fromkeys(name for search in searches for name in search.fields)
    tables = compiler.mappings.tables
    return [
        name
        for name in names
        if not any(
            tables[search.dataset].column(search.fields[name]).known for search in searches if name in search.fields
        )
    ]


def _named(searches: list[Search]) -> str:
    return ", ".join(dict.fromkeys(search.dataset for search in searches))


def _unusable(item: RuleOutcome) -> RuleProblem:
    """A text that is no rule, or a filter that does not apply; one that expired was meant to."""
    told = _error(item.rule_id, item.title, item.rule_id, item.reason)
    return told if item.outcome is Outcome.COULD_NOT_RUN else replace(told, severity=Severity.WARNING)


def _error(rule_id: str, title: str, origin: str, message: str) -> RuleProblem:
    return RuleProblem(Severity.ERROR, rule_id, title, origin, message.removeprefix(f"{origin}: "))
