"""What the evidence stage reports about sealed evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Check(NamedTuple):
    """One thing that was checked about a bag, and what was found."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The result of verifying one bag. `ok` only where every check passed."""

    number: str
    path: str
    checks: tuple[Check, ...]
    signed_by: str = ""  # fingerprint of the key, and whose key that is

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A piece of evidence as a row of the list; `incident` is empty where it belongs to none.

    `verified_ok` is None until somebody verified it.
    """

    number: str
    incident: str
    sealed_at: datetime  # aware UTC
    events: int
    bytes: int
    supplements: str | None
    path: str
    tagmanifest_sha256: str
    verified_at: datetime | None
    verified_ok: bool | None
    kind: str = "snapshot"  # or file: see records/received.py
    title: str = ""  # of files: their names
    stamped_at: datetime | None = None  # what its time stamp says; None: it has none, or waits for it
    disposed_at: datetime | None = None  # its bytes are gone since then; record and custody stay


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    """What came back about a transfer: `acknowledged` or `returned`, by whom and when (aware UTC)."""

    kind: str
    at: datetime
    person: str
    note: str
    receipt_sha256: str  # of the signed receipt's scan; empty where there is none
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Evidence handed to somebody outside, and what came back. `at` is aware UTC."""

    number: str  # TR-2026-000001
    evidence: str
    at: datetime
    handed_over_by: str
    recipient: str
    organization: str
    contact: str
    method: str
    purpose: str
    authority: str
    archive_sha256: str
    answers: tuple[TransferAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Mended:
    """Something that a killed run left and that was put right: removed, recorded or set aside."""

    what: str  # number of the evidence, or name of the unfinished folder
    deed: str
    why: str


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A stored row that does not come out the same; `event_id` among the columns: it does not come out at all."""

    event_id: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleAgain:
    """A stored query run again: how many of its alerts' events it found, which it did not, and how many others.

    Others are no difference: the bag holds records around what matched, and those of other alerts.
    """

    rule_id: str
    revision: str
    expected: int
    found: int = 0
    missing: tuple[str, ...] = ()
    beyond: int = 0
    not_run: str = ""  # why it cannot be judged by what the bag holds
    failed: str = ""  # why it could not be run, though it should

    @property
    def ok(self) -> bool:
        return not self.missing and not self.failed


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What repeating the parsing and the queries of a snapshot gave."""

    number: str
    rows: int  # as stored
    differing: int
    differences: tuple[RowDifference, ...]  # the first of them
    rules: tuple[RuleAgain, ...]
    versions: tuple[tuple[str, str, str], ...]  # name, then, now: of programs that are others now

    @property
    def ok(self) -> bool:
        return not self.differing and all(rule.ok for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Exported:
    """An archive made from one piece of evidence."""

    number: str
    path: str
    sha256: str
    bytes: int
