"""The story of an incident as a document: the lines that people chose, with what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from breachwatch.documents import Block, Document, Heading, Paragraph, Table
from breachwatch.model.casework import Precision, TimelineItem
from breachwatch.report.quantities import counted, day_and_time, zone_name

_LONGEST = 2000  # characters of one line; what a log said may be long


def timeline_document(number: str, items: Sequence[TimelineItem], city: str, zone: ZoneInfo, at: datetime) -> Document:
    """The timeline of an incident, dated `at` (aware): what people pinned first, then all of it; times in `zone`."""
    pinned = [item for item in items if item.pinned]
    blocks: list[Block] = []
    if pinned:
        blocks += [Heading("What matters most"), timeline_table(pinned, zone)]
    blocks += [Heading("Everything, in order of time")]
    blocks += [timeline_table(items, zone) if items else Paragraph("Nothing is on record.")]
    blocks.append(Paragraph(f"{counted(len(items), 'line')}, as the records had them at {day_and_time(at, zone)}."))
    return Document(f"Timeline of incident {number}", blocks, at, author=city, footer=f"{city} · {number}")


def timeline_table(items: Sequence[TimelineItem], zone: ZoneInfo) -> Table:
    """One line each: when, what the records say, what it means, who wrote it."""
    return Table(
        ["When", "What happened", "What it means", "Who"],
        [[_when(item, zone), _short(item.raw), _short(item.interpretation), item.author] for item in items],
        [1.7, 4.4, 2.4, 1.5],
    )


def _when(item: TimelineItem, zone: ZoneInfo) -> str:
    """As exactly as it is known, with the zone."""
    local = item.at.astimezone(zone)
    if item.precision is Precision.DAY:
        return f"{local:%Y-%m-%d}"
    if item.precision is Precision.HOUR:
        return f"{local:%Y-%m-%d} about {local:%H} h {zone_name(item.at, zone)}"
    return day_and_time(item.at, zone, seconds=item.precision is Precision.SECOND)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
