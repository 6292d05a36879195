"""What tending the lake did."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.lake.care import Compacted
from breachwatch.report.quantities import counted, size
from breachwatch.report.text import safe


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
