"""Sliding windows: the matches at which a correlation's condition holds, its anchors, each with its window.

Looking back, the window of a match is [time - span, time]. Looking ahead, it is [time, time + span], and the anchor's
`time` is its end: that is when one knows. Both ends belong to the window.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationType

from breachwatch.detect.backend.literals import quoted
from breachwatch.detect.correlation.plan import Plan, Term
from breachwatch.detect.correlation.query import OBSERVED_UNTIL, READ_FROM
from breachwatch.detect.correlation.stage import listed

_COLUMNS = "event_id, source, place, grouped_by, named"
_MEASURES = {
    SigmaCorrelationType.EVENT_COUNT: "sum(weight)",
    SigmaCorrelationType.VALUE_COUNT: "count(DISTINCT value)",
    SigmaCorrelationType.TEMPORAL: "count(DISTINCT step)",
    SigmaCorrelationType.VALUE_SUM: "sum(value)",
    SigmaCorrelationType.VALUE_AVG: "avg(value)",
    SigmaCorrelationType.VALUE_MEDIAN: "median(value)",
}


def anchors(asked: Plan, matches: str, seconds: int) -> str:
    """SELECT of the anchors: event, `time`, `start` (of the first match in the window), and the number of the term.

    `seconds` is the longest time from the first event of a window to its end, inner correlations included.
    """
    whole = _wholly_read(seconds) if asked.needs_whole_windows else ""
    if asked.conditions:
        return _measured(asked, matches) + whole
    terms = []
    for number, term in enumerate(asked.terms, 1):
        if asked.ordered:
            body = _sequence_ahead(asked, term, matches) if asked.ahead else _sequence(asked, term, matches)
        else:
            body = _together_ahead(asked, term, matches) if asked.ahead else _together(asked, term, matches)
        terms.append(f"SELECT {_COLUMNS}, time, start, {number} AS term FROM (\n{body}\n) WHERE true{whole}")
    return "\nUNION ALL\n".join(terms)


def _measured(asked: Plan, matches: str) -> str:
    held = " AND ".join(f"measure {operator} {number}" for operator, number in asked.conditions)
    return (
        f"SELECT {_COLUMNS}, time, start, 1 AS term FROM (\n"
        f"SELECT *, {_measure(asked)} OVER recent AS measure, first_value(time) OVER recent AS start\n"
        f"FROM {matches} WINDOW {_recent(asked)}\n"
        f") WHERE {held}"
    )


def _measure(asked: Plan) -> str:
    condition = asked.rule.condition
    if asked.kind is SigmaCorrelationType.VALUE_PERCENTILE and isinstance(condition, SigmaCorrelationCondition):
        return f"quantile_cont(value, {(condition.percentile or 0) / 100})"
    return _MEASURES[asked.kind]


def _together(asked: Plan, term: Term, matches: str) -> str:
    """Matches before which, within the span, each of the wanted rules matched."""
    present = " AND ".join(f"count(*) FILTER (step = {step}) OVER recent > 0" for step in term.wanted)
    return (
        f"SELECT * FROM (\nSELECT *, {present} AS holds, first_value(time) OVER recent AS start\n"
        f"FROM {matches} WHERE step IN ({listed(term.wanted)}) WINDOW {_recent(asked)}\n) WHERE holds"
    )


def _together_ahead(asked: Plan, term: Term, matches: str) -> str:
    """Wanted matches after which, within the span, each of the wanted rules matches and none of the absent ones."""
    holds = " AND ".join(
        [f"count(*) FILTER (step = {step}) OVER coming > 0" for step in term.wanted] + [_nothing_of(term)]
    )
    return _ahead(
        asked,
        f"SELECT *, {holds} AS holds\n"
        f"FROM {matches} WHERE step IN ({listed((*term.wanted, *term.absent))}) WINDOW {_coming(asked)}",
        f"holds AND step IN ({listed(term.wanted)})",
    )


def _nothing_of(term: Term) -> str:
    if not term.absent:
        return "true"
    return f"count(*) FILTER (step IN ({listed(term.absent)})) OVER coming = 0"


def _sequence(asked: Plan, term: Term, matches: str) -> str:
    """Matches of the last wanted rule with which, within the span, the wanted rules have matched in their order."""
    first, last = term.wanted[0], term.wanted[-1]
    chosen = f"(SELECT * FROM {matches} WHERE step IN ({listed(term.wanted)}))"
    # The window begins with the first match of the first rule; what comes before it took no part.
    return (
        f"SELECT * FROM (\nSELECT *, min(time) FILTER (step = {first}) OVER recent AS start\n"
        f"FROM ({_begun(chosen, term.wanted)}) WINDOW {_recent(asked)}\n"
        f") WHERE step = {last} AND begun >= time - {_span(asked)}"
    )


def _sequence_ahead(asked: Plan, term: Term, matches: str) -> str:
    """Matches of the first wanted rule with which such a sequence begins, and no absent rule matches in the span."""
    first, last = term.wanted[0], term.wanted[-1]
    chosen = f"(SELECT * FROM {matches} WHERE step IN ({listed((*term.wanted, *term.absent))}))"
    return _ahead(
        asked,
        f"SELECT *, max(begun) FILTER (step = {last}) OVER coming >= time AND {_nothing_of(term)} AS holds\n"
        f"FROM ({_begun(chosen, term.wanted)}) WINDOW {_coming(asked)}",
        f"holds AND step = {first}",
    )


def _begun(source: str, steps: Sequence[int]) -> str:
    """Matches with `begun`: the latest time at which a sequence of the steps that ends with this match can have begun.

    What precedes a match: everything earlier; at the same time what stands before it in the same log, and what other
    logs say: many write whole seconds, and which of them was first nobody can tell, so the order counts as kept.
    """
    sql = f"SELECT *, CASE WHEN step = {steps[0]} THEN time END AS begun FROM {source}"
    for before, step in itertools.pairwise(steps):
        value = f"max(CASE WHEN step = {before} THEN begun END)"
        sql = (
            f"SELECT * REPLACE (CASE WHEN step = {step} THEN greatest({value} OVER earlier, {value} OVER same_log,\n"
            f"       {value} OVER other_logs) ELSE begun END AS begun)\nFROM ({sql})\nWINDOW {_EARLIER}"
        )
    return sql


# In the same log a match of step n sorts before one of step n-1 of the same event: no event follows itself.
_EARLIER = """earlier AS (PARTITION BY grouped_by ORDER BY time
                RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING),
       same_log AS (PARTITION BY grouped_by, time, source ORDER BY place, event_id, step DESC ROWS UNBOUNDED PRECEDING),
       other_logs AS (PARTITION BY grouped_by, time ORDER BY source
                   RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE GROUP)"""


def _ahead(asked: Plan, body: str, condition: str) -> str:
    """The anchors of windows that look ahead, as far as they were read to their end."""
    observed = f"coalesce(CAST(getvariable({quoted(OBSERVED_UNTIL)}) AS TIMESTAMP), TIMESTAMP '9999-12-31')"
    return (
        f"SELECT * REPLACE (time + {_span(asked)} AS time), time AS start FROM (\n{body}\n)\n"
        f"WHERE {condition} AND time + {_span(asked)} < {observed}"
    )


def _wholly_read(seconds: int) -> str:
    """Fewer events can make the condition true, so a window must not be cut by the start of what was read."""
    start = f"CAST(getvariable({quoted(READ_FROM)}) AS TIMESTAMP) + INTERVAL {seconds} SECONDS"
    return f"\n  AND time >= coalesce({start}, TIMESTAMP '0001-01-01')"


def _recent(asked: Plan) -> str:
    frame = f"RANGE BETWEEN {_span(asked)} PRECEDING AND CURRENT ROW"
    return f"recent AS (PARTITION BY grouped_by ORDER BY time {frame})"


def _coming(asked: Plan) -> str:
    frame = f"RANGE BETWEEN CURRENT ROW AND {_span(asked)} FOLLOWING"
    return f"coming AS (PARTITION BY grouped_by ORDER BY time {frame})"


def _span(asked: Plan) -> str:
    return f"INTERVAL {asked.span} SECONDS"
