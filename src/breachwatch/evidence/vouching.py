"""What each night does so that others can believe the evidence: verify some again, stamp, write the ledger, send it.

Each step is told in the summary where it fails, and stops none of the others: the next night tries again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select

from breachwatch.errors import explain
from breachwatch.evidence.custody import Handler
from breachwatch.evidence.disposed import disposal_of
from breachwatch.evidence.ledger.making import make
from breachwatch.evidence.ledger.reading import Entry
from breachwatch.evidence.ledger.sending import Sent, send
from breachwatch.evidence.timestamps.queue import Stamped, stamp_pending
from breachwatch.evidence.verification import verify
from breachwatch.model.evidence import VerifyReport
from breachwatch.model.night import Night
from breachwatch.model.people import program
from breachwatch.model.summary import Vouched
from breachwatch.records import cases
from breachwatch.workspace import Workspace

T = TypeVar("T")
_TOLD = 20


def vouch(ws: Workspace, night: Night, run_id: str) -> Vouched:
    """Do the night's work for trust. What goes wrong is told and stops nothing else."""
    problems: list[str] = []
    reports: list[VerifyReport] = _tried(problems, "verification", lambda: recheck(ws), [])
    problems += [f"{report.number} does not verify: {_why(report)}" for report in reports if not report.ok]
    made = _tried(problems, "ledger", lambda: write_ledger(ws, night, run_id), None)
    stamped = _tried(problems, "time stamps", lambda: stamp_pending(ws, by=program(run_id)), Stamped())
    problems += [f"time stamps: {problem}" for problem in stamped.problems]
    sent = _tried(problems, "sending the ledger", lambda: send_if_asked(ws, run_id), Sent())
    problems += [f"sending the ledger: {problem}" for problem in sent.problems]
    return Vouched(
        ledger=made.name if made else "",
        ledger_sha256=made.sha256 if made else "",
        verified=len(reports),
        not_verified=tuple(report.number for report in reports if not report.ok),
        stamped=len(stamped.stamped),
        unstamped=len(stamped.pending) if ws.settings.evidence.timestamp.url else 0,
        sent=sent.done,
        problems=tuple(problems[:_TOLD]),
    )


def recheck(ws: Workspace, share: float | None = None) -> list[VerifyReport]:
    """Verify a share of the sealed evidence again, what was not verified for longest first; None: as the settings say.

    At least one piece, and no more than about the settings' bytes a night. Each is entered into the chain of custody.
    """
    settings = ws.settings.evidence.verify
    part = settings.nightly_share if share is None else share
    column = cases.evidence.c
    with ws.database.read() as connection:
        rows = connection.execute(
            select(column.number, column.bytes).order_by(
                column.verified_at.is_not(None), column.verified_at, column.sealed_at, column.number
            )
        ).all()
        rows = [row for row in rows if disposal_of(connection, row.number) is None]
    left = settings.nightly_bytes if share is None and settings.nightly_bytes else math.inf
    by = Handler("breachwatch", "scheduled verification", location=ws.settings.evidence.location)
    reports: list[VerifyReport] = []
    for row in rows[: math.ceil(len(rows) * part)]:
        if reports and row.bytes > left:
            break
        left -= row.bytes
        reports.append(verify(ws, row.number, by=by, purpose="scheduled verification"))
    return reports


def write_ledger(ws: Workspace, night: Night, run_id: str) -> Entry:
    """The ledger of a night, by the program. Raises as `ledger.making.make` does."""
    return make(ws, night, run_id, by=program(run_id))


def send_if_asked(ws: Workspace, run_id: str) -> Sent:
    """Send ledgers where the settings name somebody to send them to."""
    settings = ws.settings.evidence.ledger
    if not settings.mail_to and settings.store is None:
        return Sent()
    return send(ws, by=program(run_id))


def _why(report: VerifyReport) -> str:
    return "; ".join(f"{check.name}: {check.detail}" for check in report.checks if not check.ok)[:300]


def _tried(problems: list[str], what: str, step: Callable[[], T], otherwise: T) -> T:
    try:
        return step()
    except Exception as error:  # noqa: BLE001  said in the summary; the next night tries again
        problems.append(f"{what}: {explain(error)}")
        return otherwise
