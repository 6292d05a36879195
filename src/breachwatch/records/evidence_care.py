"""Tables about what becomes of evidence: which holds cover it, and its disposal by two persons."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

hold_evidence = Table(
    "hold_evidence",
    metadata,
    Column("hold", String(32), ForeignKey("hold.number"), primary_key=True),
    Column("evidence", String(32), ForeignKey("evidence.number"), primary_key=True),
    Column("covered", Integer, nullable=False),  # 0: it was read, and the hold is not about it
    Column("why", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Index("ix_hold_evidence_evidence", "evidence"),
)

disposal_request = Table(
    "disposal_request",
    metadata,
    Column("number", String(32), primary_key=True),  # DISP-2026-0001
    Column("authority", Text, nullable=False),  # the schedule, order or statute that allows it
    Column("reason", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requester", Text, nullable=False),  # login, to tell two persons apart
    Column("decision", String(16)),  # approved, refused
    Column("decided_at", UtcDateTime),
    Column("decided_by", Text),
    Column("decider", Text),
    Column("decision_reason", Text),
)

disposal_item = Table(
    "disposal_item",
    metadata,
    Column("request", String(32), ForeignKey("disposal_request.number"), primary_key=True),
    Column("evidence", String(32), ForeignKey("evidence.number"), primary_key=True),
    Column("tagmanifest_sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),  # of payload
    Column("disposed_at", UtcDateTime),
    Column("disposed_by", Text),
    Column("removed_at", UtcDateTime),  # when the last of its bytes was gone from the vault
    Index("ix_disposal_item_evidence", "evidence"),
)
