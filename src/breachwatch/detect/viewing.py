"""One rule whole: what it says, where it came from, and what it is run as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.provenance import origin_of
from breachwatch.detect.rulepack import Rule
from breachwatch.model.finding import Level


@dataclass(frozen=True, slots=True)
class Query:
    """What a rule runs in one dataset; of a correlation, its one query over all of them."""

    dataset: str
    sql: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as a person wants to see it."""

    rule_id: str
    title: str
    level: Level
    status: str
    author: str
    licence: str
    licence_from: str  # what says so
    origin: str  # file, or pack and the path in it
    pack: str
    pack_version: str
    pack_origin: str
    pack_sha256: str
    date: str
    modified: str
    logsource: str
    description: str
    references: tuple[str, ...]
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    guide: tuple[str, ...]
    over: tuple[str, ...]  # titles of the rules that a correlation is over
    filters: tuple[str, ...]  # titles of the filters that are joined to it
    reports: bool
    revision: str
    text: str
    queries: tuple[Query, ...]
    problem: str  # why it cannot run


def view(rule: Rule, compiler: Compiler) -> RuleView:
    """Everything about a rule."""
    said = rule.document
    from_where = origin_of(rule)
    queries, problem = _queries(rule, compiler)
    return RuleView(
        rule_id=rule.id,
        title=rule.title,
        level=rule.level,
        status=str(said.get("status") or ""),
        author=rule.author,
        licence=from_where.licence,
        licence_from=from_where.licence_from,
        origin=from_where.origin,
        pack=from_where.pack,
        pack_version=from_where.pack_version,
        pack_origin=from_where.pack_origin,
        pack_sha256=from_where.pack_sha256,
        date=str(said.get("date") or ""),
        modified=str(said.get("modified") or ""),
        logsource=" and ".join(dict.fromkeys(base.logsource for base in (rule.bases() or [rule]))),
        description=str(said.get("description") or "").strip(),
        references=_lines(said.get("references")),
        tags=rule.tags,
        falsepositives=_lines(said.get("falsepositives")),
        guide=_lines(rule.custom.get("guide")),
        over=tuple(below.title for below in rule.below()),
        filters=_filters(rule, compiler),
        reports=rule.reports,
        revision=rule.source.revision,
        text=rule.source.text,
        queries=queries,
        problem=problem,
    )


def _queries(rule: Rule, compiler: Compiler) -> tuple[tuple[Query, ...], str]:
    try:
        if rule.is_correlation:
            datasets = dict.fromkeys(route.dataset for base in rule.bases() for route in compiler.routes(base))
            return (Query(", ".join(datasets), compiler.correlation(rule).sql),), ""
        return tuple(Query(search.dataset, search.sql) for search in compiler.searches(rule)), ""
    except (RuleError, ValueError) as error:
        return (), str(error)


def _filters(rule: Rule, compiler: Compiler) -> tuple[str, ...]:
    """The filters that change the condition of the rule, or of one that it is over."""
    found: dict[str, None] = {}
    for one in rule.bases() or [rule]:
        for item in compiler.filters.applied:
            try:
                parsed = SigmaRule.from_dict(one.document)
                before = list(parsed.detection.condition)
                item.parsed.apply_on_rule(parsed)
            except (SigmaError, ValueError, TypeError, AttributeError):
                return ()  # a rule that cannot be parsed has no filters; its problem says so
            if parsed.detection.condition != before:
                found[item.title] = None
    return tuple(found)


def _lines(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return tuple(line for line in str(value or "").splitlines() if line.strip())
