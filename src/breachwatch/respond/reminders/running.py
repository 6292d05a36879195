"""Every clock that runs, of whatever kind: obligations of incidents, records requests, answers owed to reporters.

A paused clock, one that has not begun, and a deadline in words are no running clocks: there is no date to remind of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from sqlalchemy import Connection

from breachwatch.model.duties import ClockState
from breachwatch.model.intake import ReportKind
from breachwatch.model.people import Actor
from breachwatch.respond.duties.board import board
from breachwatch.respond.duties.standing import Duty, readings_of
from breachwatch.respond.intake.reading import owed
from breachwatch.respond.requests import clocks as requests
from breachwatch.workspace import Workspace

_STILL = frozenset({ClockState.MET, ClockState.PAUSED, ClockState.NOT_BEGUN, ClockState.IN_WORDS})


class Of(StrEnum):
    """What a clock belongs to."""

    INCIDENT = "incident"
    REQUEST = "request"
    REPORT = "report"
    COMPLAINT = "complaint"


class Step(StrEnum):
    """How far a clock has run against its safe date."""

    HALF = "half"
    FOUR_FIFTHS = "four fifths"
    DUE = "due"
    ESCALATED = "escalated"  # it was due, and nobody has met it since


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs. `reading` counts how often its date moved, from 1; times are aware."""

    of: Of
    subject: str  # number of the incident, request or report
    about: str  # id of the obligation, or what is owed
    title: str
    began: datetime
    safe: datetime
    latest: datetime | None
    reading: int
    citation: str = ""

    def step(self, now: datetime, escalate_after: timedelta) -> Step | None:
        """The last step that has come; None before the first. An answer that is owed has no steps before its day."""
        if now >= self.safe:
            return Step.ESCALATED if now >= self.safe + escalate_after else Step.DUE
        if self.of in {Of.REPORT, Of.COMPLAINT}:
            return None
        whole, gone = self.safe - self.began, now - self.began
        if whole <= timedelta(0) or gone * 5 >= whole * 4:
            return Step.FOUR_FIFTHS
        return Step.HALF if gone * 2 >= whole else None


def running(ws: Workspace, *, by: Actor) -> tuple[Running, ...]:
    """All clocks that run or are over and not met, the next safe date first. Raises NotPermittedError."""
    found = [*_obligations(ws, by), *_requests(ws, by), *_answers(ws)]
    return tuple(sorted(found, key=lambda clock: (clock.safe, clock.subject, clock.about)))


def _obligations(ws: Workspace, by: Actor) -> Iterator[Running]:
    duties = board(ws, by=by)
    with ws.database.read() as connection:
        for duty in duties:
            if duty.clock in _STILL or duty.due.safe is None or duty.due.counted_from is None:
                continue
            yield Running(
                Of.INCIDENT,
                duty.incident,
                duty.obligation.id,
                duty.obligation.title,
                duty.due.counted_from,
                duty.due.safe,
                duty.due.latest,
                _count_readings(connection, duty),
                "; ".join(duty.obligation.citation),
            )


def _count_readings(connection: Connection, duty: Duty) -> int:
    own = [item for item in readings_of(connection, duty.incident) if item.obligation == duty.obligation.id]
    return moved([(item.safe, item.paused) for item in own], (duty.due.safe, duty.due.paused))


def moved(readings: Sequence[object], now: object) -> int:
    """How many dates a clock has had, one after the other, with the one that it has now; the same date again counts."""
    kept = [*readings, now]
    return 1 + sum(before != after for before, after in pairwise(kept))


def _requests(ws: Workspace, by: Actor) -> Iterator[Running]:
    clocks = requests.open_clocks(ws, by=by)
    with ws.database.read() as connection:
        for clock in clocks:
            if clock.clock in _STILL or clock.due.safe is None or clock.due.counted_from is None:
                continue
            own = requests.readings_of(connection, clock.request)
            yield Running(
                Of.REQUEST,
                clock.request,
                clock.obligation.id,
                clock.obligation.title,
                clock.due.counted_from,
                clock.due.safe,
                clock.due.latest,
                moved([item.safe for item in own if item.obligation == clock.obligation.id], clock.due.safe),
                "; ".join(clock.obligation.citation),
            )


def _answers(ws: Workspace) -> Iterable[Running]:
    with ws.database.read() as connection:
        found = owed(connection)
    for report in found:
        if report.due_at is None:
            continue
        set_ = [event for event in report.events if event.due_at is not None]
        yield Running(
            Of.COMPLAINT if report.said.kind is ReportKind.COMPLAINT else Of.REPORT,
            report.number,
            "answer",
            "the next answer to the reporter",
            set_[-1].at,
            report.due_at,
            None,
            len(set_),
        )
