"""Reports as tables and pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.intake import Communication, Received, Report, ReportRecord
from breachwatch.report.quantities import day_and_time
from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import safe, visible

_LONGEST_LINE = 100


def received_page(done: Received, acknowledgement: str = "") -> str:
    """What the person at the desk tells the reporter; `acknowledgement` is the file in which it is written already."""
    told = " and ".join(role.words for role in done.routed_to)
    lines = [f"{done.number} was received, for {told}."]
    lines += [f"Sealed in {number}." for number in done.evidence]
    if done.failure:
        lines.append(f"NOT ALL IS SEALED: {done.failure}")
    if acknowledgement:
        lines.append(f"{acknowledgement} is the acknowledgement, kept as sent. Now send it.")
    else:
        lines.append(f"Acknowledge it: breachwatch report acknowledge {done.number} --output FILE.pdf")
    return "\n".join(lines)


def reports_page(found: Sequence[ReportRecord], zone: ZoneInfo) -> RenderableType:
    """Reports in a table, the first received first."""
    if not found:
        return Text("No report waits.")
    rows = table("number", "received", "who", "what", "state", flexible="what")
    for item in found:
        state = Text(item.state.value)
        if item.incident:
            state.append(f" {item.incident}")
        if item.failure:
            state.append(" NOT ALL IS SEALED", "bold red")
        first = safe(_first_line(item.said.what), longest=_LONGEST_LINE)
        who = item.said.relation.value + (" (complaint)" if item.said.kind.value == "complaint" else "")
        rows.add_row(item.number, day_and_time(item.received_at, zone), who, first, state)
    return rows


def report_page(item: ReportRecord, letters: Sequence[Communication], zone: ZoneInfo) -> RenderableType:
    """One report with all that was said and done."""
    head = Text(f"{item.number}  {item.state.value}", "bold")
    if item.incident:
        head.append(f"  {item.incident}")
    parts: list[RenderableType] = [head]
    if item.failure:
        parts.append(Text(f"NOT ALL IS SEALED: {visible(item.failure)}", "bold red"))
    parts += [heading("What was said"), indented(_said(item.said, zone))]
    parts.append(heading("Where it is kept"))
    parts.append(indented(Text(", ".join(item.evidence) or "nowhere yet")))
    if item.due_at is not None:
        parts.append(Text(f"The next answer is owed by {day_and_time(item.due_at, zone)}."))
    parts.append(heading("What was done"))
    for event in item.events:
        what = " ".join(part for part in (event.what, event.incident, event.evidence) if part)
        parts.append(
            indented(Text(f"{day_and_time(event.at, zone)}  {visible(event.by)}: {what}  {visible(event.text)}"))
        )
    if letters:
        parts.append(heading("What was written"))
        parts += [indented(Text(_letter(item, zone))) for item in letters]
    return Group(*parts)


def plain_report(item: ReportRecord) -> dict[str, Any]:
    """The same for scripts."""
    names = ("number", "received_at", "taken_by", "state", "incident", "duplicate_of", "evidence", "failure", "due_at")
    return {name: getattr(item, name) for name in names} | {
        "said": item.said,
        "corrected": item.said != item.first_said,
        "events": item.events,
    }


def _said(said: Report, zone: ZoneInfo) -> Text:
    fields: tuple[tuple[str, object], ...] = (
        ("who", _who(said)),
        ("by", said.channel.value),
        ("contact", said.contact),
        ("noticed", _moment(said.noticed_at, zone)),
        (
            "occurred",
            " to ".join(filter(None, (_moment(said.occurred_from, zone), _moment(said.occurred_until, zone)))),
        ),
        ("accounts", ", ".join(said.accounts)),
        ("systems", ", ".join(said.systems)),
        ("records", ", ".join(said.records)),
        ("people", "" if said.people is None else f"about {said.people:,}"),
        ("discovered", said.discovered),
        ("what", said.what),
    )
    shown = Text()
    for name, value in fields:
        if value:
            shown.append(f"{name:<11}", "dim")
            shown.append("\n           ".join(visible(line) for line in str(value).splitlines()) + "\n")
    return shown


def _who(said: Report) -> str:
    contract = f"contract {said.contract}" if said.contract else ""
    return ", ".join(part for part in (said.relation.value, said.name, said.organization, contract) if part)


def _letter(item: Communication, zone: ZoneInfo) -> str:
    message = item.message
    to = ", ".join(message.recipients[:3])
    where = f" ({message.evidence})" if message.evidence else ""
    way = f"{message.direction.value} by {message.channel.value}"
    return visible(f"{day_and_time(message.at, zone)}  {way}, {message.sender} to {to}: {message.subject}{where}")


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return day_and_time(moment, zone) if moment is not None else ""


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")
