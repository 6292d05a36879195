"""Asking for the disposal of evidence, and deciding on it: two persons, each with their reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from breachwatch.errors import ChangedMeanwhileError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence.disposal.periods import period_ends
from breachwatch.evidence.disposed import APPROVED, REFUSED, Disposal, disposal_in
from breachwatch.evidence.holds import cover, keepers
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.records.evidence_care import disposal_item, disposal_request
from breachwatch.workspace import Workspace

LONGEST_TEXT = 4000


def request(
    ws: Workspace, numbers: Iterable[str], *, authority: str, reason: str, by: Actor, early: bool = False
) -> Disposal:
    """Ask that evidence be disposed of. `authority` is the schedule, order or statute; `early`: before its period ends.

    Raises NotPermittedError, UnknownNameError, UsageError without authority or reason, before the period, and
    where a hold or an open incident keeps it.
    """
    require(by, Permission.REQUEST_DISPOSAL)
    wanted = sorted(set(numbers))
    authority, reason = authority.strip(), reason.strip()
    if not wanted or not authority or not reason or len(authority + reason) > LONGEST_TEXT:
        msg = "name the evidence, the authority (schedule, order or statute) and the reason: they stay in the records."
        raise UsageError(msg)
    cover(ws, by=by)
    now = ws.clock.now()
    with ws.database.write() as connection:
        rows = [_may_go(ws, connection, number, early=early) for number in wanted]
        number = _number(connection, now.astimezone(ws.settings.city.zone).year)
        values = {"number": number, "authority": authority, "reason": reason, "requested_at": now}
        connection.execute(
            insert(disposal_request).values(**values, requested_by=by.name, requester=by.login or by.name)
        )
        names = ("tagmanifest_sha256", "bytes")
        items = [
            {"request": number, "evidence": row.number} | {name: getattr(row, name) for name in names} for row in rows
        ]
        connection.execute(insert(disposal_item), items)
        after = {"evidence": wanted, "authority": authority, "before_its_period": early}
        audit.append(connection, at=now, by=by, entity=number, change="none -> asked for", reason=reason, after=after)
        return disposal_in(connection, number)


def decide(ws: Workspace, number: str, *, approve: bool, reason: str, by: Actor) -> Disposal:
    """Approve or refuse a request, as another person than the one who asked. Nothing is removed yet: `carry_out` does.

    Raises NotPermittedError, UnknownNameError, UsageError without a reason, ChangedMeanwhileError where it was decided.
    """
    require(by, Permission.APPROVE_DISPOSAL)
    if not reason.strip() or len(reason) > LONGEST_TEXT:
        msg = "say why: it stays in the records."
        raise UsageError(msg)
    now = ws.clock.now()
    with ws.database.write() as connection:
        asked = disposal_in(connection, number)
        if asked.decision is not None:
            msg = f"{number} was {asked.decision} by {asked.decided_by} on {asked.decided_at:%Y-%m-%d}."
            raise ChangedMeanwhileError(msg)
        decider = by.login or by.name
        if decider == asked.requester or by.name == asked.requested_by:
            msg = f"{by.name} asked for {number}; somebody else decides on it."
            raise NotPermittedError(msg)
        decision = APPROVED if approve else REFUSED
        values = {"decision": decision, "decided_at": now, "decided_by": by.name, "decider": decider}
        connection.execute(
            update(disposal_request)
            .where(disposal_request.c.number == number)
            .values(**values, decision_reason=reason.strip())
        )
        audit.append(connection, at=now, by=by, entity=number, change=f"asked for -> {decision}", reason=reason)
        return disposal_in(connection, number)


def _may_go(ws: Workspace, connection: Connection, number: str, *, early: bool) -> Row[Any]:
    row = connection.execute(select(cases.evidence).where(cases.evidence.c.number == number)).first()
    if row is None:
        raise UnknownNameError("piece of evidence", number, connection.scalars(select(cases.evidence.c.number)))
    kept = keepers(connection, number)
    if kept:
        msg = f"{number} is kept by {', '.join(kept)} and cannot be disposed of."
        raise UsageError(msg)
    item, asked = disposal_item.c, disposal_request.c
    elsewhere = connection.execute(
        select(item.request, item.disposed_at)
        .join(disposal_request, asked.number == item.request)
        .where(item.evidence == number, asked.decision.is_distinct_from(REFUSED))
    ).first()
    if elsewhere is not None:
        what = "was disposed of" if elsewhere.disposed_at else "is to be disposed of"
        msg = f"{number} {what} by {elsewhere.request} already."
        raise UsageError(msg)
    over = period_ends(ws, connection, row)
    if not early and (over is None or over[1] > ws.clock.now()):
        until = f"until {over[1]:%Y-%m-%d}" if over is not None else "for ever (evidence.retention_days is 0)"
        msg = f"{number} is to be kept {until}. Where an order demands its disposal before, say --before-its-period."
        raise UsageError(msg)
    return row


def _number(connection: Connection, year: int) -> str:
    prefix = f"DISP-{year}-"
    column = disposal_request.c.number
    taken = connection.scalars(select(column).where(column.startswith(prefix)))
    return f"{prefix}{max((int(number.removeprefix(prefix)) for number in taken), default=0) + 1:04d}"
