"""Writing down a step of a request: one transaction with the audit log, and the clocks computed anew after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.changing import said
from breachwatch.model.moment import told
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import requests as tables
from breachwatch.respond.requests.reading import Request, request_in
from breachwatch.respond.requests.written import WRITTEN, keep_written
from breachwatch.workspace import Workspace

_AFTER_CLOSING = frozenset(
    {
        *(RequestStep.APPEALED, RequestStep.REVIEWED, RequestStep.REOPENED, RequestStep.DELIVERED, RequestStep.LETTER),
        RequestStep.RULED,
    }
)
"""Steps that a closed request still takes."""


@dataclass(slots=True)
class Stepping:
    """A change of one request under way, within its write transaction. `request` is how it was before."""

    connection: Connection
    request: Request
    by: Actor
    now: datetime

    def take(
        self, step: RequestStep, reason: str, at: datetime | None = None, detail: Mapping[str, Any] | None = None
    ) -> int:
        """Add a step and its line in the audit log; its key. Raises UsageError for what cannot be."""
        moment = at or self.now
        _refuse_impossible(self.request, step, moment, self.now)
        reason, kept = said(reason, "why, or how"), dict(detail or {})
        values = {
            "request": self.request.number,
            "step": step.value,
            "at": moment,
            "detail": json.dumps(kept, sort_keys=True),
            "reason": reason,
            "recorded_by": self.by.name,
            "recorder": self.by.login or self.by.name,
            "recorded_at": self.now,
        }
        key = self.connection.execute(tables.step.insert().values(**values)).inserted_primary_key
        change = f"{step.value.replace('_', ' ')} at {moment.isoformat()}"
        audit.append(
            self.connection,
            at=self.now,
            by=self.by,
            entity=self.request.number,
            change=change,
            reason=reason,
            after=kept,
        )
        self._keep_written(step, reason, moment, kept)
        return int(key[0]) if key else 0

    def _keep_written(self, step: RequestStep, reason: str, at: datetime, detail: Mapping[str, Any]) -> None:
        """What was written is kept among the communications, with its proof, or with what was released."""
        direction = WRITTEN.get(step)
        if direction is None:
            return
        released = self.request.last(RequestStep.RELEASED)
        sent = released.detail["evidence"] if step is RequestStep.DELIVERED and released else ""
        keep_written(
            self.connection,
            self.request,
            direction,
            reason,
            by=self.by,
            at=at,
            now=self.now,
            evidence=str(detail.get("evidence") or sent),
            other="the authority" if step in {RequestStep.SUBMITTED, RequestStep.RULED} else "",
        )


@contextmanager
def stepping(ws: Workspace, number: str, *, by: Actor, may: Permission) -> Iterator[Stepping]:
    """A write transaction in which one request goes on. Raises NotPermittedError, UnknownNameError."""
    require(by, may)
    with ws.database.write() as connection:
        yield Stepping(connection, request_in(connection, number.strip().upper()), by, ws.clock.now())


def _refuse_impossible(request: Request, step: RequestStep, at: datetime, now: datetime) -> None:
    what = step.value.replace("_", " ")
    if at.tzinfo is None:
        msg = f"the time {at.isoformat()} has no zone."
        raise UsageError(msg)
    if at > now:
        msg = f"{request.number} cannot have been {what} at {told(at)}: it is {told(now, at.tzinfo)} now."
        raise UsageError(msg)
    if at < request.received_at and step is not RequestStep.CORRECTED:
        msg = (
            f"{request.number} cannot have been {what} at {told(at)}: it was received at "
            f"{told(request.received_at, at.tzinfo)}. Correct the one or the other."
        )
        raise UsageError(msg)
    if request.closed and step not in _AFTER_CLOSING:
        msg = f"{request.number} is closed. Open it again first: breachwatch request step {request.number} reopened"
        raise UsageError(msg)
