"""Tables of referrals: to whom, on what basis, with which package, and what came of it. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {"referral": ("number",), "referral_package": ("seq",), "referral_event": ("seq",)}
"""Tables whose rows are only ever added, with their keys."""

referral = Table(
    "referral",
    metadata,
    Column("number", String(32), primary_key=True),  # REF-2026-0001
    Column("incident", String(32), ForeignKey("incident.number"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("recipient", Text, nullable=False),  # the person or office
    Column("organization", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("basis", Text, nullable=False),  # why, and by which law, contract or order
    Column("restricted", Integer, nullable=False),  # 1: personnel; only who works on the case or advises on it sees it
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_referral_incident", "incident"),
)

referral_package = Table(
    "referral_package",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("referral", String(32), ForeignKey("referral.number"), nullable=False),
    Column("evidence", String(32), ForeignKey("evidence.number"), nullable=False),
    Column("archive", Text, nullable=False),  # its name
    Column("archive_sha256", String(64), nullable=False),
    Column("transfer", String(32), ForeignKey("transfer.number"), nullable=False),
    Index("ix_referral_package_referral", "referral"),
)

referral_event = Table(
    "referral_event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("referral", String(32), ForeignKey("referral.number"), nullable=False),
    Column("what", String(16), nullable=False),  # letter, receipt, status, outcome
    Column("status", String(32), nullable=False),  # as it is after this
    Column("person", Text, nullable=False),  # who signed, or said so
    Column("reference", Text, nullable=False),  # the other side's file number
    Column("text", Text, nullable=False),
    Column("evidence", String(32), ForeignKey("evidence.number")),  # the letter, receipt or answer as a file
    Column("at", UtcDateTime, nullable=False),  # when it happened
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("ix_referral_event_referral", "referral"),
)
