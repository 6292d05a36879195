"""Papers and what becomes of them: drafted, approved, sent. Every version stays; a later one supersedes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Form(StrEnum):
    """The forms of a paper: to edit, to read on a page, to send."""

    DOCX = "docx"
    HTML = "html"
    PDF = "pdf"


class Way(StrEnum):
    """How a paper went out."""

    LETTER = "letter"
    EMAIL = "e-mail"
    PORTAL = "portal"  # of an authority
    WEBSITE = "website"
    MEDIA = "media"  # newspapers, radio, television
    IN_PERSON = "in person"
    OTHER = "other"


class PaperState(StrEnum):
    """How far a paper is."""

    DRAFT = "draft"
    CHANGED = "changed since approval"
    APPROVED = "approved"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `sha256` is that of the lines `<sha256>  <form>` of its files, in the order of their names."""

    paper: str
    number: int  # 1, 2, ...
    kind: str  # "filled" from the template, or "edited" by hand and taken back
    files: Mapping[Form, str]  # SHA-256 of each form's bytes
    sha256: str
    template_sha256: str
    template_origin: str
    blanks: tuple[str, ...]  # fields, or the words of blanks that an edited file still has
    remarks: tuple[str, ...]  # what an edited file holds beside its text, such as comments
    made_by: str
    at: datetime  # aware UTC
    reason: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Counsel's word for one version, and why blanks may stay where they do."""

    version: int
    sha256: str  # of that version
    by: str
    at: datetime
    reason: str
    blanks_reason: str


@dataclass(frozen=True, slots=True)
class Sending:
    """A version that went out: which form, how, to whom by class, how many, when, and the proof."""

    version: int
    form: Form
    sha256: str  # of the file
    way: Way
    recipients: str  # the class, such as "Texas residents"
    count: int
    sent_at: datetime
    evidence: str  # number of the sealed file, with the proof beside it
    proof: str  # what proves it, in words
    recorded_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with all that became of it; `versions`, `approvals` and `sendings` are in order, the oldest first."""

    number: str  # P-2026-000001
    template: str
    language: str
    title: str
    audience: str
    incident: str
    obligation: str
    request: str
    report: str
    versions: tuple[Version, ...]
    approvals: tuple[Approval, ...]
    sendings: tuple[Sending, ...]

    @property
    def latest(self) -> Version:
        """The version that counts."""
        return self.versions[-1]

    @property
    def approval(self) -> Approval | None:
        """The approval of the version that counts, by its hash; None where there is none."""
        now = [item for item in self.approvals if item.sha256 == self.latest.sha256]
        return now[-1] if now else None

    @property
    def state(self) -> PaperState:
        """How far the version that counts is."""
        if any(item.version == self.latest.number for item in self.sendings):
            return PaperState.SENT
        if self.approval is not None:
            return PaperState.APPROVED
        return PaperState.CHANGED if self.approvals or self.sendings else PaperState.DRAFT
