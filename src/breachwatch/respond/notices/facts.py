"""What the records know for a paper: the values of its fields from an incident, and nothing that they do not hold.

What is unknown is None, which a paper shows as a blank; what happened in plain words only a person can tell. Notes of
counsel, grounds of decisions, measures against staff and the events of logs are never read here, so no paper can repeat
them.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch import register
from breachwatch.incidents.casework.actions import actions_of
from breachwatch.incidents.casework.affected import affected_of, latest
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.decisions import decisions_of
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.casework.opening import BY_HAND
from breachwatch.incidents.casework.tasks import tasks_of
from breachwatch.incidents.chunking import chunks
from breachwatch.lake.care import Hold, holds
from breachwatch.model.casework import Affected, Anchor
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.intake import ReportState
from breachwatch.model.people import Role
from breachwatch.model.systems import DataCategory
from breachwatch.papers import Value
from breachwatch.papers.vocabulary import VOCABULARY
from breachwatch.papers.words import language as language_of
from breachwatch.records import cases, intake
from breachwatch.respond.assessment.facts import Facts
from breachwatch.respond.assessment.facts import facts_of as known_facts
from breachwatch.respond.duties.assessing import latest_assessment
from breachwatch.respond.duties.standing import stand
from breachwatch.respond.law.profile import CONFIRM
from breachwatch.respond.notices.about_contacts import about_credit_agencies, about_recipient
from breachwatch.respond.notices.about_duty import about_clocks, about_duty
from breachwatch.respond.notices.about_people import about_people
from breachwatch.respond.notices.about_police import about_police
from breachwatch.respond.notices.about_response import about_notices, about_response, about_tasks
from breachwatch.respond.notices.about_wording import about_wording
from breachwatch.respond.notices.saying import Saying, saying
from breachwatch.workspace import Workspace


def facts_of(ws: Workspace, incident: str, obligation: str | None = None, *, language: str = "en") -> dict[str, Value]:
    """The values of fields (`papers.vocabulary`) for papers of an incident, in a language, as of now.

    With an obligation its citation, deadlines and recipient are there, too. Times are aware UTC; what is a day is the
    day in the city's zone. Raises UnknownNameError for an incident that there is none of.
    """
    say, words, zone = saying(language), language_of(language), ws.settings.city.zone
    with ws.database.read() as connection:
        row = row_of(connection, incident)
        numbers = members(connection, incident)
        stated = latest(affected_of(connection, numbers))
        found = latest_assessment(connection, incident)
        facts = known_facts(found.facts) if found is not None else Facts()
        duties = stand(connection, row, now=ws.clock.now())
        police = about_police(connection, numbers, decisions_of(connection, numbers))
        values = {
            **about_city(ws),
            **_about_times(ws, connection, row, say),
            **about_people(facts, stated, say, ws.settings.city.name),
            **about_response(
                actions_of(connection, numbers),
                stated,
                sealed=_sealed(connection, numbers),
                police=police["law_enforcement_engaged"] is not None,
                say=say,
                language=words,
                zone=zone,
            ),
            **police,
            **about_notices(duties, obligation, facts, say, zone),
            "next_steps": about_tasks(tasks_of(connection, numbers)),
            "clocks": about_clocks(duties, words, zone),
            **about_wording(connection, numbers, language),
        }
    values |= _about_systems(ws, row, stated)
    values |= _about_hold([hold for hold in holds(ws) if hold.released_at is None], numbers)
    for duty in duties:
        if duty.obligation.id == obligation:
            values |= about_duty(duty)
    return values | about_recipient(ws.settings.contacts, obligation)


def about_city(ws: Workspace) -> dict[str, Value]:
    """What the settings say of the city and of the people with the roles that the guides name."""
    city = ws.settings.city
    return {
        "city_name": city.name,
        "city_address": ", ".join(city.address) or None,
        "city_phone": city.phone or None,
        "city_email": city.email or None,
        "city_website": city.website or None,
        "contact_phone": city.phone or None,
        "contact_email": city.email or None,
        "it_director": _person(ws, Role.IT_DIRECTOR),
        "records_officer": _person(ws, Role.RECORDS_OFFICER),
        "counsel": _person(ws, Role.COUNSEL),
        "credit_agencies": about_credit_agencies(ws.settings.contacts) or None,
        "confirm": CONFIRM,
    }


def _person(ws: Workspace, role: Role) -> Value:
    """Whoever has the role and no other that the guides ask for first: one person may have several."""
    having = [person for person in ws.settings.people if role in person.roles]
    if not having:
        return None
    person = min(having, key=lambda item: len(item.roles))
    return ", ".join(part for part in (person.name, person.title, person.contact) if part)


def _about_times(ws: Workspace, connection: Connection, row: Row[Any], say: Saying) -> dict[str, Value]:
    """The anchor times; what follows from alerts only where there is one: an incident may rest on a report."""
    alerted = connection.execute(_an_alert(row.number)).first() is not None
    known = {anchor: item for anchor, item in anchors_of(connection, row).items() if alerted or item.seq is not None}
    if row.opened_by_run == BY_HAND:
        known.pop(Anchor.DETECTED, None)  # no log pointed to it

    def day(anchor: Anchor) -> date | None:
        return known[anchor].at.astimezone(ws.settings.city.zone).date() if anchor in known else None

    moments = {f"{anchor}_at": known[anchor].at if anchor in known else None for anchor in Anchor}
    by_search = alerted and Anchor.DISCOVERED in known and known[Anchor.DISCOVERED].seq is None
    return {
        **{name: at for name, at in moments.items() if name in VOCABULARY},
        "occurred_on": day(Anchor.OCCURRED),
        "discovered_on": day(Anchor.DISCOVERED),
        "determined_on": day(Anchor.DETERMINED),
        "how_discovered": say.by_search if by_search else say.by_report(_reporter_of(connection, row.number)),
        "incident_number": row.number,
        "incident_state": IncidentState(row.state).value,
        "severity": str(Level(row.severity)) if row.severity >= 0 else None,
    }


def _reporter_of(connection: Connection, number: str) -> str:
    """What the reporter is to the city from whose report the incident was opened; empty where there is none."""
    query = (
        select(intake.report.c.relation)
        .join(intake.report_event, intake.report_event.c.report == intake.report.c.number)
        .where(intake.report_event.c.incident == number, intake.report_event.c.what == ReportState.OPENED.value)
    )
    return connection.scalars(query).first() or ""


def _an_alert(number: str) -> Any:
    return select(cases.alert.c.key).where(cases.alert.c.incident == number).limit(1)


def _sealed(connection: Connection, numbers: list[str]) -> bool:
    column = cases.evidence.c.incident
    return any(
        connection.scalar(select(func.count()).select_from(cases.evidence).where(column.in_(chunk)))
        for chunk in chunks(numbers)
    )


def _about_systems(ws: Workspace, row: Row[Any], stated: tuple[Affected, ...]) -> dict[str, Value]:
    """Systems and accounts are those that people stated; the register adds their vendors and the data they hold."""
    affected = [item for item in stated if item.status != "not affected"]
    systems = [item.name for item in affected if item.kind == "system"]
    known = register.load(ws).of(systems)
    vendors = [*(item.vendor for item in affected), *(system.vendor for system in known)]
    held = {category for system in known for category in system.data}
    held |= {DataCategory(name) for name in json.loads(row.data_touched)}
    return {
        "systems": systems,
        "accounts": [item.name for item in affected if item.kind == "account"],
        "vendors": list(dict.fromkeys(vendor for vendor in vendors if vendor)),
        "data_held": [category.words for category in DataCategory if category in held],
    }


def _about_hold(active: list[Hold], numbers: list[str]) -> dict[str, Value]:
    """The hold over the incident that was placed last."""
    own = [hold for hold in active if any(kind == "incident" and value in numbers for kind, value in hold.items)]
    if not own:
        return {}
    hold = max(own, key=lambda item: item.placed_at)
    return {
        "hold_number": hold.number,
        "hold_covers": "; ".join(f"{kind} {value}" for kind, value in hold.items),
        "hold_authority": hold.authority or None,
        "hold_issued_by": hold.placed_by,
        "hold_issued_at": hold.placed_at,
    }
