"""Running the rules about logs over what no run has searched yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from breachwatch import lake
from breachwatch.detect.compiling import Compiler, RuleError, Search
from breachwatch.detect.health import backwards, gaps, logs
from breachwatch.detect.health.kinds import Backwards, Gap, Silence, health_of
from breachwatch.detect.health.listening import silent_sources
from breachwatch.detect.health.telling import told_gap, told_silence, told_step
from breachwatch.detect.ran import Ran, as_run, matched
from breachwatch.detect.rulepack import Rule
from breachwatch.model.finding import Finding, Outcome, Scan, Window
from breachwatch.workspace import Workspace

_DAY = timedelta(days=1)
_NO_SUCH_LOG = "no run has yet to search a log that it is for"


def examine(ws: Workspace, compiler: Compiler, rules: Sequence[Rule], window: Window) -> Scan:
    """The findings of rules about logs. What is silent is judged at the window's end; changes nothing."""
    ran = []
    if rules:
        with logs.open_logs(ws, compiler) as opened:
            ran = [_run(opened, rule, window.end) for rule in rules]
    return Scan(
        window=window,
        findings=tuple(found for item in ran for found in item.findings),
        outcomes=tuple(item.outcome for item in ran),
        rules=tuple(item.compiled for item in ran if item.compiled),
        events_in_window=0,
    )


def not_examined(rules: Sequence[Rule], window: Window) -> Scan:
    """How rules about logs end in a search of the past, which looks at events alone."""
    reason = "it looks at logs as they come in; only a run does that"
    return Scan(window, (), tuple(rule.outcome(Outcome.NOT_APPLICABLE, reason) for rule in rules), (), 0)


def _run(opened: logs.Logs, rule: Rule, until: datetime) -> Ran:
    """Run one rule. Whatever is wrong with it ends up in its outcome."""
    if rule.problem:
        return Ran(rule.outcome(Outcome.COULD_NOT_RUN, f"{rule.source.origin}: {rule.problem}"))
    try:
        asked = health_of(rule.custom)
        searches = opened.compiler.searches(rule)
        if isinstance(asked, Silence):
            return _silence(opened, rule, asked, until)
        if isinstance(asked, Gap):
            return _gaps(opened, rule, searches, asked)
        assert isinstance(asked, Backwards)  # noqa: S101 - the caller chose by it
        return _backwards(opened, rule, searches, asked)
    except (RuleError, ValueError) as error:
        return Ran(rule.outcome(Outcome.COULD_NOT_RUN, f"{rule.source.origin}: {error}"))
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0][:300]
        return Ran(rule.outcome(Outcome.COULD_NOT_RUN, f"{rule.source.origin}: DuckDB refuses it: {reason}"))


def _ended(opened: logs.Logs, rule: Rule, findings: Sequence[Finding], sql: str, datasets: Sequence[str]) -> Ran:
    if not findings:
        return Ran(rule.outcome(Outcome.NO_MATCH))
    compiled = as_run(rule, opened.compiler.filters_of(rule), sql, datasets)
    limit = opened.ws.settings.detect.max_findings_per_rule
    kept = tuple(replace(found, rule_revision=compiled.revision) for found in findings[:limit])
    return matched(rule, kept, len(findings), compiled)


def _keys(by: Sequence[str]) -> list[str]:
    return ["source", "host", *(f"by{place}" for place in range(len(by)))]


# --- gaps -------------------------------------------------------------------------------------------------------------


def _gaps(opened: logs.Logs, rule: Rule, searches: Sequence[Search], asked: Gap) -> Ran:
    fresh = opened.fresh(asked.formats)
    datasets = list(dict.fromkeys(search.dataset for search in searches))
    if not fresh or not datasets:
        return Ran(rule.outcome(Outcome.NOT_APPLICABLE, _NO_SUCH_LOG))
    records = logs.records_sql(opened.compiler, searches, asked.by, asked.number)
    sql = gaps.islands_sql(records, _keys(asked.by), asked.slack, wanted=False)
    schema = opened.over_segments(datasets, fresh)
    rows = opened.run(schema, sql, logs_now=logs.lent_logs(fresh.values()))
    opened.drop(schema)
    streams = gaps.by_stream(gaps.read_islands(rows, new=True))
    if not streams:
        return Ran(rule.outcome(Outcome.NOT_APPLICABLE, _NO_SUCH_LOG))
    for stream, islands in _before(opened, asked, records, datasets, streams):
        streams[stream] = [*islands, *streams[stream]]
    missing = [item for islands in streams.values() for item in gaps.missing_in(islands, asked)]
    left = [item for item in missing if _is_gone(opened, asked, records, datasets, item)]
    left.sort(key=lambda item: (item.after.time, item.after.event_id))
    return _ended(opened, rule, [told_gap(rule, asked, item) for item in left], sql, datasets)


def _before(
    opened: logs.Logs, asked: Gap, records: str, datasets: Sequence[str], streams: dict[gaps.Stream, list[gaps.Island]]
) -> Iterator[tuple[gaps.Stream, list[gaps.Island]]]:
    """Of each stream the islands of the last day before the new ones on which it said something."""
    wanted = {stream: gaps.first_of(islands) for stream, islands in streams.items()}
    wanted = {stream: first for stream, first in wanted.items() if first.first > 1}
    if not wanted:
        return
    known = [
        item
        for item in logs.held_of_sources(opened.ws, {stream[0] for stream in wanted})
        if item.segment_id not in opened.new
    ]
    days = {file.date for name in datasets for file in lake.files(opened.ws, name)}
    sql = gaps.islands_sql(records, _keys(asked.by), asked.slack, wanted=True)
    day = max(first.begin.time for first in wanted.values()).date()
    last = min(first.begin.time for first in wanted.values()).date() - asked.history
    while wanted and day >= last and known:
        if day.isoformat() in days:
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            schema = opened.over_time(datasets, start, start + _DAY)
            lent = {"logs_now": logs.lent_logs(known), "wanted": _lent_streams(wanted, asked)}
            rows = opened.run(schema, sql, **lent)
            opened.drop(schema)
            for stream, islands in gaps.by_stream(gaps.read_islands(rows, new=False)).items():
                if gaps.first_of(islands).begin.time <= wanted[stream].begin.time:
                    del wanted[stream]
                    yield stream, islands
        day -= _DAY


def _lent_streams(wanted: dict[gaps.Stream, gaps.Island], asked: Gap) -> pa.Table:
    names = _keys(asked.by)
    return pa.table(
        {name: pa.array([stream[place] for stream in wanted], pa.string()) for place, name in enumerate(names)}
    )


def _is_gone(opened: logs.Logs, asked: Gap, records: str, datasets: Sequence[str], item: gaps.Missing) -> bool:
    """Whether records are missing that stand nowhere else in the lake, and not among what could not be parsed."""
    since, until = (time.replace(tzinfo=UTC) for time in (item.before.time, item.after.time))
    schema = opened.over_time(datasets, since - timedelta(hours=1), until + timedelta(hours=1))
    keys = _keys(asked.by)
    sql = (
        f"SELECT count(DISTINCT number) FROM (\n{records}\n) SEMI JOIN wanted USING ({', '.join(keys)})\n"
        f"WHERE number BETWEEN {item.first} AND {item.last}"
    )
    lent = pa.table({name: pa.array([item.stream[place]], pa.string()) for place, name in enumerate(keys)})
    ((present,),) = opened.run(schema, sql, wanted=lent)
    opened.drop(schema)
    left = item.last - item.first + 1 - int(present)
    return left > opened.rejects_in([item.before.segment_id, item.after.segment_id])


# --- time going backwards ---------------------------------------------------------------------------------------------


def _backwards(opened: logs.Logs, rule: Rule, searches: Sequence[Search], asked: Backwards) -> Ran:
    fresh = opened.fresh(asked.formats)
    datasets = list(dict.fromkeys(search.dataset for search in searches))
    if not fresh or not datasets:
        return Ran(rule.outcome(Outcome.NOT_APPLICABLE, _NO_SUCH_LOG))
    known = logs.held_of_logs(opened.ws, (item.file_id for item in fresh.values()))
    chosen = [*fresh.values(), *backwards.just_before(fresh.values(), known)]
    records = logs.records_sql(opened.compiler, searches, asked.by, asked.order)
    sql = backwards.steps_sql(records, _keys(asked.by), asked)
    schema = opened.over_segments(datasets, (item.segment_id for item in chosen))
    rows = opened.run(schema, sql, logs_now=logs.lent_logs(chosen, fresh))
    opened.drop(schema)
    steps = backwards.read_steps(rows)
    return _ended(opened, rule, [told_step(rule, asked, step) for step in steps], sql, datasets)


# --- silence ----------------------------------------------------------------------------------------------------------


def _silence(opened: logs.Logs, rule: Rule, asked: Silence, until: datetime) -> Ran:
    found = list(silent_sources(opened.ws, opened.connection, until, asked))
    sql = ";\n\n".join(item.sql for item in found)
    datasets = list(dict.fromkeys(item.last.dataset for item in found))
    return _ended(opened, rule, [told_silence(rule, item) for item in found], sql, datasets)
