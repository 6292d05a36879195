"""The nights of a period: how many alerts each gave, which were not whole, which sources said nothing or failed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from breachwatch.model.summary import RunState
from breachwatch.records import cases, catalog
from breachwatch.respond.metrics.periods import Period
from breachwatch.respond.metrics.spread import Spread, spread

SILENT = "6e0d52b7-8cbe-4fb8-9bed-0e807a66d1f5"
"""The rule `detections/rules/breachwatch_sources_silent.yml`: a source of logs has gone silent."""


@dataclass(frozen=True, slots=True)
class Night:
    """One night of the city's calendar. `state` is that of its last run; a night without a run has no row."""

    day: date
    alerts: int
    state: RunState


@dataclass(frozen=True, slots=True)
class Nights:
    """The nights of a period. Sources come with how many nights they failed in, or how often they fell silent."""

    nights: tuple[Night, ...]
    alerts: Spread  # a night
    without_run: int  # nights that nothing was searched in
    silent: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, int], ...]


def nights_of(connection: Connection, period: Period) -> Nights:
    """The nights of a period; its last day is the one before the day that `until` begins."""
    days = period.days
    run, alert = catalog.run.c, cases.alert.c
    within = (run.night >= days[0].isoformat(), run.night <= days[-1].isoformat())
    rows = connection.execute(select(run.run_id, run.night, run.state).where(*within).order_by(run.started_at)).all()
    counted = select(alert.run_id, func.count().label("alerts")).join(catalog.run, run.run_id == alert.run_id)
    by_run = {row.run_id: row.alerts for row in connection.execute(counted.where(*within).group_by(alert.run_id))}
    alerts: Counter[str] = Counter()
    states: dict[str, RunState] = {}
    for row in rows:
        alerts[row.night] += by_run.get(row.run_id, 0)
        states[row.night] = RunState(row.state)
    nights = tuple(Night(date.fromisoformat(day), alerts[day], state) for day, state in sorted(states.items()))
    return Nights(
        nights=nights,
        alerts=spread(night.alerts for night in nights),
        without_run=len(days) - len(nights),
        silent=_silent(connection, period),
        failed=_failed(connection, [row.run_id for row in rows]),
    )


def _silent(connection: Connection, period: Period) -> tuple[tuple[str, int], ...]:
    alert = cases.alert.c
    within = (alert.rule_id == SILENT, alert.detected_at >= period.since, alert.detected_at < period.until)
    told = (json.loads(why).get("source", "") for why in connection.scalars(select(alert.why).where(*within)))
    return tuple(sorted(Counter(name for name in told if name).items()))


def _failed(connection: Connection, runs: list[str]) -> tuple[tuple[str, int], ...]:
    """Read one run at a time: the summary of a night holds an outcome for each of thousands of rules."""
    column = catalog.run.c
    found: Counter[str] = Counter()
    for run_id in runs:
        summary = connection.scalar(select(column.summary).where(column.run_id == run_id))
        sources = json.loads(summary or "{}").get("sources", ())
        found.update({str(source["source"]) for source in sources if source.get("failed") is not None})
    return tuple(sorted(found.items()))
