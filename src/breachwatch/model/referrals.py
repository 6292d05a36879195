"""The words of referrals: to whom an incident is handed on, and what became of it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReferralKind(StrEnum):
    """Whom the Odessa and Oxnard guides name, and the insurer."""

    LAW_ENFORCEMENT = "law enforcement"
    CITY_ATTORNEY = "city attorney"
    DISTRICT_ATTORNEY = "district attorney"
    REGULATOR = "regulator"
    MUNICIPAL_COURT = "municipal court"
    HUMAN_RESOURCES = "human resources"
    VENDOR_MANAGEMENT = "vendor management"
    INSURER = "insurer"

    @property
    def restricted(self) -> bool:
        """Whether it is about a person's employment or a vendor's contract: only who works on the case sees it."""
        return self in {ReferralKind.HUMAN_RESOURCES, ReferralKind.VENDOR_MANAGEMENT}


class ReferralStatus(StrEnum):
    """How far a referral is on the other side."""

    MADE = "made"
    RECEIVED = "received"  # they signed for it
    ACCEPTED = "accepted"
    INVESTIGATING = "investigating"
    DECLINED = "declined"
    CLOSED = "closed"  # with an outcome

    @property
    def ended(self) -> bool:
        """Whether nothing more is waited for."""
        return self in {ReferralStatus.DECLINED, ReferralStatus.CLOSED}


@dataclass(frozen=True, slots=True)
class Package:
    """Evidence that was handed over with a referral: the archive, its hash, the transfer that custody tells of."""

    evidence: str
    archive: str
    archive_sha256: str
    transfer: str


@dataclass(frozen=True, slots=True)
class ReferralEvent:
    """Something that happened to a referral; rows are only ever added."""

    seq: int
    what: str  # letter, receipt, status, outcome
    status: ReferralStatus
    person: str
    reference: str
    text: str
    evidence: str
    at: datetime
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Referral:
    """An incident handed on: to whom, on what basis, with what, and what came of it."""

    number: str  # REF-2026-0001
    incident: str
    kind: ReferralKind
    recipient: str
    organization: str
    contact: str
    basis: str
    made_by: str
    made_at: datetime
    packages: tuple[Package, ...]
    events: tuple[ReferralEvent, ...]

    @property
    def status(self) -> ReferralStatus:
        """As the last event left it."""
        return self.events[-1].status if self.events else ReferralStatus.MADE

    @property
    def reference(self) -> str:
        """The other side's file number, as it was told last."""
        return next((event.reference for event in reversed(self.events) if event.reference), "")

    @property
    def outcome(self) -> str:
        """What came of it; empty while nothing did."""
        return next((event.text for event in reversed(self.events) if event.what == "outcome"), "")
