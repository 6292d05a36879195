"""The words of messages about incidents. Short, calm, plain text; every value goes through `outgoing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from breachwatch.model.finding import Level
from breachwatch.notify.wording import outgoing
from breachwatch.report.quantities import counted, day_and_time, span

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an incident. `entities` are accounts, addresses, hosts; times aware UTC."""

    number: str
    severity: Level
    title: str
    failure: str
    first_time: datetime
    last_time: datetime
    opened_at: datetime
    entities: tuple[str, ...] = ()


def incident_title(told: Told, stage: int) -> str:
    """The subject line."""
    again = "not acknowledged: " if stage else ""
    return f"{again}{told.number}, {told.severity}: {outgoing(told.title)}"


def incident_body(told: Told, city: str, zone: ZoneInfo, *, stage: int, minutes: int, asked: datetime | None) -> str:
    """The message. `minutes`: how long an answer is waited for; `asked`: since when, where it is an escalation."""
    lines = [f"{outgoing(city)}: an incident waits for you."]
    if stage and asked is not None:
        lines.append(f"Nobody has acknowledged it since {day_and_time(asked, zone)}.")
    lines += [
        "",
        f"Number: {told.number}",
        f"Severity: {told.severity}",
        f"What: {outgoing(told.title)}",
        f"When: {span(told.first_time, told.last_time, zone)}, opened {day_and_time(told.opened_at, zone)}",
    ]
    if told.entities:
        named = ", ".join(outgoing(entity, 60) for entity in told.entities[:_MOST_NAMED])
        more = len(told.entities) - _MOST_NAMED
        lines.append(f"Who and where: {named}{f' and {more} more' if more > 0 else ''}")
    if told.failure:
        lines.append("Evidence: IT COULD NOT BE SEALED. Look at the incident, mend the cause, run the night again.")
    lines += ["", f"Look at it: breachwatch incident show {told.number}"]
    within = f" within {minutes} minutes" if minutes and not stage else ""
    lines.append(f"Please acknowledge it{within}: breachwatch notify acknowledge {told.number}")
    return "\n".join(lines) + "\n"


def several_title(told: Sequence[Told]) -> str:
    """The subject line of one message about many incidents."""
    return f"{counted(len(told), 'incident')} at once, the highest {max(item.severity for item in told)}"


def several_body(told: Sequence[Told], city: str) -> str:
    """One message about many incidents: the first ones by severity, and where the rest is."""
    ordered = sorted(told, key=lambda item: (-item.severity, item.number))
    lines = [f"{outgoing(city)}: {counted(len(told), 'incident')} wait for you.", ""]
    lines += [f"{item.number}, {item.severity}: {outgoing(item.title, 80)}" for item in ordered[:20]]
    if len(ordered) > 20:
        lines.append(f"and {len(ordered) - 20} more")
    lines += ["", "All of them: breachwatch queue", "Acknowledge one: breachwatch notify acknowledge NUMBER"]
    return "\n".join(lines) + "\n"
