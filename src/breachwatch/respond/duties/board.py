"""The board of all open clocks, and the same as a calendar to subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from breachwatch.model.duties import URGENCY, ClockState
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.records import duties as tables
from breachwatch.respond.clocks.due import Due
from breachwatch.respond.duties.standing import Duty, recalculate, stand
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.profile import CONFIRM
from breachwatch.respond.requests.clocks import RequestClock
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from icalendar import Event

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


def calendar(ws: Workspace, duties: Sequence[Duty], requests: Sequence[RequestClock] = ()) -> bytes:
    """The safe dates as an iCalendar file (RFC 5545), each with an alarm a day before.

    Moments are written in UTC, which every calendar shows in the zone of whoever looks: a zone by name would have to
    come with its rules (3.2.19). The description has them in the zone of the law. It names incident or request,
    obligation and citation, and nothing of what was found: calendars are shared.
    """
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", "-//breachwatch//clocks//EN")
    made.add("version", "2.0")
    open_ones = [
        *((duty.incident, duty.obligation, duty.due) for duty in duties if duty.clock is not ClockState.PAUSED),
        *((clock.request, clock.obligation, clock.due) for clock in requests),
    ]
    for number, obligation, due in open_ones:
        if due.safe is not None:
            made.add_component(_event(number, obligation, due, due.safe, ws.clock.now()))
    return bytes(made.to_ical())


def _event(number: str, obligation: Obligation, due: Due, safe: datetime, now: datetime) -> Event:
    from icalendar import Alarm, Event

    event = Event()
    event.add("uid", f"{number}-{obligation.id}@breachwatch")
    event.add("dtstamp", now)
    event.add("dtstart", safe.astimezone(UTC))
    event.add("dtend", (safe + timedelta(minutes=1)).astimezone(UTC))
    event.add("summary", f"{number}: {obligation.title}")
    dates = f"Safe: {safe:%Y-%m-%d %H:%M %Z}. " + (f"Latest: {due.latest:%Y-%m-%d %H:%M %Z}. " if due.latest else "")
    event.add("description", f"{dates}{'; '.join(obligation.citation)}. {CONFIRM}")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{number}: {obligation.title}")
    alarm.add("trigger", timedelta(days=-1))
    event.add_component(alarm)
    return event
