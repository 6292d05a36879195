"""Disposal of evidence: the certificate, and the lists of what was asked for and what is past its period."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.evidence.disposal import Disposal, DisposedItem, Due
from breachwatch.report.letters import Letter, Part
from breachwatch.report.quantities import day_and_time, number, size
from breachwatch.report.tables import table
from breachwatch.report.text import safe


def certificate(disposal: Disposal, city: str, zone: ZoneInfo) -> Letter:
    """The certificate of disposal: what is gone, with its hash, by which authority, and the two persons."""
    gone = [item for item in disposal.items if item.disposed_at is not None]
    return Letter(
        title=f"Certificate of disposal, {disposal.number}",
        organization=city,
        parts=(
            Part(
                paragraphs=(
                    (
                        "The evidence below was removed from the vault. Its records, the hash of its manifest and its "
                        "chain of custody stay; copies that were exported or transferred before are named there."
                    ),
                ),
                fields=(
                    ("Authority", disposal.authority),
                    ("Reason", disposal.reason),
                    ("Asked for", f"{day_and_time(disposal.requested_at, zone)} by {disposal.requested_by}"),
                    ("Approved", _approved(disposal, zone)),
                ),
            ),
            *(_item(item, zone) for item in gone),
            Part("Signatures", items=("Disposed of by: ____________________", "Witness: ____________________")),
        ),
    )


def disposals_page(found: Sequence[Disposal], zone: ZoneInfo) -> RenderableType:
    """The requests to dispose of evidence, with what was decided and done."""
    if not found:
        return Text("Nobody has asked for the disposal of evidence.")
    shown = table(
        "disposal", "asked for", "by", "state", "evidence", "authority and reason", flexible="authority and reason"
    )
    for item in found:
        evidence = ", ".join(part.evidence for part in item.items)
        refusal = f" {item.decided_by}: {item.decision_reason}" if item.decision else ""
        shown.add_row(
            safe(item.number),
            Text(day_and_time(item.requested_at, zone)),
            safe(item.requested_by),
            _state(item),
            safe(evidence, longest=200),
            safe(f"{item.authority}. {item.reason}.{refusal}", longest=1000),
        )
    return shown


def due_page(found: Sequence[Due], zone: ZoneInfo, days: int) -> RenderableType:
    """The evidence past its period, and what keeps some of it."""
    if not days:
        return Text("Evidence is kept for ever (evidence.retention_days is 0).")
    if not found:
        return Text(f"No evidence is past its {days} days.")
    shown = table("snapshot", "incident", "closed", "past its period since", "size", "kept by", right=("size",))
    for item in found:
        shown.add_row(
            safe(item.evidence),
            safe(item.incident or ""),
            Text(day_and_time(item.closed_at, zone)),
            Text(day_and_time(item.since, zone)),
            Text(size(item.bytes)),
            safe(", ".join(item.kept_by) or "nothing"),
        )
    return Group(shown, Text("breachwatch evidence dispose NUMBER... asks for its disposal.", style="dim"))


def _state(item: Disposal) -> Text:
    if item.decision is None:
        return Text("waits for approval", style="bold yellow")
    if item.done:
        return Text("disposed of", style="dim")
    return Text("approved, not carried out" if item.decision == "approved" else "refused")


def _approved(disposal: Disposal, zone: ZoneInfo) -> str:
    if disposal.decided_at is None:
        return "not decided"
    return f"{day_and_time(disposal.decided_at, zone)} by {disposal.decided_by}: {disposal.decision_reason}"


def _item(item: DisposedItem, zone: ZoneInfo) -> Part:
    done = day_and_time(item.disposed_at, zone) if item.disposed_at else "not yet"
    removed = day_and_time(item.removed_at, zone) if item.removed_at else "not confirmed"
    return Part(
        item.evidence,
        fields=(
            ("Incident", item.incident or "none"),
            ("Sealed", day_and_time(item.sealed_at, zone)),
            ("Content", f"{number(item.events)} events, {size(item.bytes)}"),
            ("SHA-256 of tagmanifest-sha256.txt", item.tagmanifest_sha256),
            ("Disposed of", f"{done} by {item.disposed_by}"),
            ("Last byte removed", removed),
            ("Method", "files deleted from the vault; storage media were not wiped by this program"),
        ),
    )
