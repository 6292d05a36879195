"""From anchors to episodes: windows that overlap are one, with every event that took part in any of them."""

from __future__ import annotations

from breachwatch.detect.correlation.stage import Stage, listed

_MEMBER = "outermost, episode, grouping, term"


def episodes(stage: Stage) -> str:
    """The anchors of the outermost correlation, each with the number of its episode within the group."""
    windows = f"(SELECT DISTINCT grouped_by, term, start, time FROM {stage.cte('anchors')})"
    numbered = _islands(windows, "grouped_by", "episode")
    return f"SELECT grouped_by AS outermost, episode, grouped_by AS grouping, term, start, time FROM (\n{numbered}\n)"


def inner_members(outer: Stage, inner: Stage, step: int) -> str:
    """The anchors of an inner correlation that took part in the episodes of the one around it."""
    return (
        "SELECT DISTINCT moment.outermost, moment.episode, anchor.grouped_by AS grouping, anchor.term, anchor.start,\n"
        "       anchor.time\n"
        f"FROM {outer.cte('taken')} AS moment JOIN {inner.cte('anchors')} AS anchor\n"
        f"  ON {inner.plan.listed('anchor.grouped_by')} = moment.inner_group AND anchor.time = moment.time\n"
        f"WHERE moment.step = {step}"
    )


def spans(stage: Stage) -> str:
    """The stretches of time that the members' windows cover, for each term: only its own rules take part there."""
    return (
        f"SELECT {_MEMBER}, min(start) AS first, max(time) AS last\n"
        f"FROM (\n{_islands(stage.cte('members'), _MEMBER, 'island')}\n) GROUP BY {_MEMBER}, island"
    )


def moments(stage: Stage) -> str:
    """The times at which something matched, numbered group by group: a stretch of time is a run of numbers."""
    return (
        "SELECT grouped_by, time, row_number() OVER (ORDER BY grouped_by, time) AS moment\n"
        f"FROM (SELECT DISTINCT grouped_by, time FROM {stage.cte('matches')})"
    )


def taken(stage: Stage) -> str:
    """The matches that took part."""
    # Every span begins with a match; a window that looks ahead may end without one.
    run = (
        f"SELECT {_MEMBER}, unnest(range(opens.moment, closes.moment + 1)) AS moment\n"
        f"FROM {stage.cte('spans')} AS span\n"
        f"ASOF JOIN {stage.cte('moments')} AS opens ON span.grouping = opens.grouped_by AND span.first <= opens.time\n"
        f"ASOF JOIN {stage.cte('moments')} AS closes ON span.grouping = closes.grouped_by AND span.last >= closes.time"
    )
    terms = [
        f"(term = {number} AND step IN ({listed(term.wanted)}))" for number, term in enumerate(stage.plan.terms, 1)
    ]
    return (
        "SELECT outermost, episode, step, event_id, event.time, weight, named, inner_group\n"
        f"FROM (\n{run}\n) JOIN {stage.cte('moments')} AS held USING (moment)\n"
        f"JOIN {stage.cte('matches')} AS event ON event.grouped_by = held.grouped_by AND event.time = held.time\n"
        f"WHERE {' OR '.join(terms)}"
    )


def result(top: Stage, stages: list[Stage]) -> str:
    """One row an episode; what the columns are, `CorrelationSql` says."""
    events = "\nUNION\n".join(
        "SELECT DISTINCT outermost, episode, event_id, time, weight\n"
        f"FROM {stage.cte('taken')} WHERE inner_group IS NULL"
        for stage in stages
    )
    return (
        f"SELECT {top.plan.listed('outermost')} AS grouped_by, min(time) AS first_time, max(time) AS last_time,\n"
        "       sum(weight)::BIGINT AS event_count, list(event_id ORDER BY time, event_id) AS event_ids,\n"
        f"       {top.plan.listed('any_value(named)')} AS named, NULL AS more, any_value(start) AS start,\n"
        "       any_value(first_match) AS first_match\n"
        f"FROM (\n{events}\n) JOIN (\n"
        "SELECT outermost, episode, min(time) AS start, arg_min(event_id, (time, event_id)) AS first_match,\n"
        "       arg_min(named, (time, event_id)) AS named\n"
        f"FROM {top.cte('taken')} GROUP BY outermost, episode\n) USING (outermost, episode)\n"
        "GROUP BY outermost, episode ORDER BY start, first_match, outermost"
    )


def _islands(source: str, group: str, number: str) -> str:
    """Gaps and islands: a window that begins after all before it have ended begins a new one.

    The windows of a term are distinct, so that the order is the same both times.
    """
    order = f"PARTITION BY {group} ORDER BY start, time, term"
    return (
        f"SELECT *, sum(begins) OVER ({order} ROWS UNBOUNDED PRECEDING) AS {number} FROM (\n"
        f"SELECT *, CASE WHEN start <= max(time) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)\n"
        f"          THEN 0 ELSE 1 END AS begins\nFROM {source}\n)"
    )
