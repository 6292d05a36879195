"""What makes evidence believable to others: time stamps and ledgers."""

from __future__ import annotations

from rich.console import RenderableType

from breachwatch.evidence.timestamps.queue import Stamped
from breachwatch.report.quantities import counted
from breachwatch.report.text import safe


def stamped_page(done: Stamped) -> RenderableType:
    """What a pass over the queue gave."""
    text = f"{counted(len(done.stamped), 'time stamp')} came"
    text += f", {counted(len(done.pending), 'thing')} still waits" if len(done.pending) == 1 else ""
    text += f", {counted(len(done.pending), 'thing')} still wait" if len(done.pending) > 1 else ""
    return safe(text + ".")
