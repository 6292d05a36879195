"""The dry run of a source as a page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.tried import Tried
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.report.tables import heading, table
from breachwatch.report.text import safe

_WHAT = 200


def trial_page(tried: Tried, zone: ZoneInfo) -> RenderableType:
    """What was read, ten records as they were understood, rejects with the reason, and what went wrong."""
    formats = ", ".join(tried.formats) or "no format recognised"
    counts = f"{counted(tried.rows, 'row')}, {counted(tried.rejected, 'reject')}"
    parts: list[RenderableType] = [safe(f"{tried.source}: {formats}; {counts} in what was looked at")]
    if tried.records:
        shown = table("time", "dataset", "host", "who", "what", flexible="what")
        for item in tried.records:
            time = day_and_time(item.time, zone, seconds=True) if item.time else "no time"
            cells = (item.dataset, item.host, item.who)
            shown.add_row(Text(time), *(safe(cell, longest=60) for cell in cells), safe(item.what, longest=_WHAT))
        parts.append(shown)
    if tried.rejects:
        listed = table("reason", "record", flexible="record")
        for item in tried.rejects:
            listed.add_row(safe(item.reason), safe(item.what, longest=_WHAT))
        parts += [heading("Rejects"), listed]
    if tried.problems:
        parts.append(heading("Problems"))
        parts += [safe(f"{item.where}: {item.what}") for item in tried.problems]
    parts.append(Text("Nothing was stored; the next run begins where the last one ended.", style="dim"))
    return Group(*parts)
