"""The closing statement as a paper: what it was, what was done, what the closing rests on, what was learnt."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from breachwatch.incidents.casework.decisions import decisions_of
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.casework.reopening import since_reopening
from breachwatch.model.casework import DecisionKind
from breachwatch.model.papers import Paper
from breachwatch.model.people import Actor
from breachwatch.papers import Value
from breachwatch.respond.closure.checklist import Checklist, Item, checklist
from breachwatch.respond.notices.drafting import draft
from breachwatch.workspace import Workspace

TEMPLATE = "closing-statement"


def draft_statement(ws: Workspace, number: str, *, by: Actor, reason: str) -> Paper:
    """Draft the closing statement of an incident; what is not known yet stands in it as a blank.

    Raises NotPermittedError, UnknownNameError, UsageError, DataError for a template of the city's that cannot be used.
    """
    return draft(ws, TEMPLATE, by=by, reason=reason, incident=number, values=values_of(ws, number, by=by))


def values_of(ws: Workspace, number: str, *, by: Actor) -> dict[str, Value]:
    """The fields of the statement that are about the closing. Raises NotPermittedError, UnknownNameError."""
    found = checklist(ws, number, by=by)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        numbers = members(connection, number)
        said = since_reopening(connection, numbers, decisions_of(connection, numbers))
    statements = [item.reason for item in said if item.kind is DecisionKind.STATEMENT]
    lessons = [item.reason for item in said if item.kind is DecisionKind.LESSONS]
    return {
        "closing_verdict": f"{row.verdict}: {row.verdict_reason}" if row.verdict else None,
        "closing_statement": statements[-1] if statements else None,
        "closing_lessons": lessons or None,
        "closing_guards": _guards(found, ws.settings.city.zone),
    }


def _guards(found: Checklist, zone: ZoneInfo) -> list[dict[str, str]]:
    return [{"asks": item.asks, "met": _met(item, zone)} for item in found.items]


def _met(item: Item, zone: ZoneInfo) -> str:
    if item.missing:
        return f"not met: {item.missing}"
    return "; ".join(
        ", ".join(filter(None, (met.what, met.by, f"{met.at.astimezone(zone):%Y-%m-%d %H:%M %Z}" if met.at else "")))
        for met in item.met
    )
