"""Sources as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from breachwatch.report.quantities import counted, day_and_time, length, number
from breachwatch.report.tables import table
from breachwatch.report.text import safe


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as the settings and the catalog know it; times are aware UTC.

    `configured` is False where only the catalog remembers it.
    """

    name: str
    kind: str
    format: str
    paths: tuple[str, ...]
    enabled: bool
    optional: bool
    configured: bool
    segments: int
    waiting: int
    lost: int
    records: int
    rows: int
    rejects: int
    last_event: datetime | None
    last_landed: datetime | None
    lag_seconds: int | None = None  # how old the newest event is
    state: str = "ok"  # ok, silent (longer than is usual or allowed), empty, off, gone (no longer in the settings)


def sources_page(lines: Sequence[SourceLine], zone: ZoneInfo) -> RenderableType:
    """What is collected and what came of it."""
    if not lines:
        return Text("No source is configured. Add [[sources]] to breachwatch.toml.")
    shown = table(
        *("source", "format", "records", "rows", "rejects", "newest event", "lag", "state", "note"),
        right=("records", "rows", "rejects", "lag"),
        flexible="note",
    )
    for line in lines:
        counts = (Text(number(value)) for value in (line.records, line.rows, line.rejects))
        newest = Text(day_and_time(line.last_event, zone)) if line.last_event else Text("none", style="dim")
        kind = line.kind if line.kind != "files" else line.format
        lag = Text(length(timedelta(seconds=line.lag_seconds)) if line.lag_seconds is not None else "")
        state = Text(line.state, style="bold yellow" if line.state == "silent" else "")
        shown.add_row(safe(line.name), safe(kind), *counts, newest, lag, state, _note(line))
    return shown


def _note(line: SourceLine) -> Text:
    if not line.configured:
        return Text("no longer in the settings", style="dim")
    if not line.enabled:
        return Text("not enabled", style="dim")
    told = []
    if line.lost:
        told.append(f"{counted(line.lost, 'segment')} lost before they could be read")
    if line.waiting:
        told.append(f"{counted(line.waiting, 'segment')} waiting")
    if not line.segments:
        told.append("nothing collected yet" + (", optional" if line.optional else ""))
    return Text("; ".join(told), style="bold yellow" if line.lost else "dim")
