"""Jurisdiction profiles as people read them: on the terminal, and as the tables of docs/jurisdictions.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.report.tables import heading, indented, table
from breachwatch.report.text import visible
from breachwatch.respond.clocks.due import Due
from breachwatch.respond.law.comparing import Change
from breachwatch.respond.law.conditions import Condition
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.profile import CONFIRM, Profile
from breachwatch.respond.law.words import Confidence

_READ = {Confidence.TEXT: "text read", Confidence.SUMMARY: "summary read"}


def profile_page(profile: Profile, *, year: int) -> RenderableType:
    """A profile whole: who is bound, what is covered, obligations, the year's holidays, what the city left open."""
    parts: list[RenderableType] = [
        Text(f"{profile.title} ({profile.id}), as of {profile.as_of}, to be reviewed by {profile.review_by}"),
        Text(f"{profile.status}. {CONFIRM}", style="yellow"),
        heading("Who is bound"),
        *(indented(_cited(item.text, item.citation, item.confidence)) for item in profile.bound),
    ]
    if profile.covered_data:
        parts.append(heading("Data that is covered"))
        parts += [
            indented(_cited(", ".join(item.any_of).replace("_", " "), item.citation, item.confidence))
            for item in profile.covered_data
        ]
    parts += [heading("Obligations"), *(indented(_obligation(item)) for item in profile.obligations)]
    for calendar in profile.calendars:
        parts.append(heading(f"Holidays {year} ({calendar.id}: {calendar.citation})"))
        named = (f"{day:%a %d %b} {name}" for day, name in calendar.of_year(year))
        parts.append(indented(Text("; ".join(named) + f". {calendar.note}")))
    if profile.local:
        parts.append(heading("The city itself"))
        rows = table("what", "value", "source", flexible="value")
        for name, fact in profile.local.items():
            value = fact.value if isinstance(fact.value, str) else ", ".join(fact.value)
            note = f" ({fact.note})" if fact.note else ""
            rows.add_row(name.replace("_", " "), visible(value + note), visible(fact.source))
        parts.append(indented(rows))
    return Group(*parts)


def due_page(found: Due, obligation: Obligation, zone: ZoneInfo) -> RenderableType:
    """One computed deadline, with the steps of the count."""
    lines = [
        ("obligation", f"{obligation.title} ({obligation.id})"),
        ("deadline", deadline_words(obligation)),
        ("safe", _moment(found.safe, zone)),
        ("latest", _moment(found.latest, zone)),
    ]
    if found.policy is not None and obligation.policy_target is not None:
        lines.append(("policy, not law", f"{_moment(found.policy, zone)} ({obligation.policy_target.note})"))
    if found.paused:
        lines.append(("paused by", visible(found.paused)))
    lines.append(("citation", "; ".join(found.citation)))
    lines.append(("checked", _levels(obligation)))
    body = Text()
    for name, value in lines:
        body.append(f"{name:<16} ", "dim")
        body.append(f"{value}\n")
    for step in found.steps:
        body.append(f"{'':<16} {step}\n", "dim")
    if obligation.warning:
        body.append(f"{obligation.warning}\n", "yellow")
    body.append(found.confirm, "yellow")
    return body


def changes_page(changes: Sequence[Change]) -> RenderableType:
    """What differs between two profiles."""
    if not changes:
        return Text("The two profiles say the same.")
    shown = Text()
    for change in changes:
        shown.append(f"{visible(change.place)}\n", "bold")
        if change.before is not None:
            shown.append(f"  - {visible(change.before)}\n", "red")
        if change.after is not None:
            shown.append(f"  + {visible(change.after)}\n", "green")
    return shown


def markdown_tables(profiles: Iterable[Profile]) -> str:
    """The obligations of profiles as Markdown tables, with deadline, recipient, citation and how each was read."""
    parts = []
    for profile in profiles:
        parts.append(f"## {profile.title} (`{profile.id}`)")
        parts.append(f"As of {profile.as_of}, to be reviewed by {profile.review_by}; {profile.status}.")
        lines = ["| obligation | applies if | deadline | to | citation | read |", "|---|---|---|---|---|---|"]
        for item in profile.obligations:
            title = f"**{item.title}** (`{item.id}`){'' if item.required_by_law else ', not required by law'}"
            cells = (
                f"{title}; off: {item.disabled_because}" if item.disabled_because else title,
                applies(item),
                deadline_words(item),
                item.recipient.name if item.recipient else "",
                "; ".join(item.citation),
                _levels(item),
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def applies(item: Obligation) -> str:
    """When an obligation applies, in words."""
    told = [_condition(condition) for condition in item.applies_if]
    if item.threshold is not None:
        told.append(item.threshold.words)
    told += [f"unless {_condition(condition)}" for condition in item.unless]
    return "; ".join(told)


def deadline_words(item: Obligation) -> str:
    """The deadline with its start and, marked as such, the policy target."""
    words = item.deadline.words
    if item.clock is not None and item.deadline.kind.counted:
        words += f", from {item.clock.start.words}"
    if item.policy_target is not None:
        unit = item.policy_target.unit.replace("_", " ")
        words += f" (policy, not law: {item.policy_target.amount} {unit})"
    return words


def _condition(condition: Condition) -> str:
    if condition.obligation is not None:
        return f"`{condition.obligation}` applies"
    if condition.covered_data is not None:
        return f"covered data ({' or '.join(condition.covered_data)})"
    return f"{'not ' if condition.is_ is False else ''}{condition.fact}{_wanted(condition)}".replace("_", " ")


def _wanted(condition: Condition) -> str:
    """What the fact must be, after its name; empty for yes and no."""
    numbers = {"at least": condition.at_least, "more than": condition.more_than, "less than": condition.less_than}
    for words, value in numbers.items():
        if value is not None:
            return f" {words} {value:,}"
    values = condition.any_of or ((condition.is_,) if isinstance(condition.is_, str) else ())
    return f": {' or '.join(values)}" if values else ""


def _obligation(item: Obligation) -> Text:
    shown = Text(item.title, style="bold" if item.enabled else "dim")
    shown.append(f"  {item.id}", "dim")
    if not item.required_by_law:
        shown.append("  not required by law", "cyan")
    if item.disabled_because:
        shown.append(f"\n  off: {item.disabled_because}", "dim")
    told = applies(item)
    lines = [("if", told)] if told else []
    lines.append(("due", deadline_words(item)))
    if item.recipient is not None:
        lines.append(("to", f"{item.recipient.name}{f' ({item.recipient.url})' if item.recipient.url else ''}"))
    lines += [("may wait", f"{extension.text} ({extension.citation})") for extension in item.extensions]
    lines += [("note", words) for words in (item.warning, item.note) if words]
    lines.append(("law", f"{'; '.join(item.citation)}; {_levels(item)}"))
    for name, value in lines:
        shown.append(f"\n  {name:<9}", "dim")
        shown.append(visible(value))
    return shown


def _cited(text: str, citation: str, confidence: Confidence) -> Text:
    shown = Text(visible(text))
    shown.append(f"  {citation}; {_READ.get(confidence, confidence.value)}", "dim")
    return shown


def _levels(item: Obligation) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')}: {_READ.get(level, level.value)}" for name, level in item.confidence.items()
    )


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    if moment is None:
        return "no date"
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
