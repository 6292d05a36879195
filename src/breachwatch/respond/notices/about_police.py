"""Whether law enforcement is engaged: from referrals, and from decisions to refer that were written down before one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Decision, DecisionKind
from breachwatch.model.referrals import ReferralKind, ReferralStatus
from breachwatch.papers import Value
from breachwatch.records import referrals

_DECIDED = "law-enforcement"


def about_police(connection: Connection, numbers: Iterable[str], decisions: Iterable[Decision]) -> dict[str, Value]:
    """Whether it is engaged in investigating, and the agency with its file number.

    No only where every agency that was asked declined: that nobody wrote a referral down does not say there was none.
    """
    row = referrals.referral.c
    found: list[Row[Any]] = []
    for chunk in chunks(numbers):
        query = select(referrals.referral).where(
            row.incident.in_(chunk), row.kind == ReferralKind.LAW_ENFORCEMENT.value, row.restricted == 0
        )
        found += connection.execute(query).all()
    agencies, declined = [], []
    for item in sorted(found, key=lambda item: (item.made_at, item.number)):
        status, reference = _as_it_is(connection, item.number)
        declined.append(status is ReferralStatus.DECLINED)
        agencies.append(", ".join(part for part in (item.organization or item.recipient, reference) if part))
    decided = any(item.kind is DecisionKind.REFERRAL and item.subject == _DECIDED for item in decisions)
    engaged = not all(declined) if declined else (decided or None)
    return {"law_enforcement_engaged": engaged, "law_enforcement_agency": "; ".join(agencies) or None}


def _as_it_is(connection: Connection, number: str) -> tuple[ReferralStatus, str]:
    """The status after the last event of a referral, and the other side's file number as told last."""
    event = referrals.referral_event.c
    query = select(event.status, event.reference).where(event.referral == number).order_by(event.seq)
    rows = connection.execute(query).all()
    references = [row.reference for row in rows if row.reference]
    return ReferralStatus(rows[-1].status) if rows else ReferralStatus.MADE, references[-1] if references else ""
