"""Tables of what goes out to people, and of what they answered."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

notification = Table(
    "notification",
    metadata,
    Column("key", String(255), primary_key=True),  # what it is about, for whom: each goes out once
    Column("kind", String(16), nullable=False),  # incident, escalation, several, digest, hold
    Column("subject", String(64), nullable=False),  # number of the incident or hold, or the day
    Column("severity", Integer, nullable=False),
    Column("stage", Integer, nullable=False),  # 0: first told; 1 and more: escalated
    Column("roles", Text, nullable=False),  # JSON list
    Column("channel", String(63), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, sent, failed, dropped, folded
    Column("attempts", Integer, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("error", Text, nullable=False),
    Index("ix_notification_state", "state", "not_before"),
    Index("ix_notification_subject", "subject"),
)

answer = Table(
    "notification_answer",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("incident", String(32), nullable=False),
    Column("severity", Integer, nullable=False),  # as it was then: if it rises, people are told again
    Column("at", UtcDateTime, nullable=False),
    Column("answered_by", Text, nullable=False),
    Index("ix_notification_answer_incident", "incident"),
)
