"""What an incident turned out to be. A verdict after which nothing is left to do closes the incident at once."""

from __future__ import annotations

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.advancing import advance_within
from breachwatch.incidents.casework.changing import changing, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.incidents.casework.guards import DISMISSING
from breachwatch.model.casework import Relation, Verdict
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.records import casework
from breachwatch.workspace import Workspace


def set_verdict(
    ws: Workspace,
    number: str,
    verdict: Verdict,
    *,
    by: Actor,
    reason: str,
    duplicate_of: str = "",
    expected_version: int | None = None,
) -> IncidentState:
    """Say what an incident is, and why; where it stands then.

    False positive ends it; benign true positive, duplicate, test and no action close it where nothing was assessed
    yet. A true positive goes on to the end of its way. A duplicate names the incident that it repeats. Raises
    UsageError, NotPermittedError, UnknownNameError, ChangedMeanwhileError.
    """
    reason = said(reason, "the reason of the verdict")
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        state = IncidentState(change.row.state)
        if not state.waits:
            msg = f"{number} is {state}; a verdict is for an incident that is open. Open it again first: reopen."
            raise UsageError(msg)
        if (verdict is Verdict.DUPLICATE) != bool(duplicate_of):
            msg = "a duplicate names the incident that it repeats (--of INC-...), and only a duplicate does."
            raise UsageError(msg)
        change.set(f"verdict: {verdict}", reason, verdict=verdict.value, verdict_reason=reason)
        if duplicate_of:
            other = row_of(change.connection, duplicate_of)
            if other.number == number:
                msg = f"{number} cannot be a duplicate of itself."
                raise UsageError(msg)
            change.connection.execute(
                casework.link.insert().values(
                    incident=number,
                    other=other.number,
                    relation=Relation.DUPLICATE.value,
                    reason=reason,
                    by=by.name,
                    at=change.at,
                    state_before=state.value,
                )
            )
        if verdict is Verdict.FALSE_POSITIVE:
            return advance_within(change, IncidentState.FALSE_POSITIVE, reason=reason)
        if verdict in DISMISSING:
            return advance_within(change, IncidentState.CLOSED, reason=reason)
        return state
