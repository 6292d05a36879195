"""The board of all open clocks, and the same as a calendar to subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.model.duties import URGENCY, ClockState
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.records import duties as tables
from breachwatch.respond.duties.standing import Duty, recalculate, stand
from breachwatch.respond.law.profile import CONFIRM
from breachwatch.workspace import Workspace

_FAR = datetime.max.replace(tzinfo=UTC)


def board(ws: Workspace, *, by: Actor) -> tuple[Duty, ...]:
    """The clocks that matter of all incidents that have not ended and were assessed: the most urgent first."""
    require(by, Permission.READ)
    now = ws.clock.now()
    found: list[Duty] = []
    with ws.database.read() as connection:
        for row in _assessed(connection):
            found += [duty for duty in stand(connection, row, now=now) if duty.counts and not duty.met]
    return tuple(sorted(found, key=_urgency))


def keep_readings(ws: Workspace, *, because: str) -> int:
    """Compute the clocks of all assessed incidents that have not ended, and keep those that moved; how many did."""
    with ws.database.read() as connection:
        numbers = [row.number for row in _assessed(connection)]
    return sum(len(recalculate(ws, number, because=because)) for number in numbers)


def _assessed(connection: Connection) -> Sequence[Row[Any]]:
    """The incidents that have an assessment and have not ended."""
    ended = [state.value for state in IncidentState if state.ended]
    columns = cases.incident.c
    known = columns.number.in_(select(tables.assessment.c.incident))
    query = select(cases.incident).where(columns.state.not_in(ended), known)
    return connection.execute(query.order_by(columns.ordinal)).all()


def _urgency(duty: Duty) -> tuple[int, datetime, str, str]:
    safe = duty.due.safe
    return URGENCY[duty.clock], safe or _FAR, duty.incident, duty.obligation.id


def calendar(ws: Workspace, duties: Sequence[Duty]) -> bytes:
    """The safe dates as an iCalendar file (RFC 5545), each with an alarm a day before.

    It names incident, obligation and citation, and nothing of what was found: calendars are shared.
    """
    from icalendar import Alarm, Calendar, Event

    made = Calendar()
    made.add("prodid", "-//breachwatch//clocks//EN")
    made.add("version", "2.0")
    for duty in duties:
        if duty.due.safe is None or duty.clock is ClockState.PAUSED:
            continue
        event = Event()
        event.add("uid", f"{duty.incident}-{duty.obligation.id}@breachwatch")
        event.add("dtstamp", ws.clock.now())
        event.add("dtstart", duty.due.safe)
        event.add("dtend", duty.due.safe + timedelta(minutes=1))
        event.add("summary", f"{duty.incident}: {duty.obligation.title}")
        latest = f"Latest: {duty.due.latest:%Y-%m-%d %H:%M %Z}. " if duty.due.latest else ""
        event.add("description", f"{latest}{'; '.join(duty.obligation.citation)}. {CONFIRM}")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"{duty.incident}: {duty.obligation.title}")
        alarm.add("trigger", timedelta(days=-1))
        event.add_component(alarm)
        made.add_component(event)
    return bytes(made.to_ical())
