"""Referrals as tables and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.referrals import Referral
from breachwatch.report.quantities import day_and_time
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe, visible


def referrals_page(found: Sequence[Referral], zone: ZoneInfo) -> RenderableType:
    """Referrals in a table, in the order in which they were made."""
    if not found:
        return Text("No referral.")
    rows = table("number", "made", "incident", "to", "status", flexible="to")
    for item in found:
        to = safe(f"{item.kind.value}: {item.recipient}", longest=200)
        rows.add_row(item.number, day_and_time(item.made_at, zone), item.incident, to, item.status.value)
    return rows


def referral_page(item: Referral, zone: ZoneInfo) -> RenderableType:
    """One referral with its packages and what came of it."""
    to = ", ".join(part for part in (item.recipient, item.organization, item.contact) if part)
    parts: list[RenderableType] = [
        Text(f"{item.number}  {item.kind.value}  {item.status.value}", "bold"),
        Text(visible(f"{item.incident}, to {to}, by {item.made_by} on {day_and_time(item.made_at, zone)}")),
        Text(visible(f"Basis: {item.basis}")),
    ]
    if item.reference:
        parts.append(Text(visible(f"Their file: {item.reference}")))
    if item.packages:
        parts.append(heading("Handed over"))
        parts += [
            indented(Text(f"{p.evidence}  {visible(p.archive)}  SHA-256 {p.archive_sha256}  {p.transfer}"))
            for p in item.packages
        ]
    if item.events:
        parts.append(heading("What came of it"))
    for event in item.events:
        words = " ".join(part for part in (event.what, event.status.value, event.evidence, event.text) if part)
        parts.append(indented(Text(visible(f"{day_and_time(event.at, zone)}  {event.person}: {words}"))))
    return Group(*parts)


def plain_referral(item: Referral) -> dict[str, Any]:
    """The same for scripts."""
    return {**asdict(item), "status": item.status, "reference": item.reference, "outcome": item.outcome}
