"""Holds as a table."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from breachwatch.lake.care import Hold
from breachwatch.report.quantities import day_and_time
from breachwatch.report.tables import table
from breachwatch.report.text import safe


def holds_page(found: Sequence[Hold], zone: ZoneInfo) -> RenderableType:
    """The holds with what they cover and whether they are in force."""
    if not found:
        return Text("There is no hold.")
    shown = table("hold", "placed", "by", "state", "covers and why", flexible="covers and why")
    for item in found:
        covers = ", ".join(f"{kind} {value}" for kind, value in item.items) or "everything"
        bounds = (("from", item.since), ("until", item.until))
        when = "".join(f" {word} {day_and_time(at, zone)}" for word, at in bounds if at is not None)
        ended = item.released_at is not None
        state = f"released {day_and_time(item.released_at, zone)}" if item.released_at else "in force"
        why = f" Released by {item.released_by}: {item.release_reason}" if ended else ""
        shown.add_row(
            safe(item.number),
            Text(day_and_time(item.placed_at, zone)),
            safe(item.placed_by),
            Text(state, style="dim" if ended else "bold"),
            safe(f"{covers}{when or ', any time'}. {item.reason}{why}", longest=1000),
        )
    return shown
