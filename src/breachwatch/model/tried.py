"""What the dry run of a source gives: records as they were understood, and what stood in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from breachwatch.model.segment import Problem


@dataclass(frozen=True, slots=True)
class TriedRecord:
    """One record as it was understood; of a reject `reason` says why not. Times are aware UTC."""

    time: datetime | None
    dataset: str
    host: str
    who: str
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a dry run gave: the first records and rejects, the counts of what was read, and what went wrong."""

    source: str
    kind: str
    formats: tuple[str, ...]
    files: tuple[str, ...]
    records: tuple[TriedRecord, ...]
    rejects: tuple[TriedRecord, ...]
    rows: int
    rejected: int
    problems: tuple[Problem, ...]
