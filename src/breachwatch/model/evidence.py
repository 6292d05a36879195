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
    disposed_at: datetime | None = None  # its bytes are gone since then; record and custody stay


@dataclass(frozen=True, slots=True)
class Mended:
    """Something that a killed run left and that was put right: removed, recorded or set aside."""

    what: str  # number of the evidence, or name of the unfinished folder
    deed: str
    why: str


@dataclass(frozen=True, slots=True)
class Exported:
    """An archive made from one piece of evidence."""

    number: str
    path: str
    sha256: str
    bytes: int
