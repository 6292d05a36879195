"""What was sent to people, and what one sending did."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.notify.outbox import Message
from breachwatch.notify.sending import Sent
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.report.tables import table
from breachwatch.report.text import safe


def sent_page(done: Sent, *, channels: int) -> RenderableType:
    """What one sending did, in a line, and what went wrong."""
    if not channels:
        return Text("No channel is set: [[notify.channels]] in the settings says how people are reached.")
    if done.busy:
        return Text("Another process is sending just now.")
    said = [
        counted(done.sent, "message") + " sent",
        *([f"{done.later} did not go and are tried again"] if done.later else []),
        *([f"{done.failed} given up after a day"] if done.failed else []),
        *([f"{done.dropped} no longer needed"] if done.dropped else []),
    ]
    return Group(Text(", ".join(said) + "."), *(safe(error, "bold red") for error in done.errors))


def messages_page(found: Sequence[Message], zone: ZoneInfo) -> RenderableType:
    """Messages as a table, oldest first."""
    if not found:
        return Text("Nothing was sent yet.")
    shown = table("about", "kind", "channel", "state", "made", "title and trouble", flexible="title and trouble")
    for item in found:
        state = f"sent {day_and_time(item.sent_at, zone)}" if item.sent_at else str(item.state)
        trouble = f" ({item.error})" if item.error else ""
        step = f" {item.stage}" if item.stage else ""
        shown.add_row(
            safe(item.subject),
            safe(f"{item.kind}{step}"),
            safe(item.channel),
            Text(state, style="" if item.sent_at else "bold yellow"),
            Text(day_and_time(item.created_at, zone)),
            safe(f"{item.title}{trouble}", longest=400),
        )
    return shown
