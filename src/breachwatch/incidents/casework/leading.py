"""Who leads the work on an incident."""

from __future__ import annotations

from breachwatch.errors import UnknownNameError
from breachwatch.incidents.casework.changing import changing, said
from breachwatch.model.people import Actor, Permission
from breachwatch.workspace import Workspace


def assign(
    ws: Workspace, number: str, person: str, *, by: Actor, reason: str = "", expected_version: int | None = None
) -> str:
    """Give an incident to somebody: a login of the settings where they have people, else any name; returns the name.

    Raises UnknownNameError, NotPermittedError, UsageError, ChangedMeanwhileError.
    """
    person = said(person, "who leads")
    names = {item.login: item.name for item in ws.settings.people}
    if names and person not in names and person not in names.values():
        raise UnknownNameError("person", person, names)
    name = names.get(person, person)
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        change.set(f"lead: {change.row.lead or 'nobody'} -> {name}", reason.strip() or "work is shared out", lead=name)
    return name
