"""Obligations of an incident, and the board of clocks, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.duties import ClockState
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import visible
from breachwatch.respond.assessment.weighing import Outcome
from breachwatch.respond.duties.assessing import FactChange, OutcomeChange
from breachwatch.respond.duties.standing import Duty, Reading
from breachwatch.respond.law.profile import CONFIRM

_CLOCKS = {
    ClockState.OVERDUE: "bold red",
    ClockState.FOUR_FIFTHS: "red",
    ClockState.HALF: "yellow",
    ClockState.MET: "green",
}


def board_page(duties: Sequence[Duty], zone: ZoneInfo) -> RenderableType:
    """All open clocks by their safe date, because reminders go by it; with what counsel has decided."""
    if not duties:
        return Text("No clock is open.")
    rows = table("safe", "clock", "incident", "obligation", flexible="obligation")
    for duty in duties:
        decided = "to decide" if duty.decision is None or duty.reopened else duty.decision.outcome.value
        latest = f"\nlatest {duty.due.latest.astimezone(zone):%Y-%m-%d %H:%M}" if duty.due.latest else ""
        rows.add_row(
            Text(_moment(duty.due.safe, zone), _CLOCKS.get(duty.clock, "")) + Text(latest, "dim"),
            Text(duty.clock.value, _CLOCKS.get(duty.clock, "")) + Text(f"\n{decided}", "dim"),
            duty.incident,
            Text(duty.obligation.title) + Text(f"  {duty.obligation.id}", "dim"),
        )
    return Group(rows, Text(CONFIRM, style="yellow"))


def plain_duties(duties: Sequence[Duty]) -> list[dict[str, object]]:
    """The same for scripts: one flat table an obligation, times with their zone."""
    return [
        {
            "incident": duty.incident,
            "obligation": duty.obligation.id,
            "title": duty.obligation.title,
            "required_by_law": duty.obligation.required_by_law,
            "proposed": duty.proposal.outcome,
            "deciding": duty.proposal.deciding,
            "decision": duty.decision,
            "reopened": duty.reopened,
            "clock": duty.clock,
            "due": duty.due,
            "steps": duty.steps,
        }
        for duty in duties
    ]


def duties_page(duties: Sequence[Duty], readings: Sequence[Reading], zone: ZoneInfo) -> RenderableType:
    """The obligations of one incident: proposal, decision, steps, clock and how it moved."""
    if not duties:
        return Text("There is no assessment yet: `breachwatch assess WORKSHEET --incident NUMBER --reason WHY`.")
    parts: list[RenderableType] = []
    for outcome in Outcome:
        found = [duty for duty in duties if duty.proposal.outcome is outcome]
        if found and outcome is not Outcome.NOT_TRIGGERED:
            parts.append(heading(outcome.value.capitalize()))
            parts += [indented(_duty(duty, readings, zone)) for duty in found]
        elif found:
            names = ", ".join(duty.obligation.id for duty in found)
            parts += [heading(f"{outcome.value.capitalize()} ({len(found)})"), indented(Text(names, style="dim"))]
    return Group(*parts, Text(f"\n{CONFIRM}", style="yellow"))


def changes_text(facts: Sequence[FactChange], outcomes: Sequence[OutcomeChange]) -> str:
    """What a new assessment changed, in a few lines."""
    lines = [f"{item.fact}: {item.before} -> {item.after}" for item in facts]
    lines += [f"{item.obligation}: {_value(item.before)} -> {_value(item.after)}" for item in outcomes]
    return "\n".join(lines) or "Nothing changed."


def _duty(duty: Duty, readings: Sequence[Reading], zone: ZoneInfo) -> Text:
    shown = Text(duty.obligation.title, style="bold")
    shown.append(f"  {duty.obligation.id}  ", "dim")
    shown.append(duty.clock.value, _CLOCKS.get(duty.clock, ""))
    lines = [("due", duty.due.words)]
    if duty.due.safe is not None:
        lines.append(("safe", f"{_moment(duty.due.safe, zone)}; latest {_moment(duty.due.latest, zone)}"))
    now = duty.due.safe, duty.due.latest
    own = (item for item in readings if item.obligation == duty.obligation.id)
    earlier = [item for item in own if (item.safe, item.latest) != now]
    lines += [
        ("was", f"{_moment(item.safe, zone)}, computed {_moment(item.computed_at, zone)}: {item.because}")
        for item in earlier
    ]
    if duty.due.paused:
        lines.append(("paused", duty.due.paused))
    lines.append(("decided", _decided(duty)))
    lines += [
        (step.step.value.replace("_", " "), f"{_moment(step.at, zone)} ({step.recorded_by}): {step.reason}")
        for step in duty.steps
    ]
    lines.append(("law", "; ".join(duty.obligation.citation)))
    for name, value in lines:
        shown.append(f"\n  {name:<12} ", "dim")
        shown.append(visible(value))
    return shown


def _decided(duty: Duty) -> str:
    if duty.decision is None:
        return f"open; proposed: {duty.proposal.outcome.value}"
    if duty.reopened:
        return f"open again: {duty.reopened}"
    return f"{duty.decision.outcome.value}, {duty.decision.decided_by}: {duty.decision.basis}"


def _value(outcome: Outcome | None) -> str:
    return outcome.value if outcome is not None else "not in the profile"


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}" if moment is not None else "-"
