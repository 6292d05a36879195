"""What the lake uses, as a table with a forecast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.lake.care import LakeUse
from breachwatch.report.quantities import counted, number, size
from breachwatch.report.tables import table
from breachwatch.report.text import safe


def stats_page(used: LakeUse, zone: ZoneInfo) -> RenderableType:
    """The datasets, the folders, the disk, and when it is full."""
    return Group(*_parts(used, zone))


def _parts(used: LakeUse, zone: ZoneInfo) -> Iterator[RenderableType]:
    # Two tables, for all of it in one is wider than a terminal of eighty columns.
    columns = ("files", "small", "rows", "size", "a day")
    amounts = table("dataset", *columns, right=columns)
    times = table("dataset", "first event", "last event", "kept")
    for item in used.datasets:
        a_day = f"{size(item.bytes_per_day)}" if item.bytes_per_day is not None else "?"
        counts = (Text(number(value)) for value in (item.files, item.small_files, item.rows))
        amounts.add_row(safe(item.dataset), *counts, Text(size(item.bytes)), Text(a_day))
        period = Text(f"{item.days} d" if item.days else "for ever", style="" if item.days else "dim")
        ends = (Text(_day(item.first_event, zone)), Text(_day(item.last_event, zone)))
        times.add_row(safe(item.dataset), *ends, period)
    if used.datasets:
        yield amounts
        yield Text(f"\nTimes in {zone.key}", style="dim")
        yield times
    else:
        yield Text("The lake is empty.")
    waiting = f" ({size(used.retired_bytes)} more wait to be removed)" if used.retired_bytes else ""
    yield safe(f"\nlake      {size(used.lake_bytes)}{waiting} in {used.where}")
    yield Text(f"segments  {size(used.segment_bytes)} in {counted(used.segment_files, 'file')}")
    yield Text(f"vault     {size(used.vault_bytes)}, records and scratch space {size(used.other_bytes)}")
    yield Text(f"disk      {size(used.disk_free)} of {size(used.disk_total)} free" + _quota(used))
    yield Text.assemble("full      ", _full(used))


def _quota(used: LakeUse) -> str:
    return (
        f"; {size(max(0, used.forecast.room))} left of the quota of {size(used.quota_bytes)}"
        if used.quota_bytes
        else ""
    )


def _full(used: LakeUse) -> Text:
    told = used.forecast
    if told.bytes_per_day is None:
        return Text(told.basis, style="bold red" if told.full_on else "dim")
    when = f"on {told.full_on}" if told.full_on else "not within ten years"
    growth = f", growing by {size(told.bytes_per_day)} a day"
    return Text.assemble((f"{told.limit} {when}", "bold"), growth, (f" (basis: {told.basis})", "dim"))


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""
