"""Tables of triage: why an alert belongs to its incident."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text

from breachwatch.records import cases
from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

alert_join = Table(
    "alert_join",
    metadata,
    Column("alert_key", String(32), ForeignKey("alert.key"), primary_key=True),
    Column("incident", String(32), ForeignKey("incident.number"), nullable=False),  # the one it joined then
    Column("how", String(16), nullable=False),  # opened it, joined, came along
    Column("kind", String(16), nullable=False),  # of the entity both share; empty where it opened the incident
    Column("value", Text, nullable=False),
    Column("other", String(32), nullable=False),  # key of the alert it shares the entity with
    Column("gap_seconds", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("run_id", String(64), nullable=False),
)

ix_alert_first_time = Index("ix_alert_first_time", cases.alert.c.first_time)
"""What entities alerts named in the days before is asked at every recording."""
