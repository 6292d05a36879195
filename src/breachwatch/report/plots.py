"""The plots of the monthly report: drawn offline, in greys that also print, each told in words as well."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from breachwatch.documents import Figure
from breachwatch.model.finding import Level
from breachwatch.report.quantities import counted
from breachwatch.respond.metrics.compliance import Kept
from breachwatch.respond.metrics.nights import Night
from breachwatch.respond.metrics.periods import Period

_WIDTH, _HEIGHT = 560, 190  # CSS pixels, the width of a page's text
_DARK = "#33475b"
_SHADES = {
    Level.CRITICAL: "#1b2733",
    Level.HIGH: "#33475b",
    Level.MEDIUM: "#6f8599",
    Level.LOW: "#aebbc7",
    Level.INFORMATIONAL: "#dfe5ea",
}


def alerts_plot(nights: Sequence[Night], period: Period) -> Figure:
    """Alerts of each night, as bars; a night without a run has no bar, and its place."""
    import altair as alt

    rows = [{"day": night.day.isoformat(), "alerts": night.alerts} for night in nights]
    chart = _chart(rows).mark_bar(color=_DARK)
    chart = chart.encode(
        x=alt.X(
            "day:O",
            title="night",
            scale=alt.Scale(domain=[day.isoformat() for day in period.days]),
            axis=alt.Axis(labelAngle=0, labelExpr="slice(datum.label, 8)"),
        ),
        y=alt.Y("alerts:Q", title="alerts", **_whole(max(night.alerts for night in nights))),
    )
    most = max(nights, key=lambda night: night.alerts)
    total = sum(night.alerts for night in nights)
    alt_text = (
        f"Bar chart of the alerts of each night, {nights[0].day} to {nights[-1].day}: {counted(total, 'alert')} in "
        f"{counted(len(nights), 'night')}, the most {most.alerts} on {most.day}."
    )
    return _drawn(chart, alt_text, "Alerts of each night")


def incidents_plot(months: Mapping[str, Mapping[Level, int]]) -> Figure:
    """Incidents of each month by severity, as stacked bars; the most severe at the bottom."""
    import altair as alt

    rows = [
        {"month": month, "severity": str(level), "rank": -level, "incidents": found.get(level, 0)}
        for month, found in months.items()
        for level in sorted(Level, reverse=True)
        if found.get(level)
    ]
    levels = [str(level) for level in _SHADES]
    chart = _chart(rows).mark_bar(stroke="white", strokeWidth=0.5)
    chart = chart.encode(
        x=alt.X("month:O", title="month", scale=alt.Scale(domain=list(months)), axis=alt.Axis(labelAngle=-45)),
        y=alt.Y("incidents:Q", title="incidents", **_whole(max(sum(found.values()) for found in months.values()))),
        color=alt.Color("severity:N", sort=levels, scale=alt.Scale(domain=levels, range=list(_SHADES.values()))),
        order=alt.Order("rank:Q"),
    )
    told = "; ".join(f"{month}: {sum(found.values())}" for month, found in months.items())
    return _drawn(chart, f"Stacked bar chart of incidents by month and severity. {told}.", "Incidents by month")


def clocks_plot(clocks: Mapping[Kept, int]) -> Figure:
    """How legal deadlines were kept, as bars."""
    import altair as alt

    order = [kind.value for kind in clocks]
    rows = [{"kept": kind.value, "deadlines": count} for kind, count in clocks.items()]
    chart = _chart(rows).mark_bar(color=_DARK)
    chart = chart.encode(
        x=alt.X("deadlines:Q", title="deadlines", **_whole(max(clocks.values()))),
        y=alt.Y("kept:N", sort=order, title=None, axis=alt.Axis(labelLimit=300)),
    )
    told = "; ".join(f"{count} {kind.value}" for kind, count in clocks.items())
    return _drawn(chart, f"Bar chart of legal deadlines by how they were kept: {told}.", "Legal deadlines")


def _whole(most: int) -> dict[str, Any]:
    """Axis and scale of a count up to `most`: some six whole numbers."""
    import altair as alt

    step = next(size * 10**power for power in range(18) for size in (1, 2, 5) if most <= 6 * size * 10**power)
    ticks = list(range(0, max(most, 1) + step, step))
    return {"axis": alt.Axis(values=ticks, format="d"), "scale": alt.Scale(domain=[0, ticks[-1]], nice=False)}


def _chart(rows: Sequence[Mapping[str, object]]) -> Any:
    """A chart over rows that lie in its own specification."""
    import altair as alt

    data: Any = alt.Data
    return alt.Chart(data(values=list(rows)))


def _drawn(chart: Any, alt_text: str, caption: str) -> Figure:
    """The chart as SVG and PNG, by vl-convert: neither a browser nor the network is asked."""
    chart = chart.properties(width=_WIDTH, height=_HEIGHT).configure_view(strokeWidth=0)
    chart = chart.configure(font="Liberation Sans", background="white")
    svg, png = io.StringIO(), io.BytesIO()
    chart.save(svg, format="svg")
    chart.save(png, format="png", scale_factor=2)
    return Figure(svg.getvalue(), png.getvalue(), alt_text, caption)
