"""What belongs to an incident's file beside its own records: reports, requests for records, what was sealed of them.

A report belongs to the file of the incident that it opened or was attached to, with the reports that repeat it. A
request for records may be about several incidents: it goes with the file of the last of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from breachwatch.records import cases, intake
from breachwatch.records import requests as request_tables
from breachwatch.records import retention as tables
from breachwatch.records.disposing_parts import REPORT, REQUEST
from breachwatch.respond.intake.reading import of_incident, record_in
from breachwatch.respond.requests.reading import Request, requests_in


@dataclass(frozen=True, slots=True)
class Parts:
    """Numbers of everything that one file consists of."""

    incidents: tuple[str, ...]
    reports: tuple[str, ...]
    requests: tuple[str, ...]

    def rows(self) -> tuple[tuple[str, str], ...]:
        """The reports and requests with their kind, as `file_disposal_part` has them."""
        return (*((REPORT, number) for number in self.reports), *((REQUEST, number) for number in self.requests))


def parts_of(connection: Connection, incidents: Sequence[str]) -> Parts:
    """Everything that the file of an incident, and of what was merged into it, consists of."""
    reports = {report.number for number in incidents for report in of_incident(connection, number)}
    event = intake.report_event.c
    named = connection.scalars(select(event.report).where(event.other.in_(reports))).all()
    reports |= {number for number in named if record_in(connection, number).duplicate_of in reports}
    gone = {*incidents, *connection.scalars(select(tables.item.c.incident))}
    requests = (
        found.number
        for found in requests_in(connection)
        if set(found.incidents) & set(incidents) and set(found.incidents) <= gone
    )
    return Parts(tuple(incidents), tuple(sorted(reports)), tuple(requests))


def evidence_of(connection: Connection, parts: Parts) -> tuple[str, ...]:
    """All evidence of a file: what its incidents, reports and requests had sealed, and their letters, by number."""
    event, message, request = intake.report_event.c, intake.communication.c, request_tables.request.c
    queries = (
        select(cases.evidence.c.number).where(cases.evidence.c.incident.in_(parts.incidents)),
        select(event.evidence).where(event.report.in_(parts.reports)),
        select(message.evidence).where(message.report.in_(parts.reports)),
        select(message.evidence).where(message.request.in_(parts.requests)),
        select(request.evidence).where(request.number.in_(parts.requests)),
    )
    found = {number for query in queries for number in connection.scalars(query) if number}
    for asked in requests_in(connection):
        if asked.number in parts.requests:
            found |= _proofs(asked)
    return tuple(sorted(found))


def _proofs(asked: Request) -> set[str]:
    return {str(step.detail["evidence"]) for step in asked.steps if step.detail.get("evidence")}
