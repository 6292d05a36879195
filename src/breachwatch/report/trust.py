"""What makes evidence believable to others: time stamps and ledgers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.evidence.ledger.reading import Entry
from breachwatch.evidence.ledger.sending import Sent
from breachwatch.evidence.timestamps.queue import Stamped
from breachwatch.model.evidence import VerifyReport
from breachwatch.report.quantities import counted, day_and_time, number, size
from breachwatch.report.tables import indented, table
from breachwatch.report.text import safe

_LINES = 40  # of what is good, for people; what is wrong is always told


def stamped_page(done: Stamped) -> RenderableType:
    """What a pass over the queue gave."""
    waiting = f", {counted(len(done.pending), 'is', 'are')} still waiting" if done.pending else ""
    return safe(f"{counted(len(done.stamped), 'time stamp')} came{waiting}.")


def ledgers_page(found: Sequence[Entry], zone: ZoneInfo) -> RenderableType:
    """The ledgers of a workspace."""
    if not found:
        return Text("There is no ledger yet. Each nightly run writes one.")
    shown = table("ledger", "made", "SHA-256", "time stamp", "sent")
    for item in found:
        shown.add_row(
            safe(item.name),
            Text(day_and_time(item.made_at, zone)),
            safe(item.sha256),
            Text(day_and_time(item.stamped_at, zone) if item.stamped_at else "none"),
            safe(", ".join(item.sent) or "nowhere"),
        )
    return shown


def ledger_page(item: Entry, page: Mapping[str, Any], zone: ZoneInfo) -> RenderableType:
    """What one ledger says."""
    shown = table("source", "new", "in all", "bytes", "records", "rejects", "lost", "root", right=("new", "in all"))
    for source in page["sources"]:
        shown.add_row(
            safe(str(source["source"])),
            number(len(source["segments"])),
            number(source["tree_size"]),
            size(int(source.get("bytes", 0))),
            number(int(source.get("records", 0))),
            number(int(source.get("rejects", 0))),
            number(int(source.get("lost", 0))),
            safe(str(source["root"])),
        )
    chains = [f"{name}: {page[name]['links']} links, the last {page[name]['head']}" for name in ("custody", "audit")]
    return Group(
        safe(f"ledger {item.name}, number {item.number}, made {day_and_time(item.made_at, zone)}", "bold"),
        indented(safe(f"SHA-256 {item.sha256}")),
        indented(safe(f"before it {item.previous}")),
        *(indented(safe(line)) for line in chains),
        shown,
    )


def ledgers_verified_page(reports: Sequence[VerifyReport]) -> RenderableType:
    """What verifying gave: all that is wrong, and of what is good the end."""
    parts: list[RenderableType] = []
    for report in reports:
        result = Text("good", "bold green") if report.ok else Text("DOES NOT VERIFY", "bold red")
        if not report.ok or report in reports[-_LINES:]:
            parts.append(Text.assemble(safe(report.number, "bold"), "  ", result))
        wrong = [check for check in report.checks if not check.ok]
        parts += [indented(safe(f"{check.name}: {check.detail}", "red", longest=1000)) for check in wrong]
    bad = sum(not report.ok for report in reports)
    told = f"{counted(bad, 'of them does', 'of them do')} not verify" if bad else "all verify"
    parts.append(Text(f"{counted(len(reports), 'check')}: {told}", style="bold red" if bad else "bold green"))
    return Group(*parts)


def sent_page(done: Sent) -> RenderableType:
    """What went out."""
    if not done.done:
        return Text("Nothing was sent.")
    return Group(*(safe(item) for item in done.done))
