"""Holds as a table, and one hold whole."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.evidence.holds import Custodian, HoldRecord
from breachwatch.lake.care import Hold
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe

_LONGEST = 1000
_MOST = 50  # pieces of evidence that are listed


def covers(hold: Hold, zone: ZoneInfo) -> str:
    """What a hold is on and of which time, in words. Names are as they were given: make them safe where it is shown."""
    items = ", ".join(f"{kind} {value}" for kind, value in hold.items) or "everything"
    bounds = (("from", hold.since), ("until", hold.until))
    when = "".join(f" {word} {day_and_time(at, zone)}" for word, at in bounds if at is not None)
    return f"{items}{when or ', any time'}"


def holds_page(found: Sequence[HoldRecord], zone: ZoneInfo) -> RenderableType:
    """The holds with what they cover, whether they are in force, and who has acknowledged."""
    if not found:
        return Text("There is no hold.")
    shown = table(
        "hold", "placed", "by", "state", "acknowledged", "evidence", "covers and why", flexible="covers and why"
    )
    for record in found:
        hold = record.hold
        ended = hold.released_at is not None
        done = sum(person.acknowledged_at is not None for person in record.custodians)
        acknowledged = Text(f"{done} of {len(record.custodians)}" if record.custodians else "-")
        if record.unacknowledged:
            acknowledged.stylize("bold yellow")
        shown.add_row(
            safe(hold.number),
            Text(day_and_time(hold.placed_at, zone)),
            safe(hold.placed_by),
            _state(hold, zone),
            acknowledged,
            Text(str(len(record.evidence))),
            safe(f"{covers(hold, zone)}. {hold.reason}{_ended(hold) if ended else ''}", longest=_LONGEST),
        )
    return shown


def hold_page(record: HoldRecord, zone: ZoneInfo) -> RenderableType:
    """One hold: why, what it covers, its custodians, the evidence it keeps."""
    hold = record.hold
    parts: list[RenderableType] = [
        Text.assemble(safe(hold.number, "bold"), "  ", _state(hold, zone)),
        safe(f"covers {covers(hold, zone)}", longest=_LONGEST),
        safe(f"for {hold.reason}", longest=_LONGEST),
        safe(f"by authority of {hold.authority or 'no document that was named'}", longest=_LONGEST),
        safe(f"placed {day_and_time(hold.placed_at, zone)} by {hold.placed_by}"),
    ]
    if hold.released_at is not None:
        parts.append(safe(_ended(hold).strip(), longest=_LONGEST))
    parts.append(heading("Custodians"))
    parts += [indented(_custodian(person, zone)) for person in record.custodians] or [
        indented(Text("Nobody is named.", style="dim"))
    ]
    parts.append(heading(f"Evidence: {counted(len(record.evidence), 'snapshot')}"))
    parts += [indented(safe(f"{number}  {why}")) for number, why in record.evidence[:_MOST]]
    if len(record.evidence) > _MOST:
        parts.append(indented(Text(f"and {len(record.evidence) - _MOST} more (--json lists all)", style="dim")))
    return Group(*parts)


def reminded_page(found: Sequence[tuple[str, str, str, Sequence[str]]]) -> RenderableType:
    """Who was told of which hold: (hold, person, notice or reminder, channels); by hand where there is no channel."""
    if not found:
        return Text("Every custodian has acknowledged.")
    shown = table("hold", "custodian", "told by", flexible="told by")
    for hold, person, kind, channels in found:
        by_hand = f"no channel: breachwatch hold notice {hold} '{person}' -o FILE, and hand it over"
        told = f"{kind}, {', '.join(channels)}" if channels else by_hand
        shown.add_row(safe(hold), safe(person), safe(told, longest=400))
    return shown


def _state(hold: Hold, zone: ZoneInfo) -> Text:
    if hold.released_at is None:
        return Text("in force", style="bold")
    return Text(f"released {day_and_time(hold.released_at, zone)}", style="dim")


def _ended(hold: Hold) -> str:
    by = f" by authority of {hold.release_authority}" if hold.release_authority else ""
    return f" Released by {hold.released_by}: {hold.release_reason}{by}"


def _custodian(person: Custodian, zone: ZoneInfo) -> Text:
    who = ", ".join(part for part in (person.name, person.title, person.contact) if part)
    said = Text.assemble(safe(who, longest=400), "  ")
    if person.acknowledged_at is None:
        told = f"told {day_and_time(person.told[-1].at, zone)}" if person.told else "not told yet"
        said.append(f"has not acknowledged; {told}", "bold yellow")
    else:
        by = "" if person.recorded_by == person.name else f" (recorded by {person.recorded_by})"
        at = day_and_time(person.acknowledged_at, zone)
        said.append_text(safe(f"acknowledged {at}: {person.acknowledged_how}{by}", "green", longest=600))
    return said
