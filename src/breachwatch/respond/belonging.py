"""What was made in an incident beside its casework: reports, referrals, papers and requests for public records.

One line of each: its number, of which kind it is and how far it is. What stands in it is left to its own page, so that
nothing here can be privileged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.records import requests as tables
from breachwatch.respond.intake.reading import of_incident
from breachwatch.respond.notices.reading import papers_of
from breachwatch.respond.referrals.reading import referrals_of
from breachwatch.respond.requests.reading import request_in
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Belonging:
    """Something with a number of its own that belongs to an incident; `at` is when it came or was made, aware UTC."""

    number: str
    what: str  # report, referral, paper, request (for public records)
    kind: str  # the kind of report or referral, the template of a paper, the way a request came
    state: str
    at: datetime
    incident: str  # the incident itself, or one that was merged into it


def belongings(ws: Workspace, incident: str, *, by: Actor) -> tuple[Belonging, ...]:
    """Everything of an incident and of what was merged into it, by kind, each in the order in which it came.

    A restricted referral, and the letter of one, is there for those who may see it. Raises NotPermittedError,
    UnknownNameError.
    """
    require(by, Permission.READ)
    referrals = [
        Belonging(item.number, "referral", item.kind.value, item.status.value, item.made_at, item.incident)
        for item in referrals_of(ws, incident, by=by)
    ]
    papers = [
        Belonging(item.number, "paper", item.template, item.state.value, item.versions[0].at, item.incident or incident)
        for item in papers_of(ws, by=by, incident=incident)
    ]
    with ws.database.read() as connection:
        numbers = members(connection, row_of(connection, incident).number)
        reports = [
            Belonging(item.number, "report", item.said.kind.value, item.state.value, item.received_at, item.incident)
            for number in numbers
            for item in of_incident(connection, number)
        ]
        return (*reports, *referrals, *papers, *_requests(connection, numbers))


def _requests(connection: Connection, numbers: list[str]) -> Iterator[Belonging]:
    """The requests for public records that are linked to one of the incidents now."""
    columns = tables.step.c
    linked = select(columns.request, columns.detail).where(columns.step == RequestStep.LINKED.value)
    rows = connection.execute(linked.order_by(columns.seq)).all()
    for number in dict.fromkeys(row.request for row in rows if json.loads(row.detail)["incident"] in numbers):
        found = request_in(connection, number)
        for incident in found.incidents:
            if incident in numbers:
                yield Belonging(number, "request", found.channel, found.state, found.received_at, incident)
                break
