"""How fast the city responded, incident by incident, as a frame to plot and to group."""

from __future__ import annotations

import pandas as pd

from breachwatch.model.people import Via
from breachwatch.people import acting
from breachwatch.respond.metrics.measuring import timed_incidents
from breachwatch.respond.metrics.periods import month_of, month_period
from breachwatch.respond.metrics.times import Measure
from breachwatch.workspace import Workspace


def response_times(ws: Workspace, month: str = "", *, months: int = 12) -> pd.DataFrame:
    """A row for each incident of so many months that end with `month` (2026-11; default: this one).

    Columns: number, opened_at (in the city's zone), month, severity, and the hours to detect, acknowledge, contain,
    decide and recover; what could not be measured is missing (NaN), and is never zero. docs/closure-and-metrics.md
    defines each. Raises UsageError for what is no month, NotPermittedError.
    """
    zone = ws.settings.city.zone
    period = month_period(month or month_of(ws.clock.now(), zone), zone, months=months)
    rows = [
        {
            "number": item.number,
            "opened_at": item.opened_at.astimezone(zone),
            "month": month_of(item.opened_at, zone),
            "severity": str(item.severity),
            **{measure.value: _hours(item.seconds[measure]) for measure in Measure},
        }
        for item in timed_incidents(ws, period, by=acting(ws, via=Via.NOTEBOOK))
    ]
    columns = ["number", "opened_at", "month", "severity", *(measure.value for measure in Measure)]
    return pd.DataFrame(rows, columns=columns)


def _hours(seconds: float | None) -> float:
    return seconds / 3600 if seconds is not None else float("nan")
