"""Sources as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from breachwatch.report.quantities import counted, length, number, short_span
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
        *("source", "format", "records", "rows", "rejects", "newest event", "lag", "state"),
        right=("records", "rows", "rejects", "lag"),
        flexible="state",
    )
    for line in lines:
        counts = (Text(number(value)) for value in (line.records, line.rows, line.rejects))
        kind = line.kind if line.kind != "files" else line.format
        lag = timedelta(seconds=line.lag_seconds or 0)
        newest, age = Text("none", style="dim"), Text()
        if line.last_event:
            newest = Text(short_span(line.last_event, line.last_event, line.last_event + lag, zone))
            age = Text(length(lag) if line.lag_seconds is not None else "")
        state, note = Text(line.state, style="bold yellow" if line.state == "silent" else ""), _note(line)
        shown.add_row(
            safe(line.name), safe(kind), *counts, newest, age, Text("; ").join([state, note]) if note else state
        )
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
