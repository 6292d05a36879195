"""The clocks of requests: one for each obligation of the profile that a request starts, and what meets it.

Both dates come from `respond.clocks.due`. Asking for a clarification moves neither: whether it may is for counsel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from breachwatch.model.duties import URGENCY, ClockState
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.records import requests as tables
from breachwatch.respond.clocks.due import Due, Longer, due
from breachwatch.respond.clocks.state import clock_state
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.words import Kind, Start
from breachwatch.respond.requests.reading import Request, Step, request_in, requests_in
from breachwatch.workspace import Workspace

REQUESTER = "requester"
"""The role of a recipient that is the requester; any other is an authority that is asked or told."""
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RequestClock:
    """An obligation that a request started. `met` says by what; `warning` is what a missed day brings with it."""

    request: str
    incidents: tuple[str, ...]
    obligation: Obligation
    due: Due
    clock: ClockState
    met: str
    warning: str


@dataclass(frozen=True, slots=True)
class RequestReading:
    """A clock of a request as it was computed at some time."""

    obligation: str
    safe: datetime | None
    latest: datetime | None
    steps: tuple[str, ...]
    computed_at: datetime
    because: str


def obligations_for(request: Request) -> tuple[Obligation, ...]:
    """What the profile asks of the city that was asked for records, in the version of the day of receipt."""
    wanted = {item.id: None for item in request.law.obligations if item.kind is Kind.RECORDS_REQUEST and item.enabled}
    found = (request.law.obligation(name, request.law_of) for name in wanted)
    return tuple(item for item in found if item.in_force(request.law_of))


def of_authority(request: Request) -> tuple[Obligation, ...]:
    """The obligations towards somebody else than the requester, such as asking the Attorney General."""
    return tuple(item for item in obligations_for(request) if item.recipient and item.recipient.role != REQUESTER)


def clocks_of(request: Request, *, now: datetime) -> tuple[RequestClock, ...]:
    """The clocks of a request in the order of its profile."""
    made = []
    for obligation in obligations_for(request):
        counted = due_of(request, obligation)
        met, at = _met(request, obligation)
        late = counted.latest is not None and (at or now) > counted.latest
        warning = ""
        if late and (obligation.warning or not met):
            what = f"{obligation.title}: {'done late' if met else 'the latest day has passed'}."
            warning = f"{what} {obligation.warning or ''}".strip()
        made.append(
            RequestClock(
                request.number,
                request.incidents,
                obligation,
                counted,
                clock_state(counted, obligation.deadline.kind, met=bool(met), now=now),
                met,
                warning,
            )
        )
    return tuple(made)


def due_of(request: Request, obligation: Obligation, *, more: Sequence[Longer] = ()) -> Due:
    """When one obligation of a request is due, with the extensions that were taken and perhaps one `more`."""
    taken = [
        Longer(step.detail["extension"], step.at)
        for step in request.taken(RequestStep.EXTENDED)
        if step.detail["obligation"] == obligation.id
    ]
    zone = ZoneInfo(request.law.time_zone or "UTC")
    anchors = {Start.REQUEST_RECEIVED: request.received_at}
    return due(request.law, obligation, anchors, zone, longer=[*taken, *more])


def open_clocks(ws: Workspace, *, by: Actor) -> tuple[RequestClock, ...]:
    """The clocks of all requests that still run or were missed, the most urgent first: for the board of clocks."""
    require(by, Permission.READ)
    now = ws.clock.now()
    with ws.database.read() as connection:
        found = [clock for item in requests_in(connection, closed=False) for clock in clocks_of(item, now=now)]
    return tuple(sorted((clock for clock in found if not clock.met), key=_urgency))


def keep_reading(connection: Connection, number: str, ws: Workspace, *, because: str) -> int:
    """Keep each clock of a request that differs from its last reading, within the caller's transaction; how many."""
    last = {item.obligation: (item.safe, item.latest) for item in readings_of(connection, number)}
    now, kept = ws.clock.now(), 0
    for clock in clocks_of(request_in(connection, number), now=now):
        if last.get(clock.obligation.id) == (clock.due.safe, clock.due.latest):
            continue
        values = {
            "request": number,
            "obligation": clock.obligation.id,
            "safe": clock.due.safe,
            "latest": clock.due.latest,
            "steps": json.dumps(clock.due.steps),
            "computed_at": now,
            "because": because,
        }
        connection.execute(tables.reading.insert().values(**values))
        kept += 1
    return kept


def readings_of(connection: Connection, number: str) -> tuple[RequestReading, ...]:
    """All readings of a request's clocks, oldest first."""
    columns = tables.reading.c
    query = select(tables.reading).where(columns.request == number).order_by(columns.seq)
    return tuple(
        RequestReading(row.obligation, row.safe, row.latest, tuple(json.loads(row.steps)), row.computed_at, row.because)
        for row in connection.execute(query)
    )


def warnings_of(request: Request, *, now: datetime) -> tuple[str, ...]:
    """What has to be said loudly wherever a request is shown."""
    return tuple(clock.warning for clock in clocks_of(request, now=now) if clock.warning)


def _met(request: Request, obligation: Obligation) -> tuple[str, datetime | None]:
    """What meets an obligation, and when; empty where nothing does yet."""
    done = _first(request, (RequestStep.DETERMINED, RequestStep.RELEASED))
    if obligation in of_authority(request):
        submitted = (
            step for step in request.taken(RequestStep.SUBMITTED) if step.detail["obligation"] == obligation.id
        )
        done = next(submitted, None) or next(
            (step for step in request.taken(RequestStep.RELEASED) if not step.detail["withheld"]), None
        )
    if done is None:
        done = _first(request, (RequestStep.PREVIOUS_DETERMINATION,)) if obligation in of_authority(request) else None
    if done is None and request.closed:
        done = request.last(RequestStep.CLOSED)
    return (done.step.value.replace("_", " "), done.at) if done else ("", None)


def _first(request: Request, kinds: Iterable[RequestStep]) -> Step | None:
    found = request.taken(*kinds)
    return found[0] if found else None


def _urgency(clock: RequestClock) -> tuple[int, datetime, str, str]:
    return URGENCY[clock.clock], clock.due.safe or _FAR, clock.request, clock.obligation.id
