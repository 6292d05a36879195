"""What becomes of a paper is a step on the way to meeting the obligation that it serves, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from breachwatch.incidents.casework.changing import begin, finish
from breachwatch.model.duties import DutyStep
from breachwatch.model.papers import Paper
from breachwatch.model.people import Actor
from breachwatch.respond.duties.deciding import step_within
from breachwatch.workspace import Workspace


def note_step(
    ws: Workspace,
    connection: Connection,
    paper: Paper,
    step: DutyStep,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    detail: Mapping[str, str] | None = None,
) -> None:
    """Record the step of the paper's obligation, where it serves one. `at` is when it happened.

    Raises UsageError where the step is out of turn or nothing was assessed yet, UnknownNameError for the obligation.
    """
    if not paper.obligation:
        return
    change = begin(connection, paper.incident, by=by, at=ws.clock.now())
    said = {"paper": paper.number, "version": str(paper.latest.number), "sha256": paper.latest.sha256, **(detail or {})}
    step_within(change, paper.obligation, step, at=at, reason=reason, detail=said)
    finish(change)
