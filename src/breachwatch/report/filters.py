"""Filters on a terminal: which there are, and what one would have hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.detect.previewing import FilterPreview, RulePreview
from breachwatch.report.quantities import counted, number
from breachwatch.report.tables import heading, indented, level_text, table
from breachwatch.report.text import safe

IN_FORCE = "in force"
_ALERTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FilterLine:
    """A filter of the settings; `state` is "in force", or why it is not."""

    title: str
    owner: str
    reason: str
    expires: str
    where: str
    state: str


def filters_page(lines: Sequence[FilterLine]) -> RenderableType:
    """The filters with whose they are, why and until when."""
    if not lines:
        return Text("There are no filters. detections/README.md tells how to write one.")
    shown = table("filter", "owner", "expires", "state", flexible="filter")
    for line in lines:
        in_force = line.state == IN_FORCE
        said = safe(line.reason or "no reason given", "dim", 300) if in_force else safe(line.state, "yellow", 400)
        title = Text.assemble(safe(line.title, longest=200), "\n", said)
        expires = (line.expires or "never") if in_force else "-"
        state = Text(IN_FORCE) if in_force else Text("not applied", "yellow")
        shown.add_row(title, safe(line.owner or "-", longest=200), Text(expires), state)
    return Group(shown, Text(counted(len(lines), "filter"), "dim"))


def filter_preview_page(found: FilterPreview) -> RenderableType:
    """What a filter would have hidden, rule by rule, then of the stored alerts."""
    return Group(*_preview(found))


def _preview(found: FilterPreview) -> Iterator[RenderableType]:
    days = (found.until - found.since).total_seconds() / 86400
    yield Text.assemble(safe(found.title, "bold", 200), f": what it would have hidden in the last {days:g} days")
    if found.owner or found.reason:
        yield safe(" - ".join(filter(None, (found.owner, found.reason))), "dim", 300)
    if not found.rules:
        yield Text("It is for no rule that runs here: look at its `rules` and its log source.", "yellow")
        return
    yield heading("Events")
    yield indented(_rules(found.rules))
    for rule in found.rules:
        for event in rule.examples:
            said = f"{event.time:%Y-%m-%d %H:%M:%S} {event.user or '-'} {event.source_ip or '-'} {event.host or '-'}"
            yield indented(Text.assemble(safe(said, "dim"), "  ", safe(event.message, longest=200)))
    yield heading("Alerts")
    gone = sum(alert.gone for alert in found.alerts)
    yield Text(f"  {counted(gone, 'alert')} would not have been raised, {number(len(found.alerts) - gone)} with less.")
    for alert in found.alerts[:_ALERTS_SHOWN]:
        said = "gone" if alert.gone else f"{number(alert.hidden)} of {counted(alert.events, 'event')} gone"
        yield indented(
            Text.assemble(safe(alert.incident or "no incident", "dim"), " ", safe(alert.rule_title), f": {said}")
        )
    if len(found.alerts) > _ALERTS_SHOWN:
        yield indented(Text(f"and {number(len(found.alerts) - _ALERTS_SHOWN)} more (--json shows all)", "dim"))


def _rules(rules: Sequence[RulePreview]) -> RenderableType:
    shown = table("level", "rule", "matches", "hidden", right=("matches", "hidden"), flexible="rule")
    for rule in rules:
        title = safe(rule.title, longest=200)
        if rule.problem:
            title = Text.assemble(title, "\n", safe(rule.problem, "yellow", 300))
        shown.add_row(level_text(rule.level), title, number(rule.matched), Text(number(rule.hidden), "bold"))
    return shown
