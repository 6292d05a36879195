"""Files of incidents that are due for disposal, and what became of disposals, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.report.tables import table
from breachwatch.report.text import visible
from breachwatch.respond.law.profile import CONFIRM
from breachwatch.respond.retention.asking import FileDisposal
from breachwatch.respond.retention.keeping import DueFile
from breachwatch.respond.retention.periods import Period


def due_page(found: Sequence[DueFile], held: Period | None, law: str, zone: ZoneInfo) -> RenderableType:
    """The files whose period is over, with what keeps them; and which period holds."""
    if held is None:
        said = f"The law: {law}. No period was entered, so nothing is due."
        return Text(f"{said}\nEnter that of the city's schedule: breachwatch retention period YEARS --source SCHEDULE")
    head = Text(f"Kept {held.years} years after closing: {visible(held.source)}")
    if not found:
        return Group(head, Text("No file is due."))
    rows = table("incident", "closed", "over since", "kept by", flexible="kept by")
    for item in found:
        over = f"{item.over_at.astimezone(zone):%Y-%m-%d}" if item.over_at else "-"
        kept = Text("\n".join(item.kept_by) or "nothing", "" if item.kept_by else "green")
        rows.add_row(item.incident, f"{item.closed_at.astimezone(zone):%Y-%m-%d}", over, kept)
    return Group(head, rows, Text(CONFIRM, style="yellow"))


def disposals_page(found: Sequence[FileDisposal], zone: ZoneInfo) -> RenderableType:
    """The disposals of files, with who asked, who decided and what certifies them."""
    if not found:
        return Text("No disposal of a file was asked for.")
    rows = table("number", "incident", "state", "by whom", flexible="by whom")
    for item in found:
        who = Text(f"asked for by {visible(item.requested_by)}, {item.requested_at.astimezone(zone):%Y-%m-%d}")
        who.append(f"\n{visible(item.authority)}", "dim")
        if item.decision:
            who.append(f"\n{item.decision} by {visible(item.decided_by)}: {visible(item.decision_reason)}")
        if item.certificate:
            who.append(f"\n{len(item.went):,} texts went; certificate {item.certificate}")
        rows.add_row(item.number, item.incident, item.state, who)
    return rows
