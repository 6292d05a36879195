"""The words of case work: verdicts, anchor times, links, decisions, actions, tasks, notes, timeline, who is affected.

All times are aware UTC unless a field says that it keeps the zone in which a person gave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertState(StrEnum):
    """How far people are with an alert. One that belongs to an incident is `linked`, and lives on in the incident."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    LINKED = "linked"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What an alert or an incident turned out to be. Each needs a reason."""

    TRUE_POSITIVE = "true positive"
    BENIGN_TRUE_POSITIVE = "benign true positive"  # it happened as the rule says, and somebody was meant to do it
    FALSE_POSITIVE = "false positive"
    DUPLICATE = "duplicate"
    TEST = "test"
    NO_ACTION = "no action"


class Anchor(StrEnum):
    """The moments that legal clocks begin from; each is set, and can be set anew, with a reason of its own."""

    OCCURRED = "occurred"
    DETECTED = "detected"
    DISCOVERED = "discovered"
    DETERMINED = "determined"  # that it is a breach in the sense of a law
    CONTAINED = "contained"
    ERADICATED = "eradicated"
    RECOVERED = "recovered"
    CLOSED = "closed"


class Relation(StrEnum):
    """How one incident stands to another."""

    MERGED = "merged"  # goes on in the other
    DUPLICATE = "duplicate"  # the same thing, reported twice
    RELATED = "related"
    RECURRENCE = "recurrence"  # of the other, which was closed


class DecisionKind(StrEnum):
    """What people decide or confirm about an incident."""

    NOTICE = "notice"  # counsel: whether somebody outside must be told
    NOTIFIED = "notified"  # that a role inside was told
    WAIVER = "waiver"  # a guard is set aside, with a reason
    HOLDS = "holds"  # whether a legal hold is called for
    OBLIGATIONS = "obligations"  # that what the law asks for is done
    LESSONS = "lessons"  # what was learnt
    STATEMENT = "statement"  # the closing statement
    REFERRAL = "referral"  # to the police, a regulator, the city attorney, a court, human resources


class ActionKind(StrEnum):
    """Measures of the city guides."""

    CONTAINMENT = "containment"
    ERADICATION = "eradication"
    RECOVERY = "recovery"
    ACCESS_SUSPENSION = "access_suspension"
    SANCTION = "sanction"  # of staff: restricted
    VENDOR = "vendor"

    @property
    def restricted(self) -> bool:
        """Whether it is about somebody's employment: seen only by those who act in the case, and in no export."""
        return self is ActionKind.SANCTION


class TaskState(StrEnum):
    """How far a task is."""

    OPEN = "open"
    BLOCKED = "blocked"
    DONE = "done"
    NOT_APPLICABLE = "not applicable"


class Precision(StrEnum):
    """How exactly a time is known."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class AnchorTime:
    """An anchor as it was set. `seq` is None for one that nobody set: it follows from the records."""

    anchor: Anchor
    at: datetime
    zone: str  # in which the time was given
    set_by: str
    set_at: datetime
    reason: str
    seq: int | None = None
    incident: str = ""  # where it comes from a merged incident, that one's number


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision or confirmation, in the words of who made it; a later one of the same kind and subject replaces it."""

    seq: int
    kind: DecisionKind
    subject: str
    outcome: str
    reason: str
    decided_by: str
    recorded_by: str
    at: datetime
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link between two incidents; `undone_at` where it was taken back."""

    seq: int
    incident: str
    other: str
    relation: Relation
    reason: str
    by: str
    at: datetime
    undone_by: str = ""
    undone_at: datetime | None = None
    undo_reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A note. Privileged ones are counsel's: only counsel reads them, and no export has them."""

    seq: int
    incident: str
    at: datetime
    author: str
    text: str
    privileged: bool


@dataclass(frozen=True, slots=True)
class Action:
    """A measure: who ordered it, who carried it out, and who else made sure that it works."""

    number: int
    incident: str
    kind: ActionKind
    target: str
    description: str
    ordered_by: str
    ordered_at: datetime
    implementer: str
    done_at: datetime | None
    result: str
    verifier: str
    verified_at: datetime | None
    verification: str
    waiver: str  # why the implementer verified it, where nobody else could
    version: int

    @property
    def state(self) -> str:
        """In one word: ordered, done or verified."""
        return "verified" if self.verified_at else "done" if self.done_at else "ordered"


@dataclass(frozen=True, slots=True)
class Task:
    """A step of a playbook, or one that somebody added."""

    number: int
    incident: str
    playbook: str
    step: str
    phase: str
    title: str
    how: str
    role: str
    assignee: str
    due_at: datetime | None
    state: TaskState
    reason: str  # why it is blocked or does not apply
    done_by: str
    done_at: datetime | None
    mandatory: bool
    version: int


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One line of the story. `raw` is what the record says, `interpretation` what a person makes of it."""

    key: str  # `alert:...`, `audit:...`, `action:...`, `entry:...`
    at: datetime
    precision: Precision
    kind: str
    raw: str
    interpretation: str = ""
    author: str = ""
    source: str = ""  # event id, alert key, evidence number
    pinned: bool = False
    incident: str = ""  # where it comes from a merged incident, that one's number


@dataclass(frozen=True, slots=True)
class Affected:
    """A system, an account or a group of persons that is touched. Counts are known, or estimated."""

    seq: int
    kind: str  # system, account, group
    name: str
    status: str
    elements: tuple[str, ...]  # kinds of data: ssn, driver_license, card, health, cjis, ...
    count: int | None
    estimated: bool
    states: tuple[tuple[str, int | None], ...]  # residents by state
    vendor: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """What people said about an earlier alert of the same rule on the same account, address or host."""

    alert: str
    incident: str
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    shared: tuple[str, ...]
