"""What the incident and evidence stages hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.finding import Entity, Level, Match, Part, RuleOrigin


class IncidentState(StrEnum):
    """An incident is visible (open) only once its snapshot is sealed, or with a loud preservation failure."""

    PRESERVING = "preserving"
    OPEN = "open"
    PRESERVATION_FAILED = "preservation failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ToPreserve:
    """A job for the evidence stage: seal these alerts' evidence for this incident."""

    incident: str  # number, INC-2026-0001
    alert_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """What recording a scan's findings gave. `to_preserve` lists the incidents with alerts that are not yet sealed."""

    new_alerts: int
    known_alerts: int
    new_incidents: tuple[str, ...]
    extended_incidents: tuple[str, ...]
    to_preserve: tuple[ToPreserve, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A sealed bag of evidence."""

    number: str  # EV-2026-000001
    incident: str
    path: str  # the bag's folder
    sealed_at: datetime  # aware UTC
    tagmanifest_sha256: str
    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PreservationFailure:
    """A snapshot that could not be sealed; its incident is shown with this reason and tried again by the next run."""

    incident: str
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident as a row of the queue."""

    number: str
    state: IncidentState
    level: Level
    title: str
    entities: tuple[str, ...]
    alerts: int
    first_time: datetime
    last_time: datetime
    opened_at: datetime
    evidence: tuple[str, ...]
    authors: tuple[str, ...] = ()  # of the rules that fired, with the licence in brackets where it is not ours


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as the records hold it. `evidence` names the snapshots that hold its events, oldest first."""

    key: str
    rule_id: str
    rule_title: str
    rule_revision: str
    level: Level
    dataset: str
    first_time: datetime
    last_time: datetime
    event_count: int
    entities: tuple[Entity, ...]
    tags: tuple[str, ...]
    why: Mapping[str, str]
    detected_at: datetime
    run_id: str
    event_ids: tuple[str, ...]
    unsealed: int  # how many of them no snapshot holds yet
    evidence: tuple[str, ...]
    matched: tuple[Match, ...] = ()  # which selections matched, by which fields and values
    parts: tuple[Part, ...] = ()  # of a correlation: which rule each event matched
    author: str = ""  # of the rule and of those it is over; their licence may demand that they are named
    licence: str = ""  # of the same rules
    origins: tuple[RuleOrigin, ...] = ()  # where these rules came from, the rule itself last


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One state change: who, what, why, when (aware UTC)."""

    at: datetime
    actor: str
    entity: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class RelatedIncident:
    """Another incident that was active at about the same time and shares an entity; not merged, only pointed at."""

    number: str
    state: IncidentState
    level: Level
    title: str
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """The first steps that a rule advises whoever gets its alert."""

    rule_id: str
    rule_title: str
    level: Level
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """A case with all that the records hold about it; alerts in time order, times aware UTC."""

    number: str
    state: IncidentState
    level: Level
    title: str
    failure: str  # why preservation failed, else empty
    first_time: datetime
    last_time: datetime
    opened_at: datetime
    opened_by_run: str
    entities: tuple[Entity, ...]
    alerts: tuple[AlertRecord, ...]
    evidence: tuple[EvidenceLine, ...]
    audit: tuple[AuditRecord, ...]
    advice: tuple[Advice, ...] = ()  # highest level first
    related: tuple[RelatedIncident, ...] = ()
