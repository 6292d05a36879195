"""The metrics of a period on a terminal, and as plain values for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.report.plain import plain
from breachwatch.report.quantities import counted, day_and_time, number
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe
from breachwatch.respond.metrics.measuring import Metrics, Times
from breachwatch.respond.metrics.spread import Spread
from breachwatch.respond.metrics.times import DEFINITIONS

_RULES = 15


def metrics_page(found: Metrics) -> RenderableType:
    """Times, clocks, rules and nights; moments in the city's zone."""
    zone = found.period.zone
    since, until = day_and_time(found.period.since, zone), day_and_time(found.period.until, zone)
    told = (
        f"{counted(found.incidents, 'incident')}; {found.dismissed} needed no response, {found.merged} go on in others"
    )
    return Group(
        Text(f"{since} until {until}", "bold"),
        Text(told),
        heading("Times: median / 90th percentile (measured, not measured)"),
        indented(_times(found)),
        heading("Legal clocks"),
        indented(Text("; ".join(f"{count} {kind}" for kind, count in found.clocks.items() if count) or "none")),
        heading("False positives by rule"),
        *_rules(found),
        heading("Nights"),
        *_nights(found),
    )


def _times(found: Metrics) -> RenderableType:
    shown = table("", *(str(measure) for measure in found.times))
    scopes: list[tuple[str, Times]] = [("all", found.times), *found.by_month.items()]
    scopes += [(str(level), times) for level, times in found.by_severity.items()]
    for name, times in scopes:
        shown.add_row(Text(name), *(_spread(item) for item in times.values()))
    return shown


def _spread(item: Spread) -> Text:
    if item.median is None or item.percentile_90 is None:
        return Text(f"- (0, {item.not_measured})", "dim")
    return Text(f"{_short(item.median)} / {_short(item.percentile_90)} ({item.measured}, {item.not_measured})")


def _short(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _rules(found: Metrics) -> Iterator[RenderableType]:
    if not found.rules:
        yield indented(Text("no rule fired"))
        return
    shown = table("rule", "alerts", "judged", "false", "share", "incidents", "false incidents", flexible="rule")
    for rule in found.rules[:_RULES]:
        share = f"{rule.share:.0%}" if rule.share is not None else "-"
        counts = (rule.alerts, rule.judged, rule.false_positives)
        cells = [*(number(count) for count in counts), share, number(rule.incidents), number(rule.false_incidents)]
        shown.add_row(safe(rule.title, longest=200), *(Text(cell) for cell in cells))
    yield indented(shown)
    if len(found.rules) > _RULES:
        yield indented(Text(f"and {counted(len(found.rules) - _RULES, 'more rule')}: --json", "dim"))


def _nights(found: Metrics) -> Iterator[RenderableType]:
    nights = found.nights
    if nights.alerts.median is not None and nights.alerts.percentile_90 is not None:
        most = max(night.alerts for night in nights.nights)
        middle, high = nights.alerts.median, nights.alerts.percentile_90
        yield indented(Text(f"alerts a night: median {middle:g}, 90th percentile {high:g}, most {most}"))
    states = ", ".join(f"{night.day} {night.state}" for night in nights.nights if night.state != "completed")
    yield indented(Text(f"{counted(len(nights.nights), 'night')} with a run, {nights.without_run} without"))
    if states:
        yield indented(Text(f"not whole: {states}", "yellow"))
    for name, times in nights.silent:
        yield indented(safe(f"{name} fell silent {counted(times, 'time')}", "yellow"))
    for name, times in nights.failed:
        yield indented(safe(f"{name} could not be read in {counted(times, 'night')}", "yellow"))


def plain_metrics(found: Metrics) -> dict[str, Any]:
    """The same for scripts: times in seconds, levels and kinds by name, moments with their offset."""
    zone = found.period.zone
    made: dict[str, Any] = plain(found)
    made["period"] = {
        "since": found.period.since.astimezone(zone).isoformat(),
        "until": found.period.until.astimezone(zone).isoformat(),
        "time_zone": zone.key,
    }
    made["clocks"] = {kind.value: count for kind, count in found.clocks.items()}
    for rule, shown in zip(found.rules, made["rules"], strict=True):
        shown |= {"judged": rule.judged, "false_positives": rule.false_positives, "share": rule.share}
    return made


def definitions_markdown() -> str:
    """What each time runs from and to, and which records say so, as a table for the documentation."""
    rows = ["| time to | from | to | which records say so |", "|---|---|---|---|"]
    rows += [f"| {measure} | {item.runs_from} | {item.to} | {item.source} |" for measure, item in DEFINITIONS.items()]
    return "\n".join(rows) + "\n"
