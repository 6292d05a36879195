"""Requests as they stand: what came, as it was corrected since, and the steps that were taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UnknownNameError
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.records import requests as tables
from breachwatch.respond.law.profile import Profile
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken; `at` is when it happened, `detail` depends on the step."""

    seq: int
    step: RequestStep
    at: datetime
    detail: Mapping[str, Any]
    reason: str
    recorded_by: str
    recorder: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A request with everything that was done about it, oldest first. Times are aware UTC, `zone` is of receipt."""

    number: str
    received_at: datetime
    zone: str
    channel: str
    requester: str
    contact: str
    language: str
    words: str
    evidence: str
    law: Profile
    law_of: date
    recorded_by: str
    recorded_at: datetime
    steps: tuple[Step, ...]

    def taken(self, *kinds: RequestStep) -> tuple[Step, ...]:
        """The steps of these kinds."""
        return tuple(step for step in self.steps if step.step in kinds)

    def last(self, *kinds: RequestStep) -> Step | None:
        """The latest step of these kinds."""
        found = self.taken(*kinds)
        return found[-1] if found else None

    @property
    def incidents(self) -> tuple[str, ...]:
        """The incidents that it is linked to."""
        linked: dict[str, bool] = {}
        for step in self.taken(RequestStep.LINKED, RequestStep.UNLINKED):
            linked[step.detail["incident"]] = step.step is RequestStep.LINKED
        return tuple(number for number, still in linked.items() if still)

    @property
    def closed(self) -> bool:
        """Whether it was closed, and not opened again."""
        last = self.last(RequestStep.CLOSED, RequestStep.REOPENED)
        return last is not None and last.step is RequestStep.CLOSED

    @property
    def open_appeals(self) -> tuple[Step, ...]:
        """Appeals without an outcome."""
        ended = {step.detail["appeal"] for step in self.taken(RequestStep.REVIEWED)}
        return tuple(step for step in self.taken(RequestStep.APPEALED) if step.seq not in ended)

    @property
    def state(self) -> str:
        """How far it is, in a word or two."""
        if self.open_appeals:
            return "under review"
        if self.closed:
            return "closed"
        last = self.last(*_FAR)
        return _FAR[last.step] if last else "received"


_FAR = {
    RequestStep.SEARCHED: "searched",
    RequestStep.SUBMITTED: "at the authority",
    RequestStep.RULED: "ruled on",
    RequestStep.DETERMINED: "determined",
    RequestStep.SIGNED: "signed",
    RequestStep.SENT_BACK: "sent back",
    RequestStep.RELEASED: "released",
    RequestStep.DELIVERED: "delivered",
}
_CORRECTABLE = ("requester", "contact", "channel", "words", "language")


def request(ws: Workspace, number: str, *, by: Actor) -> Request:
    """One request. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return request_in(connection, number)


def requests(ws: Workspace, *, by: Actor, closed: bool = True) -> tuple[Request, ...]:
    """The requests in the order of their numbers; without `closed` those that wait for somebody."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return requests_in(connection, closed=closed)


def requests_in(connection: Connection, *, closed: bool = True) -> tuple[Request, ...]:
    """The same on a connection of the caller's."""
    rows = connection.execute(select(tables.request).order_by(tables.request.c.recorded_at, tables.request.c.number))
    found = tuple(_request(connection, row) for row in rows.all())
    return found if closed else tuple(item for item in found if not item.closed or item.open_appeals)


def request_in(connection: Connection, number: str) -> Request:
    """One request on a connection of the caller's. Raises UnknownNameError."""
    row = connection.execute(select(tables.request).where(tables.request.c.number == number)).one_or_none()
    if row is None:
        raise UnknownNameError("records request", number, connection.scalars(select(tables.request.c.number)))
    return _request(connection, row)


@lru_cache(maxsize=16)
def _law(text: str) -> Profile:
    """The law of a request; most requests have the same, and nothing of it ever changes."""
    return Profile.model_validate(json.loads(text))


def _request(connection: Connection, row: Row[Any]) -> Request:
    columns = tables.step.c
    query = select(tables.step).where(columns.request == row.number).order_by(columns.seq)
    steps = tuple(
        Step(
            found.seq,
            RequestStep(found.step),
            found.at,
            json.loads(found.detail),
            found.reason,
            found.recorded_by,
            found.recorder,
            found.recorded_at,
        )
        for found in connection.execute(query)
    )
    said: dict[str, Any] = {name: getattr(row, name) for name in (*_CORRECTABLE, "received_at", "zone")}
    for step in steps:
        if step.step is RequestStep.CORRECTED:
            said |= {name: step.detail[name] for name in (*_CORRECTABLE, "zone") if name in step.detail}
            if "received_at" in step.detail:
                said["received_at"] = datetime.fromisoformat(step.detail["received_at"])
    return Request(
        number=row.number,
        **said,
        evidence=row.evidence,
        law=_law(row.law),
        law_of=date.fromisoformat(row.law_of),
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        steps=steps,
    )
