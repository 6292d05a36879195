"""The summary of a run: what a person, a flow's artifact and `--json` are made from. Holds counts and names only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from breachwatch.model.finding import RuleOutcome
from breachwatch.model.incident import PreservationFailure, Snapshot
from breachwatch.model.night import Night
from breachwatch.model.segment import Problem


class RunState(StrEnum):
    """running -> completed | partial (something was left out, see problems) | failed."""

    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source gave in one run; `records == rows + rejects`. `failed` holds the error if it broke off."""

    source: str
    files: int
    segments: int
    bytes: int
    records: int
    rows: int
    rejects: int
    by_dataset: tuple[tuple[str, int], ...] = ()
    problems: tuple[Problem, ...] = ()
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a night did for the lake: files and stored segments disposed of, kept past their period by holds, merged."""

    disposed_files: int = 0
    disposed_segments: int = 0
    kept_files: int = 0
    merged_files: int = 0
    merged_into: int = 0
    problems: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()  # what killed runs had left of evidence, and what was done with it


@dataclass(frozen=True, slots=True)
class Hidden:
    """What one filter in force hid in the last day: events that its rules would have matched."""

    title: str
    owner: str
    events: int
    rules: int  # that it is for
    problem: str = ""  # why not all of it is counted


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a night did so that others can believe the evidence: verified some again, stamped, wrote the ledger."""

    ledger: str = ""  # its name; empty: none was written
    ledger_sha256: str = ""
    verified: int = 0
    not_verified: tuple[str, ...] = ()  # evidence that is not what was sealed
    stamped: int = 0
    unstamped: int = 0  # what waits for a time stamp, where an authority is set
    sent: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did, from sources to evidence. Times are aware UTC."""

    run_id: str
    night: Night
    state: RunState
    started_at: datetime
    finished_at: datetime
    sources: tuple[SourceReport, ...]
    outcomes: tuple[RuleOutcome, ...]
    events_searched: int
    new_alerts: int
    known_alerts: int
    new_incidents: tuple[str, ...]
    extended_incidents: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    failures: tuple[PreservationFailure, ...]
    workspace: str
    vault: str
    upkeep: Upkeep = Upkeep()
    vouched: Vouched = Vouched()
    hidden: tuple[Hidden, ...] = ()  # by filters
