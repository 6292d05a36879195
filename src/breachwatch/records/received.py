"""Tables of evidence that somebody handed over, and of evidence that was handed on: rows that are only ever added."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

SNAPSHOT, FILE = "snapshot", "file"
"""Kinds of evidence: logs that a detection pointed at, and files that somebody handed over."""

received = Table(
    "received",
    metadata,
    Column("evidence", String(32), ForeignKey("evidence.number"), primary_key=True),
    Column("received_from", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("received_by", Text, nullable=False),
    Column("source", Text, nullable=False),  # where the files were before: a mailbox, a phone, a computer
    Column("purpose", Text, nullable=False),
    Column("files", Text, nullable=False),  # JSON [{"file", "name", "sha256", "bytes"}, ...]
)

transfer = Table(
    "transfer",
    metadata,
    Column("number", String(32), primary_key=True),  # TR-2026-000001
    Column("evidence", String(32), ForeignKey("evidence.number"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("handed_over_by", Text, nullable=False),
    Column("recipient", Text, nullable=False),  # the person
    Column("organization", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("method", Text, nullable=False),  # in person, courier, upload
    Column("purpose", Text, nullable=False),
    Column("authority", Text, nullable=False),  # subpoena, warrant, agreement
    Column("archive_sha256", String(64), nullable=False),  # of the archive that was handed over; empty: the bag itself
    Index("ix_transfer_evidence", "evidence"),
)

transfer_answer = Table(
    "transfer_answer",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("transfer", String(32), ForeignKey("transfer.number"), nullable=False),
    Column("kind", String(16), nullable=False),  # acknowledged, returned
    Column("at", UtcDateTime, nullable=False),
    Column("person", Text, nullable=False),  # who signed the receipt, or brought it back
    Column("note", Text, nullable=False),
    Column("receipt_sha256", String(64), nullable=False),  # of the signed receipt's file; empty where there is none
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index("ix_transfer_answer_transfer", "transfer"),
)
