"""What tending the lake did."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.lake.care import Compacted, Disposal, Retained
from breachwatch.report.quantities import counted, day_and_time, number, size
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe

_SHOWN = 20


def compacted_page(done: Compacted) -> RenderableType:
    """What was merged, or would be."""
    said = "would become" if done.dry_run else "became"
    sizes = size(done.bytes_before) if done.dry_run else f"{size(done.bytes_before)}, now {size(done.bytes_after)}"
    told = f"{counted(done.files, 'file')} with {counted(done.rows, 'row')} {said} {done.merges} ({sizes})."
    parts: list[RenderableType] = [Text(told if done.merges else "There is nothing to merge.")]
    if done.removed:
        parts.append(Text(f"{counted(done.removed, 'file')} merged earlier removed.", style="dim"))
    parts += [safe(why, "bold red", 600) for why in done.refused]
    return Group(*parts)


def retained_page(done: Retained, *, periods: bool) -> RenderableType:
    """What was disposed of, or would be, and what stays although its period is over."""
    if not periods:
        return Text("Everything is kept for ever: the settings name no period ([lake] retention).")
    verb = "would be disposed of" if done.dry_run else "disposed of"
    told = f"{counted(done.files, 'lake file')} with {counted(done.rows, 'row')} ({size(done.bytes)}) and the bytes of "
    told += f"{counted(done.segments, 'segment')} ({size(done.segment_bytes)}) {verb}."
    parts: list[RenderableType] = [Text(told if done.files or done.segments else "Nothing is past its period.")]
    if done.files:
        parts.append(
            safe(", ".join(f"{name} {number(count)}" for name, count in sorted(done.by_dataset.items())), "dim")
        )
    if done.kept:
        parts.append(heading("Past their period, and kept"))
        shown = table("files", "because of", right=("files",), flexible="because of")
        for why, count in done.kept.most_common(_SHOWN):
            shown.add_row(Text(number(count)), safe(why, longest=300))
        parts.append(indented(shown))
    return Group(*parts)


def disposals_page(found: Sequence[Disposal], zone: ZoneInfo) -> RenderableType:
    """What has been disposed of, oldest first."""
    if not found:
        return Text("Nothing has been disposed of.")
    shown = table("when", "by", "what", "rows", "SHA-256", "why", right=("rows",), flexible="why")
    for item in found:
        what = f"{item.dataset} {item.date}" if item.dataset else item.path
        cells = (safe(item.actor), safe(what), Text(number(item.rows)), Text(item.sha256[:16]), safe(item.reason))
        shown.add_row(Text(day_and_time(item.at, zone)), *cells)
    return shown
