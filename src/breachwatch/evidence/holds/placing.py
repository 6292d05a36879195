"""Placing and releasing holds: on events and evidence alike, with the links in the chain of custody that tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch.errors import UsageError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.custody import Deed
from breachwatch.evidence.holds.covering import cover
from breachwatch.evidence.holds.custodians import enter_custodians, named
from breachwatch.lake.care import Hold, end_hold, enter_hold
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records.evidence_care import disposal_item, hold_evidence
from breachwatch.workspace import Workspace

LONGEST_TEXT = 4000


def place(
    ws: Workspace,
    items: Iterable[tuple[str, str]],
    *,
    reason: str,
    by: Actor,
    authority: str = "",
    custodians: Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Hold:
    """Place a hold on `items`, each (kind, value): account, host, source or incident; without any on all of its time.

    It is in force for everything once this transaction ends; then the evidence that it is about is looked for, and
    killed there, the night goes on. `authority` is the order, statute or letter it rests on; `custodians` are logins of
    the settings or `Name <contact>`.

    Raises NotPermittedError, UsageError for one without a reason or time, UnknownNameError.
    """
    require(by, Permission.PLACE_HOLD)
    _short(reason, authority)
    people = named(ws, custodians)
    with ws.database.write() as connection:
        placed = enter_hold(ws, connection, items, reason=reason, authority=authority, by=by, since=since, until=until)
        enter_custodians(connection, placed.number, people, by=by, at=placed.placed_at)
    cover(ws, by=by)
    return placed


def release(ws: Workspace, number: str, *, reason: str, authority: str, by: Actor) -> Hold:
    """End a hold. What it alone kept may go with the next retention, evidence after two persons said so.

    Raises NotPermittedError, UsageError without reason and authority or for one that was released, UnknownNameError.
    """
    require(by, Permission.RELEASE_HOLD)
    _short(reason, authority)
    if not reason.strip() or not authority.strip():
        msg = "say why the hold is released and by which authority (the order, statute or letter): both stay recorded."
        raise UsageError(msg)
    with ws.database.write() as connection:
        ended = end_hold(ws, connection, number, reason=reason, authority=authority, by=by)
        for evidence in _covered(connection, number):
            custody.append(
                connection,
                evidence=evidence,
                deed=Deed.HOLD_RELEASED,
                by=custody.by(by),
                at=ws.clock.now(),
                purpose=f"{number}: {reason.strip()}",
                details={"hold": number, "authority": authority.strip()},
            )
    mirror.update(ws)
    return ended


def _covered(connection: Connection, number: str) -> list[str]:
    gone = select(disposal_item.c.evidence).where(disposal_item.c.disposed_at.is_not(None))
    column = hold_evidence.c
    query = select(column.evidence).where(column.hold == number, column.covered == 1, column.evidence.not_in(gone))
    return list(connection.scalars(query.order_by(column.evidence)))


def _short(*texts: str) -> None:
    if any(len(text) > LONGEST_TEXT for text in texts):
        msg = f"a reason or authority has at most {LONGEST_TEXT} characters; name the document it stands in."
        raise UsageError(msg)
