"""What the commands about reports share: numbers as people type them, and the questions in the order of the guides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli.incident_options import chosen, time_of
from breachwatch.cli.options import remark
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace

ReportArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="R-2026-000042, or 42 for this year's.")]
ChannelOption = Annotated[
    str, typer.Option("--channel", metavar="WAY", help="web-form, e-mail, telephone, letter, in-person, other.")
]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask; an empty answer means that it is not known."""

    key: str
    text: str
    only_for: frozenset[str] = frozenset()  # what the reporter is, where it is asked of some alone
    not_for: frozenset[str] = frozenset()


_NAMED = frozenset({"anonymous"})
QUESTIONS = (
    Question("relation", "Who reports: employee, vendor, contractor, resident, anonymous, other"),
    Question("kind", "Suspicion or complaint (empty: suspicion)"),
    Question("what", "What was seen, in a sentence or two"),
    Question("noticed_at", "When was it noticed (2026-11-22T02:14, the city's time unless it says a zone)"),
    Question("occurred_from", "When did it begin, as far as known"),
    Question("occurred_until", "When did it end, if it did"),
    Question("accounts", "Affected accounts, separated by commas"),
    Question("systems", "Affected systems, separated by commas"),
    Question("records", "Records that may be affected, separated by commas"),
    Question("people", "How many people's records, about"),
    Question("discovered", "How was it discovered"),
    Question("name", "Name of the reporter", not_for=_NAMED),
    Question("organization", "Department or company", not_for=_NAMED),
    Question("contract", "Reference of the contract", only_for=frozenset({"vendor", "contractor"})),
    Question("contact", "How can the reporter be reached (empty: not at all)"),
    Question("language", "Language of the answer: en or es (empty: en)"),
)
"""In the order of the guides: what was seen, dates, accounts, systems, records, how it was discovered, then who."""


def number_of(ws: Workspace, text: str) -> str:
    """The number of a report as it is kept."""
    from breachwatch.respond.intake.numbers import report_number

    return report_number(text, ws.clock.now().astimezone(ws.settings.city.zone).year)


def values(ws: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """What was typed as values of a `Report`; what is empty is left out. Raises UsageError, UnknownNameError."""
    from breachwatch.model.intake import Channel, Relation, ReportKind

    made: dict[str, Any] = {}
    for key, value in given.items():
        if value is None or value in ("", []):
            continue
        match key:
            case "kind":
                made[key] = chosen(ReportKind, value, "kind of report")
            case "relation":
                made[key] = chosen(Relation, value, "relation to the city")
            case "channel":
                made[key] = channel_of(value)
            case "noticed_at" | "occurred_from" | "occurred_until":
                made[key] = time_of(ws, value)
            case "accounts" | "systems" | "records":
                parts = value.split(",") if isinstance(value, str) else [p for text in value for p in text.split(",")]
                made[key] = tuple(part.strip() for part in parts if part.strip())
            case "people":
                made[key] = _count(value)
            case _:
                made[key] = str(value)
    made.setdefault("channel", Channel.OTHER)
    return made


def channel_of(text: str) -> Any:
    """A way of writing as people type it: `email`, `web-form`."""
    from breachwatch.model.intake import Channel

    plain = text.strip().lower().replace("-", " ").replace("_", " ")
    return Channel.EMAIL if plain in {"email", "e mail", "mail"} else chosen(Channel, text, "channel")


def ask(ws: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """Put the questions that are not answered yet, in order; one that cannot be is asked again."""
    answers = dict(given)
    for question in QUESTIONS:
        relation = str(answers.get("relation") or "")
        if answers.get(question.key) or relation in question.not_for:
            continue
        if question.only_for and relation not in question.only_for:
            continue
        while True:
            said = str(typer.prompt(question.text, default="", show_default=False, err=True)).strip()
            if question.key in {"what", "relation"} and not said:
                remark("this one must be answered.")
                continue
            try:
                values(ws, {question.key: said})
            except UsageError as error:
                remark(str(error))
                continue
            answers[question.key] = said
            break
    return answers


def _count(text: object) -> int:
    try:
        return int(str(text).replace(",", "").strip())
    except ValueError:
        msg = f"{text!r} is no number of people: write it like 600, or leave it out where none is known."
        raise UsageError(msg) from None
