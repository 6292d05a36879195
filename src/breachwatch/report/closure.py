"""The checklist of closing on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.incident import IncidentState
from breachwatch.report.next_steps import command
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.report.tables import heading, indented, typed
from breachwatch.report.text import safe, visible
from breachwatch.respond.closure.checklist import Checklist, Item, Met

_SHOWN = 12  # records that meet one thing; an incident may have a hundred pieces of evidence


def checklist_page(found: Checklist, zone: ZoneInfo, workspace: Path) -> RenderableType:
    """Everything that closing asks for, with what meets it or the command that mends it; times in `zone`."""
    left = sum(bool(item.missing) for item in found.items)
    state = f"{found.number} is {found.state}. "
    if found.state.ended:
        verdict = Text(f"{state}What its closing rests on:", "bold")
    else:
        told = f"{counted(left, 'thing is', 'things are')} missing" if left else "All that closing asks for is there"
        verdict = Text(f"{state}{told}.", "bold yellow" if left else "bold green")
    parts: list[RenderableType] = [verdict]
    for item in found.items:
        parts += _item(item, found, zone, workspace)
    if found.warnings:
        parts += [heading("Open beside it; this does not stop the closing")]
        parts += [indented(safe(text, "yellow", 400)) for text in found.warnings]
    if found.ready and found.state is IncidentState.VERIFYING:
        parts += [heading("What to type next")]
        parts.append(
            typed(visible(command("incident", "advance", found.number, "--to", "closed", workspace=workspace)))
        )
    return Group(*parts)


def _item(item: Item, found: Checklist, zone: ZoneInfo, workspace: Path) -> Iterator[RenderableType]:
    mark, style = ("[ ]", "yellow") if item.missing else ("[-]", "") if item.set_aside else ("[x]", "green")
    yield Text.assemble(("\n" + mark, style), " ", (item.asks, "bold" if item.missing else ""))
    if item.missing:
        yield indented(indented(safe(f"missing: {item.missing}", "yellow", 1000)))
        yield typed(visible(command(*item.meet, workspace=workspace)), depth=3)
        if item.waivable:
            waive = ("incident", "decide", found.number, "waiver", item.guard.value, "--reason", "WHY")
            yield typed(visible(command(*waive, workspace=workspace)), "or set it aside", depth=3)
    for met in item.met[:_SHOWN]:
        yield indented(indented(_met(met, zone)))
    if len(item.met) > _SHOWN:
        yield indented(indented(Text(f"and {len(item.met) - _SHOWN} more: --json", "dim")))


def _met(met: Met, zone: ZoneInfo) -> Text:
    who = ", ".join(filter(None, (visible(met.by, 60), day_and_time(met.at, zone) if met.at else "")))
    return Text.assemble(visible(met.what, 300), (f"  {who}" if who else "", "dim"))
