"""Referrals as they stand, as far as a person may see them: those about personnel or vendors are restricted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UnknownNameError
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.model.people import Actor, Permission
from breachwatch.model.referrals import Package, Referral, ReferralEvent, ReferralKind, ReferralStatus
from breachwatch.people import require
from breachwatch.records import referrals
from breachwatch.workspace import Workspace


def referrals_of(ws: Workspace, incident: str = "", *, by: Actor) -> tuple[Referral, ...]:
    """All referrals, or those of an incident and of what was merged into it, in the order in which they were made."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        query = select(referrals.referral).order_by(referrals.referral.c.made_at, referrals.referral.c.number)
        if incident:
            numbers = members(connection, row_of(connection, incident).number)
            query = query.where(referrals.referral.c.incident.in_(numbers))
        return tuple(_value(connection, row) for row in connection.execute(query) if visible(by, row))


def referral_of(ws: Workspace, number: str, *, by: Actor) -> Referral:
    """One referral. Raises NotPermittedError, UnknownNameError, also for one that this person may not see."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return referral_in(connection, number, by)


def referral_in(connection: Connection, number: str, by: Actor) -> Referral:
    """The same on a connection of the caller's."""
    table = referrals.referral
    row = connection.execute(select(table).where(table.c.number == number)).first()
    if row is None or not visible(by, row):
        known = [item.number for item in connection.execute(select(table)) if visible(by, item)]
        raise UnknownNameError("referral", number, known)
    return _value(connection, row)


def visible(by: Actor, row: Row[Any]) -> bool:
    """Whether a person works on the case or advises on it, or the referral is not restricted."""
    return not row.restricted or by.may(Permission.TRIAGE) or by.may(Permission.DECIDE)


def _value(connection: Connection, row: Row[Any]) -> Referral:
    package, event = referrals.referral_package, referrals.referral_event
    packages = connection.execute(select(package).where(package.c.referral == row.number).order_by(package.c.seq))
    events = connection.execute(select(event).where(event.c.referral == row.number).order_by(event.c.seq))
    return Referral(
        number=row.number,
        incident=row.incident,
        kind=ReferralKind(row.kind),
        recipient=row.recipient,
        organization=row.organization,
        contact=row.contact,
        basis=row.basis,
        made_by=row.made_by,
        made_at=row.made_at,
        packages=tuple(Package(item.evidence, item.archive, item.archive_sha256, item.transfer) for item in packages),
        events=tuple(
            ReferralEvent(
                item.seq,
                item.what,
                ReferralStatus(item.status),
                item.person,
                item.reference,
                item.text,
                item.evidence or "",
                item.at,
                item.recorded_by,
                item.recorded_at,
            )
            for item in events
        ),
    )
