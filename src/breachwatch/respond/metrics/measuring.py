"""The metrics of a period, from the records: counts and times, and nothing about anybody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.finding import roots
from breachwatch.incidents.casework.guards import DISMISSING
from breachwatch.model.casework import Verdict
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases, catalog, duties
from breachwatch.respond.duties.together import stand_together
from breachwatch.respond.metrics.compliance import Kept, kept
from breachwatch.respond.metrics.nights import Nights, nights_of
from breachwatch.respond.metrics.periods import Period, month_of, month_period
from breachwatch.respond.metrics.rules import RuleQuality, rule_quality
from breachwatch.respond.metrics.spread import Spread, spread
from breachwatch.respond.metrics.times import Measure, times_of
from breachwatch.workspace import Workspace

NOTHING_WRONG = frozenset({Verdict.FALSE_POSITIVE, *DISMISSING})
"""Verdicts of incidents in which there was nothing to respond to: counted, and not timed."""

Times = Mapping[Measure, Spread]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of incidents that were opened in a period. Times are seconds.

    `incidents` were timed; `dismissed` were found to need no response; `merged` go on in others and are counted there.
    `as_of` (aware UTC) is when the last of the records was written: clocks are judged as of then, so that the same
    records give the same metrics.
    """

    period: Period
    as_of: datetime
    incidents: int
    dismissed: int
    merged: int
    by_month_and_severity: Mapping[str, Mapping[Level, int]]  # of those that were timed
    times: Times
    by_month: Mapping[str, Times]
    by_severity: Mapping[Level, Times]
    clocks: Mapping[Kept, int]
    rules: tuple[RuleQuality, ...]
    nights: Nights


@dataclass(frozen=True, slots=True)
class TimedIncident:
    """One incident with its times in seconds; None stands for what could not be measured."""

    number: str
    opened_at: datetime
    severity: Level
    seconds: Mapping[Measure, float | None]


def metrics(ws: Workspace, period: Period, *, by: Actor) -> Metrics:
    """Measure a period, by all that is on record now. Raises NotPermittedError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        as_of = _last_written(connection) or ws.clock.now()
        rows = _opened(connection, period)
        real = [row for row in rows if row.verdict not in NOTHING_WRONG]
        times = times_of(connection, real)
        month = {row.number: month_of(row.opened_at, period.zone) for row in real}
        level = {row.number: _severity(row) for row in real}
        counts: dict[str, Counter[Level]] = {name: Counter() for name in period.months}
        for number in times:
            counts[month[number]][level[number]] += 1
        return Metrics(
            period=period,
            as_of=as_of,
            incidents=len(real),
            dismissed=len(rows) - len(real),
            merged=_merged(connection, period),
            by_month_and_severity={name: dict(found) for name, found in counts.items()},
            times=_spreads(times.values()),
            by_month=_grouped(times, month, period.months),
            by_severity=_grouped(times, level, tuple(sorted(Level, reverse=True))),
            clocks=_clocks(connection, rows, as_of),
            rules=rule_quality(connection, period),
            nights=nights_of(connection, period),
        )


def timed_incidents(ws: Workspace, period: Period, *, by: Actor) -> tuple[TimedIncident, ...]:
    """The incidents that the metrics of a period are made from, one by one. Raises NotPermittedError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        rows = [row for row in _opened(connection, period) if row.verdict not in NOTHING_WRONG]
        times = times_of(connection, rows)
    return tuple(TimedIncident(row.number, row.opened_at, _severity(row), times[row.number]) for row in rows)


def _severity(row: Row[Any]) -> Level:
    return Level(row.severity if row.severity >= 0 else row.level)


def metrics_of_month(ws: Workspace, month: str, *, by: Actor) -> tuple[Metrics, Metrics]:
    """The metrics of a month of the city's calendar (2026-11), and of the twelve months that end with it.

    Raises UsageError for what is no month, or has not begun; NotPermittedError.
    """
    zone = ws.settings.city.zone
    period = month_period(month, zone)
    if period.since > ws.clock.now():
        msg = f"{month} has not begun yet."
        raise UsageError(msg)
    return metrics(ws, period, by=by), metrics(ws, month_period(month, zone, months=12), by=by)


def _last_written(connection: Connection) -> datetime | None:
    """When the last change was written down, or the last run began; None where nothing ever was."""
    audit, run = cases.audit.c, catalog.run.c
    changed = connection.scalar(select(audit.at).order_by(audit.seq.desc()).limit(1))
    begun = connection.scalar(select(func.max(run.started_at)))
    return max((at for at in (changed, begun) if at is not None), default=None)


def _opened(connection: Connection, period: Period) -> Sequence[Row[Any]]:
    """What was opened in the period and goes on in no other; what nobody can see yet is left out."""
    columns = cases.incident.c
    hidden = [IncidentState.PRESERVING.value, IncidentState.MERGED.value]
    within = (columns.opened_at >= period.since, columns.opened_at < period.until)
    query = select(cases.incident).where(*within, columns.state.not_in(hidden))
    return connection.execute(query.order_by(columns.ordinal)).all()


def _merged(connection: Connection, period: Period) -> int:
    columns = cases.incident.c
    within = (columns.opened_at >= period.since, columns.opened_at < period.until)
    query = select(func.count()).select_from(cases.incident)
    return connection.scalar(query.where(*within, columns.state == IncidentState.MERGED.value)) or 0


def _spreads(times: Any) -> Times:
    every = list(times)
    return {measure: spread(found[measure] for found in every) for measure in Measure}


def _grouped(times: Mapping[str, Mapping[Measure, float | None]], group: Mapping[str, Any], order: Any) -> Any:
    """By group, in the given order; groups without an incident are left out."""
    found: dict[Any, list[Mapping[Measure, float | None]]] = defaultdict(list)
    for number, seconds in times.items():
        found[group[number]].append(seconds)
    return {name: _spreads(found[name]) for name in order if name in found}


def _clocks(connection: Connection, rows: Sequence[Row[Any]], as_of: datetime) -> dict[Kept, int]:
    """How the clocks of these incidents were kept, each obligation of an incident once."""
    assessed = set(connection.scalars(select(duties.assessment.c.incident).distinct()))
    assessed.update(roots(connection, assessed).values())
    found = dict.fromkeys(Kept, 0)
    for row in rows:
        if row.number in assessed:
            for duty in stand_together(connection, row, now=as_of):
                how = kept(duty, as_of)
                if how is not None:
                    found[how] += 1
    return found
