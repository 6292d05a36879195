"""What other parameters of grouping would do, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.incidents.replay import GroupingPreview, Regrouped
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.report.tables import heading, indented
from breachwatch.report.text import visible

_SHOWN = 20


def grouping_page(found: GroupingPreview, zone: ZoneInfo) -> RenderableType:
    """Which incidents would be one, which would be several, and how many there would be."""
    return Group(*_parts(found, zone))


def _parts(found: GroupingPreview, zone: ZoneInfo) -> Iterator[RenderableType]:
    span = f"{day_and_time(found.since, zone)} to {day_and_time(found.until, zone)}"
    yield Text(f"{counted(found.alerts, 'alert')}, {span}. Nothing was changed.")
    nights = max(found.nights, 1)
    yield Text(
        f"by the settings {counted(found.incidents_now, 'incident')} ({found.incidents_now / nights:.1f} a night), "
        f"then {counted(found.incidents_then, 'incident')} ({found.incidents_then / nights:.1f} a night)",
        style="bold",
    )
    yield from _listed("would be one incident", found.joined)
    yield from _listed("would be several", found.split)
    if found.left_out or found.taken_in:
        said = (
            f"{counted(found.left_out, 'alert')} would be left without an incident, {found.taken_in:,} taken into one"
        )
        yield Text(said)


def _listed(title: str, regrouped: Sequence[Regrouped]) -> Iterator[RenderableType]:
    yield heading(f"{title[0].upper()}{title[1:]}: {len(regrouped)}")
    for item in regrouped[:_SHOWN]:
        parts = " + ".join(f"{size:,}" for size in item.parts[:8]) + (" + ..." if len(item.parts) > 8 else "")
        named = ", ".join(item.incidents) or "no incident yet"
        yield indented(Text(f"{named}: {parts} alerts; {visible(item.title, 120)}"))
    if len(regrouped) > _SHOWN:
        yield indented(Text(f"and {len(regrouped) - _SHOWN:,} more; --json shows all", style="dim"))
