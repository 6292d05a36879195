"""Sigma correlations as DuckDB SQL: sliding windows per group, merged into episodes.

A *match* is one event of a rule that the correlation is over (or one moment at which an inner correlation held). At
each match the window of `timespan` that ends there is measured (RANGE frame, both ends inclusive); where the condition
holds, the match is an *anchor*. Windows of anchors that overlap are one *episode*: one finding, with the events of all
its windows. Details that matter:

- event_count counts what an event stands for (`repeat_count`), and an event that several rules match once;
- temporal_ordered wants the rules in their order, each by another event; events of one second count in the order of
  their log (`record_number`); the window begins with the earliest match of the first rule;
- an event without a value for a group-by field, or without a time, takes no part;
- an inner correlation takes part at the moments at which its condition held, and brings its events along.

Sigma specification 2.1, "Correlation rules".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaCorrelationRuleError, SigmaFeatureNotSupportedByBackendError
from sigma.rule import SigmaRule

from breachwatch.detect.backend import Column, Kind
from breachwatch.detect.backend.literals import quoted

RANGE_KEY = "breachwatch range"
"""Custom attribute with the further conditions of a range (`gte` and `lte`), of which pySigma takes only one."""

EPISODES_FROM = "episodes_from"
"""DuckDB variable with the earliest time of an anchor; unset means all. Only asked where a condition can become true
by seeing fewer events (`lt`, `eq`, averages ...): a window cut by the start of what was read must not count."""

MAX_DEPTH = 8
MAX_RULES = 50

_OPERATORS = {
    SigmaCorrelationConditionOperator.LT: "<",
    SigmaCorrelationConditionOperator.LTE: "<=",
    SigmaCorrelationConditionOperator.GT: ">",
    SigmaCorrelationConditionOperator.GTE: ">=",
    SigmaCorrelationConditionOperator.EQ: "=",
    SigmaCorrelationConditionOperator.NEQ: "<>",
}
_GROWING = (SigmaCorrelationConditionOperator.GT, SigmaCorrelationConditionOperator.GTE)
_COUNTS = (
    SigmaCorrelationType.EVENT_COUNT,
    SigmaCorrelationType.VALUE_COUNT,
    SigmaCorrelationType.TEMPORAL,
    SigmaCorrelationType.TEMPORAL_ORDERED,
)
_TEMPORAL = (SigmaCorrelationType.TEMPORAL, SigmaCorrelationType.TEMPORAL_ORDERED)


@dataclass(frozen=True, slots=True)
class BaseSearch:
    """The search of a base rule in one table: its SQL (`SELECT * FROM ...`) and how a field is called there."""

    sql: str
    column: Callable[[str], Column]


Searches = Callable[[SigmaRule], Sequence[BaseSearch]]


@dataclass(frozen=True, slots=True)
class CorrelationSql:
    """A correlation as one query: rows of group values, first and last time, count and event ids, one an episode."""

    sql: str
    group_by: tuple[str, ...]
    seconds: int  # the longest span from the first to the last event of one window, inner correlations included


def correlation_sql(rule: SigmaCorrelationRule, searches: Searches) -> CorrelationSql:
    """Compile a correlation whose references are resolved (`reference.rule` set). Raises SigmaError."""
    builder = _Builder(searches)
    top = builder.stage(rule, 1)
    evidence = builder.evidence(top)
    parts = ",\n".join(f"{name} AS MATERIALIZED (\n{body}\n)" for name, body in builder.ctes)
    sql = (
        f"WITH {parts}\n"
        "SELECT grouped_by, min(time) AS first_time, max(time) AS last_time, sum(weight)::BIGINT AS event_count,\n"
        "       list(event_id ORDER BY time, event_id) AS event_ids, grouped_by AS named, NULL AS more\n"
        f"FROM (\n{evidence}\n) GROUP BY grouped_by, episode ORDER BY first_time, grouped_by"
    )
    return CorrelationSql(sql, tuple(rule.group_by or ()), top.seconds)


@dataclass
class _Stage:
    """One correlation on its way into SQL: the names of its CTEs and of the correlations inside it."""

    name: str
    rule: SigmaCorrelationRule
    seconds: int
    inner: list[tuple[int, _Stage]] = field(default_factory=list)  # step number, inner correlation

    def cte(self, part: str) -> str:
        return f"{self.name}_{part}"


class _Builder:
    def __init__(self, searches: Searches) -> None:
        self.searches = searches
        self.ctes: list[tuple[str, str]] = []
        self._stages = 0

    def stage(self, rule: SigmaCorrelationRule, depth: int) -> _Stage:
        self._stages += 1
        references = _references(rule)
        if depth > MAX_DEPTH or self._stages > MAX_RULES or len(references) > MAX_RULES:
            msg = f"correlations nest deeper than {MAX_DEPTH} or join more than {MAX_RULES} rules"
            raise SigmaCorrelationRuleError(msg)
        name = f"c{self._stages}"
        stage = _Stage(name, rule, rule.timespan.seconds)
        selects: list[str] = []
        for step, reference in enumerate(references, 1):
            if isinstance(reference.rule, SigmaCorrelationRule):
                inner = self.stage(reference.rule, depth + 1)
                stage.inner.append((step, inner))
                selects.append(_inner_matches(rule, reference, step, inner))
            else:
                selects += [_base_matches(rule, reference, step, item) for item in self.searches(reference.rule)]
        if not selects:
            msg = "no table holds what the correlation's rules look for"
            raise SigmaCorrelationRuleError(msg)
        stage.seconds += max((inner.seconds for _, inner in stage.inner), default=0)
        self.ctes.append((stage.cte("matches"), _once(rule, "\nUNION ALL\n".join(selects))))
        self.ctes.append((stage.cte("anchors"), _anchors(stage, len(references))))
        return stage

    def evidence(self, top: _Stage) -> str:
        """SELECT of the events of all episodes of the outermost correlation."""
        self.ctes.append((top.cte("episodes"), _episodes(top)))
        return "\nUNION\n".join(self._events(top, top.cte("episodes")))

    def _events(self, stage: _Stage, spans: str) -> list[str]:
        """The base events inside `spans` (grouped_by, episode, grouping, first, last), inner correlations included."""
        inside = (
            f"FROM {stage.cte('matches')} AS event JOIN {spans} AS span\n"
            "  ON event.grouped_by = span.grouping AND event.time BETWEEN span.first AND span.last\n"
        )
        columns = "SELECT DISTINCT span.grouped_by, span.episode, event.event_id, event.time, event.weight\n"
        selects = [f"{columns}{inside}WHERE event.inner_group IS NULL"]
        for step, inner in stage.inner:
            inner_spans = inner.cte("spans")
            body = (
                "SELECT span.grouped_by, span.episode, event.inner_group AS grouping,\n"
                f"       min(event.since) AS first, max(event.time) AS last\n{inside}"
                f"WHERE event.step = {step} AND event.inner_group IS NOT NULL GROUP BY ALL"
            )
            self.ctes.append((inner_spans, body))
            selects += self._events(inner, inner_spans)
        return selects


def _references(rule: SigmaCorrelationRule) -> list[SigmaRuleReference]:
    if not isinstance(rule.condition, SigmaCorrelationCondition) or rule.rules is None:
        msg = "boolean conditions over the rules of a temporal correlation are not supported; give a list of rules"
        raise SigmaFeatureNotSupportedByBackendError(msg)
    return list(rule.rules)


def _base_matches(rule: SigmaCorrelationRule, reference: SigmaRuleReference, step: int, search: BaseSearch) -> str:
    groups = [search.column(_named(rule, reference, name)).text for name in rule.group_by or ()]
    values = [_value(rule, search.column(_named(rule, reference, name))) for name in _value_fields(rule)]
    present = "".join(f" AND {sql} IS NOT NULL" for sql in groups)
    return (
        f"SELECT {step} AS step, event_id, time, time AS since, record_number AS place, repeat_count AS weight,\n"
        f"       {_list(groups)} AS grouped_by, {_values(values)} AS value, CAST(NULL AS VARCHAR[]) AS inner_group\n"
        f"FROM (\n{search.sql}\n) WHERE time IS NOT NULL{present}"
    )


def _inner_matches(rule: SigmaCorrelationRule, reference: SigmaRuleReference, step: int, inner: _Stage) -> str:
    def group(name: str) -> Column:
        named = _named(rule, reference, name)
        known = list(inner.rule.group_by or ())
        if named not in known:
            msg = f"{reference.reference!r} is not grouped by {named!r}, so its results have no such field"
            raise SigmaCorrelationRuleError(msg)
        return Column(f"grouped_by[{known.index(named) + 1}]", Kind.TEXT)

    groups = [group(name).text for name in rule.group_by or ()]
    values = [_value(rule, group(name)) for name in _value_fields(rule)]
    return (
        f"SELECT {step} AS step, event_id, time, since, place, 1 AS weight, {_list(groups)} AS grouped_by,\n"
        f"       {_values(values)} AS value, grouped_by AS inner_group\n"
        f"FROM {inner.cte('anchors')}"
    )


def _once(rule: SigmaCorrelationRule, matches: str) -> str:
    """Counting, an event that several rules match counts once; in a sequence it may stand for each of them."""
    if rule.type in _TEMPORAL:
        return matches
    return f"SELECT DISTINCT ON (event_id, grouped_by) * FROM (\n{matches}\n) ORDER BY event_id, grouped_by, step"


def _anchors(stage: _Stage, steps: int) -> str:
    rule, source = stage.rule, stage.cte("matches")
    span = f"INTERVAL {rule.timespan.seconds} SECONDS"
    window = f"recent AS (PARTITION BY grouped_by ORDER BY time RANGE BETWEEN {span} PRECEDING AND CURRENT ROW)"
    columns = "event_id, time, place, grouped_by"
    if rule.type is SigmaCorrelationType.TEMPORAL_ORDERED:
        source = f"({_sequence(source, steps)})"
        return (
            f"SELECT {columns}, first AS since FROM (\n"
            f"SELECT *, min(since) FILTER (WHERE step = 1) OVER recent AS first FROM {source} WINDOW {window}\n"
            f") WHERE step = {steps} AND begun >= time - {span}{_from(rule)}"
        )
    conditions = " AND ".join(f"measure {operator} {number}" for operator, number in _conditions(rule))
    return (
        f"SELECT {columns}, first AS since FROM (\n"
        f"SELECT *, {_measure(rule)} OVER recent AS measure, min(since) OVER recent AS first FROM {source}\n"
        f"WINDOW {window}\n"
        f") WHERE {conditions}{_from(rule)}"
    )


def _sequence(source: str, steps: int) -> str:
    """Matches with `begun`: the latest time at which a sequence that ends with this match can have begun."""
    # A match of step n sorts before one of step n-1 of the same event: no event follows itself.
    order = "PARTITION BY grouped_by ORDER BY time, place, event_id, step DESC ROWS UNBOUNDED PRECEDING"
    sql = f"SELECT *, CASE WHEN step = 1 THEN time END AS begun FROM {source}"
    for step in range(2, steps + 1):
        before = f"max(CASE WHEN step = {step - 1} THEN begun END) OVER ({order})"
        sql = f"SELECT * REPLACE (CASE WHEN step = {step} THEN {before} ELSE begun END AS begun) FROM ({sql})"
    return sql


def _episodes(stage: _Stage) -> str:
    """Gaps and islands: a window that begins after all before it have ended begins a new episode."""
    order = "PARTITION BY grouped_by ORDER BY since, time, place, event_id"
    return (
        "SELECT grouped_by, episode, grouped_by AS grouping, min(since) AS first, max(time) AS last FROM (\n"
        f"SELECT *, sum(begins) OVER ({order} ROWS UNBOUNDED PRECEDING) AS episode FROM (\n"
        "SELECT *, CASE WHEN since <= max(time) OVER ("
        f"{order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS begins\n"
        f"FROM {stage.cte('anchors')}\n)) GROUP BY grouped_by, episode"
    )


def _conditions(rule: SigmaCorrelationRule) -> list[tuple[str, int | float]]:
    assert isinstance(rule.condition, SigmaCorrelationCondition)  # noqa: S101 - _references refused anything else
    first = [(_OPERATORS[rule.condition.op], rule.condition.count)]
    more = rule.custom_attributes.get(RANGE_KEY, ())
    return first + [(_OPERATORS[operator], number) for operator, number in more]


_MEASURES = {
    SigmaCorrelationType.EVENT_COUNT: "sum(weight)",
    SigmaCorrelationType.VALUE_COUNT: "count(DISTINCT value)",
    SigmaCorrelationType.TEMPORAL: "count(DISTINCT step)",
    SigmaCorrelationType.VALUE_SUM: "sum(value)",
    SigmaCorrelationType.VALUE_AVG: "avg(value)",
    SigmaCorrelationType.VALUE_MEDIAN: "median(value)",
}


def _measure(rule: SigmaCorrelationRule) -> str:
    if rule.type is SigmaCorrelationType.VALUE_PERCENTILE:
        percentile = getattr(rule.condition, "percentile", None)
        if percentile is None or not 0 <= percentile <= 100:
            msg = "value_percentile needs `percentile` from 0 to 100 in its condition"
            raise SigmaCorrelationRuleError(msg)
        return f"quantile_cont(value, {percentile / 100})"
    return _MEASURES[rule.type]


def _from(rule: SigmaCorrelationRule) -> str:
    condition = rule.condition
    growing = isinstance(condition, SigmaCorrelationCondition) and condition.op in _GROWING
    if rule.type in _COUNTS and growing and RANGE_KEY not in rule.custom_attributes:
        return ""
    return f"\n  AND time >= coalesce(getvariable({quoted(EPISODES_FROM)}), TIMESTAMP '0001-01-01')"


def _value_fields(rule: SigmaCorrelationRule) -> list[str]:
    named = getattr(rule.condition, "fieldref", None)
    fields = [named] if isinstance(named, str) else list(named or ())
    if len(fields) > 1 and rule.type is not SigmaCorrelationType.VALUE_COUNT:
        msg = "only value_count takes several fields"
        raise SigmaCorrelationRuleError(msg)
    return fields


def _value(rule: SigmaCorrelationRule, column: Column) -> str:
    return column.text if rule.type is SigmaCorrelationType.VALUE_COUNT else f"CAST({column.number} AS DOUBLE)"


def _values(values: Sequence[str]) -> str:
    if not values:
        return "NULL"
    if len(values) == 1:
        return values[0]
    present = " AND ".join(f"{value} IS NOT NULL" for value in values)
    return f"CASE WHEN {present} THEN [{', '.join(values)}] END"


def _list(items: Sequence[str]) -> str:
    return f"CAST([{', '.join(items)}] AS VARCHAR[])"


def _named(rule: SigmaCorrelationRule, reference: SigmaRuleReference, name: str) -> str:
    """What the referenced rule calls the correlation's field `name` (its alias, or the name itself)."""
    alias = rule.aliases.aliases.get(name) if rule.aliases else None
    if alias is None:
        return name
    known = {item.reference: field_name for item, field_name in alias.mapping.items()}
    target = reference.rule
    for key in (reference.reference, str(target.id), target.name):
        if key in known:
            return known[key]
    msg = f"the alias {name!r} does not say what {reference.reference!r} calls it"
    raise SigmaCorrelationRuleError(msg)
