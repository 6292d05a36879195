"""Filters on their way into force, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.incidents.tuning import FilterState, Proposal, Trial, TunedFilter
from breachwatch.report.filters import filter_preview_page
from breachwatch.report.next_steps import command
from breachwatch.report.quantities import counted, day_and_time, number
from breachwatch.report.tables import heading, indented, table, typed
from breachwatch.report.text import safe, visible

_STYLES = {FilterState.PENDING: "bold yellow", FilterState.APPROVED: "green"}


def proposals_page(found: Sequence[Proposal], workspace: Path) -> RenderableType:
    """What was proposed, what it asks for, and what it would have hidden; then the command that puts it into force."""
    return Group(*(part for item in found for part in _proposal(item, workspace)))


def _proposal(item: Proposal, workspace: Path) -> Iterator[RenderableType]:
    filed = f"{item.name}: pending, until a second person approves it" if item.name else "not filed"
    yield Text(filed, style="bold")
    yield indented(Text(f"from {counted(item.events, 'event')} of {visible(', '.join(item.rules), 200)}; it hides"))
    for name, value in item.wanted.items():
        yield indented(indented(Text(f"{visible(name, 60)} = {visible(str(value), 160)}")))
    yield from _told(item.trial)
    if item.name:
        words = ("rules", "filters", "approve", item.name, "--reason", "WHY")
        yield typed(visible(command(*words, workspace=workspace)), "as somebody else")


def trial_page(trial: Trial) -> RenderableType:
    """What a filter would have hidden."""
    return Group(filter_preview_page(trial.preview), heading("Confirmed cases"), *_told(trial))


def _told(trial: Trial) -> Iterator[RenderableType]:
    days = (trial.preview.until - trial.preview.since).total_seconds() / 86400
    hidden = f"{counted(trial.events, 'event')} and {counted(trial.alerts_gone, 'alert')}"
    yield indented(Text(f"in the last {days:.0f} days it would have hidden {hidden}"))
    if not trial.confirmed:
        yield indented(Text("and no event of a confirmed case", style="green"))
    for alert in trial.confirmed:
        told = f"{number(alert.hidden)} of {counted(alert.events, 'event')} of {alert.incident or alert.key[:8]}"
        yield indented(safe(f"and {told}, a confirmed case: {alert.rule_title}", "bold red", 300))


def tuned_page(found: Sequence[TunedFilter], zone: ZoneInfo) -> RenderableType:
    """The filters that were proposed, with their state and who decided."""
    if not found:
        return Text("No filter was proposed yet. `breachwatch rules filters propose KEY` does, from a false positive.")
    shown = table("filter", "state", "until", "by", flexible="filter")
    for item in found:
        said = visible(item.reason, 200) + (f" ({item.incident})" if item.incident else "")
        hid = item.tried.get("events", 0), item.tried.get("alerts_gone", 0)
        counts = f"would have hidden {counted(hid[0], 'event')}, {counted(hid[1], 'alert')}"
        changed = "\nits file was changed: it is not in force" if item.changed else ""
        what = Text.assemble((item.name, "bold"), f"\n{said}", (f"\n{counts}", "dim"), (changed, "bold red"))
        decided = f"\n{visible(item.decided_by, 200)}" if item.decided_by else ""
        by = Text(f"{visible(item.proposed_by, 200)} {day_and_time(item.proposed_at, zone)}{decided}")
        shown.add_row(what, Text(item.state.value, style=_STYLES.get(item.state, "dim")), Text(item.expires), by)
    return shown
