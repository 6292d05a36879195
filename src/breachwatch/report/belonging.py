"""What belongs to an incident beside its casework, for the incident's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe
from breachwatch.respond.belonging import Belonging


def belonging_parts(found: Sequence[Belonging], zone: ZoneInfo) -> Iterator[RenderableType]:
    """A line for each report, referral, paper and records request, with its day in `zone`; nothing where none is."""
    if not found:
        return
    yield heading("Reports, referrals, papers, records requests")
    shown = table("number", "what", "kind", "state", "day")
    for item in found:
        day = Text(f"{item.at.astimezone(zone):%Y-%m-%d}", "dim")
        shown.add_row(safe(item.number), Text(item.what), safe(item.kind, longest=120), Text(item.state), day)
    yield indented(shown)
