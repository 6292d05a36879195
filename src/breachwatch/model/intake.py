"""The words of intake: who reports what, by which way, what became of it, and what was written to and fro.

The fields are those that the city guides ask for: dates, affected accounts, systems and records, how it was discovered,
and evidence (Oxnard: "Document dates, affected records, and how you discovered the breach").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from breachwatch.model.people import Role


class ReportKind(StrEnum):
    """What somebody says: that something happened, or that they complain about how the city handles data."""

    SUSPICION = "suspicion"
    COMPLAINT = "complaint"

    @property
    def routed_to(self) -> tuple[Role, ...]:
        """Who looks at it. Odessa: "report incidents to the IT helpdesk and ... records/public information officer"."""
        both = (Role.HELPDESK, Role.RECORDS_OFFICER)
        return both if self is ReportKind.COMPLAINT else (Role.HELPDESK, Role.ANALYST)


class Relation(StrEnum):
    """What the reporter is to the city."""

    EMPLOYEE = "employee"
    VENDOR = "vendor"
    CONTRACTOR = "contractor"
    RESIDENT = "resident"
    ANONYMOUS = "anonymous"
    OTHER = "other"

    @property
    def under_contract(self) -> bool:
        """Whether a contract binds them, which may itself ask for a report."""
        return self in {Relation.VENDOR, Relation.CONTRACTOR}


class Channel(StrEnum):
    """The way something was said or written."""

    WEB_FORM = "web form"
    EMAIL = "e-mail"
    TELEPHONE = "telephone"
    LETTER = "letter"
    IN_PERSON = "in person"
    PORTAL = "portal"  # of an authority
    OTHER = "other"


class Direction(StrEnum):
    """From outside to the city, from the city to the outside, or within the house."""

    IN = "in"
    OUT = "out"
    INSIDE = "inside"


class ReportState(StrEnum):
    """What became of a report."""

    NEW = "new"
    OPENING = "opening"  # an incident is opened from it; its evidence is being sealed
    OPENED = "opened an incident"
    ATTACHED = "attached"
    DUPLICATE = "duplicate"
    NO_INCIDENT = "no incident"

    @property
    def waits(self) -> bool:
        """Whether somebody must still look at it."""
        return self in {ReportState.NEW, ReportState.OPENING}


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports, as they said it. Times are aware and keep the zone in which they were given."""

    what: str
    kind: ReportKind = ReportKind.SUSPICION
    relation: Relation = Relation.OTHER
    channel: Channel = Channel.OTHER
    name: str = ""
    organization: str = ""
    contract: str = ""  # reference of the contract with a vendor or contractor
    contact: str = ""
    language: str = "en"  # of the answer: en, es
    noticed_at: datetime | None = None
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None
    discovered: str = ""  # how it was discovered
    accounts: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    records: tuple[str, ...] = ()  # kinds of records that may be affected
    people: int | None = None  # how many people's, as the reporter thinks


@dataclass(frozen=True, slots=True)
class Received:
    """What taking in a report gave. `failure` says why something of it could not be sealed; empty where all was."""

    number: str  # R-2026-000001
    received_at: datetime
    evidence: tuple[str, ...]
    routed_to: tuple[Role, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """What was done with a report, and by whom; rows are only ever added."""

    seq: int
    report: str
    what: str
    incident: str
    evidence: str
    due_at: datetime | None
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report as it stands: what was said, with later corrections, and what was done."""

    number: str
    received_at: datetime
    taken_by: str
    said: Report  # with corrections
    first_said: Report
    state: ReportState
    incident: str
    duplicate_of: str
    evidence: tuple[str, ...]
    failure: str  # of sealing
    due_at: datetime | None  # of the next answer
    events: tuple[ReportEvent, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was sent or received. `at` is when (aware); `body_sha256` is that of the file."""

    direction: Direction
    channel: Channel
    sender: str
    recipients: tuple[str, ...]
    at: datetime
    subject: str = ""
    body_sha256: str = ""
    evidence: str = ""  # the piece that holds the file
    in_reply_to: int | None = None
    incident: str = ""
    report: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class Communication:
    """A message on record, with its key."""

    seq: int
    message: Message
    recorded_by: str
    recorded_at: datetime
