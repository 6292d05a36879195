"""What the incident and evidence stages hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.finding import Entity, Level, Match, Part, RuleOrigin
from breachwatch.model.severity import Severity
from breachwatch.model.systems import DataCategory


class IncidentState(StrEnum):
    """Where an incident stands on the way that the city guides ask for.

    Contain, investigate, assess with counsel, notify where it is required, remediate, verify, close:
    `incidents/casework/states.py` says which step is open to whom, and when. `preserving` is shown to nobody: an
    incident is visible only once its snapshot is sealed, or with a loud preservation failure. That failure is no state
    but a flag beside it (`failure`): people can and must work on such an incident.
    """

    PRESERVING = "preserving"
    NEW = "new"
    TRIAGE = "triage"
    CONTAINED = "contained"
    INVESTIGATING = "investigating"
    ASSESSING = "assessing"
    NOTIFYING = "notifying"
    NO_NOTICE_REQUIRED = "no notice required"
    REMEDIATING = "remediating"
    VERIFYING = "verifying"
    CLOSED = "closed"
    FALSE_POSITIVE = "false positive"
    MERGED = "merged"

    @property
    def ended(self) -> bool:
        """Whether nobody works on it any more: alerts do not join it, and it keeps no logs from retention."""
        return self in _ENDED

    @property
    def waits(self) -> bool:
        """Whether it stands in the queue."""
        return self is not IncidentState.PRESERVING and not self.ended


_ENDED = frozenset({IncidentState.CLOSED, IncidentState.FALSE_POSITIVE, IncidentState.MERGED})


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
    failure: str = ""  # why preservation failed, else empty
    verdict: str = ""
    lead: str = ""  # who works on it
    version: int = 1
    severity: Level | None = None  # None where it was never judged; the level then
    data: tuple[DataCategory, ...] = ()  # kinds of data that may be touched


class How(StrEnum):
    """How an alert came to its incident."""

    OPENED = "opened it"
    JOINED = "joined"
    CAME_ALONG = "came along"  # it had waited without an incident


@dataclass(frozen=True, slots=True)
class Joined:
    """Why an alert belongs to its incident: the entity that it shares with another alert, and how far apart both lie.

    `incident` is the one it joined then; people may have merged that since.
    """

    incident: str
    how: How
    entity: Entity | None = None  # None where it opened the incident
    other: str = ""  # key of the alert of the incident that shares it and lies nearest in time
    gap_seconds: int = 0  # between the two; 0 where they overlap


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
    joined: Joined | None = None  # why it belongs to its incident


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
    verdict: str = ""
    verdict_reason: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    lead: str = ""  # who works on it
    merged_into: str = ""
    merged: tuple[str, ...] = ()  # what was merged into it; their alerts and evidence are among its own
    recurrence_of: str = ""
    referred: bool = False  # to somebody outside, beside the state
    version: int = 1  # counts the changes; commands refuse to change what is newer than what was read
    severity: Severity | None = None  # how bad it is and why; None where it was never judged
