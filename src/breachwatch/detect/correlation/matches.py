"""The matches of a correlation's rules: one row for each event, or moment, that may take part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sigma.correlations import SigmaCorrelationType, SigmaRuleReference
from sigma.exceptions import SigmaCorrelationRuleError
from sigma.rule import SigmaRule

from breachwatch.detect.backend import Column, Kind
from breachwatch.detect.correlation.plan import Plan


@dataclass(frozen=True, slots=True)
class BaseSearch:
    """The search of a base rule in one table: its SQL (`SELECT * FROM ...`) and how a field is called there."""

    sql: str
    column: Callable[[str], Column]


Searches = Callable[[SigmaRule], Sequence[BaseSearch]]

# step        number of the rule among the correlation's, from 1
# time        when it matched; of an inner correlation, when its condition held
# place       position in the log `source`
# grouped_by  the group's values in lower case, `named` as they are written
# inner_group the group of the inner correlation, as a list; NULL for an event


def base_matches(asked: Plan, reference: SigmaRuleReference, step: int, search: BaseSearch) -> str:
    """The matches of a rule over single events in one table."""
    groups = [search.column(asked.called(reference, name)).text for name in asked.group_by]
    folded = [f"lower({sql})" for sql in groups]
    values = [_value(asked, search.column(asked.called(reference, name))) for name in asked.value_fields]
    present = "".join(f" AND {sql} IS NOT NULL" for sql in (*groups, *values))
    return (
        f"SELECT {step} AS step, event_id, time, source, record_number AS place,\n"
        f"       repeat_count AS weight, {asked.key(folded)} AS grouped_by, {asked.key(groups)} AS named,\n"
        f"       {_values(values)} AS value, CAST(NULL AS VARCHAR[]) AS inner_group\n"
        f"FROM (\n{search.sql}\n) WHERE time IS NOT NULL{present}"
    )


def inner_matches(asked: Plan, reference: SigmaRuleReference, step: int, inner: Plan, anchors: str) -> str:
    """The moments at which an inner correlation held, each once; `anchors` is its table of them."""

    def group(name: str) -> int:
        named = asked.called(reference, name)
        if named not in inner.group_by:
            msg = f"{reference.reference!r} is not grouped by {named!r}, so its results have no such field"
            raise SigmaCorrelationRuleError(msg)
        return inner.group_by.index(named) + 1

    groups = [group(name) for name in asked.group_by]
    values = [_value(asked, Column(inner.part("named", group(name)), Kind.TEXT)) for name in asked.value_fields]
    present = "".join(f" AND {sql} IS NOT NULL" for sql in values)
    return (
        f"SELECT {step} AS step, event_id, time, source, place, 1 AS weight,\n"
        f"       {asked.key([inner.part('grouped_by', number) for number in groups])} AS grouped_by,\n"
        f"       {asked.key([inner.part('named', number) for number in groups])} AS named,\n"
        f"       {_values(values)} AS value, {inner.listed('grouped_by')} AS inner_group\n"
        f"FROM (SELECT DISTINCT ON (grouped_by, time) * FROM {anchors}\n"
        f"ORDER BY grouped_by, time, event_id) WHERE true{present}"
    )


def once(asked: Plan, selects: Sequence[str]) -> str:
    """Counting, an event that several rules match counts once; in a sequence it may stand for each of them."""
    matches = "\nUNION ALL\n".join(selects)
    if not asked.counts or len(selects) == 1:
        return matches
    moment = "CASE WHEN inner_group IS NOT NULL THEN step END"
    return (
        f"SELECT DISTINCT ON (event_id, grouped_by, inner_group, {moment}) * FROM (\n{matches}\n)\n"
        f"ORDER BY event_id, grouped_by, inner_group, {moment}, step"
    )


def _value(asked: Plan, column: Column) -> str:
    if asked.kind is SigmaCorrelationType.VALUE_COUNT:
        return f"lower({column.text})"
    return f"CAST({column.number} AS DOUBLE)"


def _values(values: Sequence[str]) -> str:
    if not values:
        return "NULL"
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"
