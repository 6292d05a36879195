"""Counsel approves one version of a paper, by its hash. What changes afterwards needs approval anew."""

from __future__ import annotations

from breachwatch.errors import ChangedMeanwhileError, UsageError
from breachwatch.incidents.casework.changing import said
from breachwatch.model.duties import DutyStep
from breachwatch.model.papers import Paper
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import papers as tables
from breachwatch.respond.notices.reading import paper_on
from breachwatch.respond.notices.stepping import note_step
from breachwatch.workspace import Workspace


def approve(
    ws: Workspace, number: str, *, by: Actor, reason: str, version: int | None = None, blanks_reason: str = ""
) -> Paper:
    """Record that counsel approves the latest version, which is `version` where that is named.

    Raises NotPermittedError for anybody but counsel, ChangedMeanwhileError where `version` is not the latest any more,
    UsageError for blanks without `blanks_reason`, and for comments, tracked changes or hidden text in an edited file.
    """
    require(by, Permission.DECIDE)
    reason = said(reason, "why it may go out")
    at = ws.clock.now()
    with ws.database.write() as connection:
        found = paper_on(connection, number)
        _refuse(found, version, blanks_reason)
        latest = found.latest
        connection.execute(
            tables.paper_approval.insert().values(
                paper=number,
                version=latest.number,
                sha256=latest.sha256,
                blanks_reason=blanks_reason.strip(),
                reason=reason,
                by=by.name,
                at=at,
            )
        )
        after = {"sha256": latest.sha256, "blanks": list(latest.blanks), "blanks_reason": blanks_reason.strip()}
        change = f"version {latest.number} approved"
        audit.append(connection, at=at, by=by, entity=number, change=change, reason=reason, after=after)
        note_step(ws, connection, found, DutyStep.APPROVED, by=by, at=at, reason=reason)
        return paper_on(connection, number)


def _refuse(found: Paper, version: int | None, blanks_reason: str) -> None:
    latest = found.latest
    if version is not None and version != latest.number:
        msg = f"{found.number} is at version {latest.number} by {latest.made_by}, not {version}. Read it first."
        raise ChangedMeanwhileError(msg)
    if found.approval is not None:
        msg = f"version {latest.number} of {found.number} is approved already, by {found.approval.by}."
        raise UsageError(msg)
    if latest.blanks and not blanks_reason.strip():
        msg = (
            f"{found.number} still has blanks: {'; '.join(latest.blanks)}. Fill them in (`paper revise`, "
            "`paper write`), or say why they may stay (--blanks-may-stay)."
        )
        raise UsageError(msg)
    if latest.remarks:
        msg = (
            f"the file of {found.number} holds {', '.join(latest.remarks)}, which whoever receives it can read. "
            "Accept or reject the changes, delete the comments, and take it in again with `paper write`."
        )
        raise UsageError(msg)
