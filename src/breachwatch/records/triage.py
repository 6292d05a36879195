"""Tables of triage: why alerts joined, how bad incidents are, which accounts may do much, filters to be decided on."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

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

incident_severity = Table(
    "incident_severity",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # the latest of an incident holds
    Column("incident", String(32), ForeignKey("incident.number"), nullable=False),
    Column("level", Integer, nullable=False),  # the one that holds
    Column("computed", Integer, nullable=False),  # what the reasons alone give
    Column("body", Text, nullable=False),  # JSON: reasons, data, systems, records
    Column("set_by", Text, nullable=False),  # who set it; empty where it was computed
    Column("at", UtcDateTime, nullable=False),
    Index("ix_incident_severity_incident", "incident"),
)

privileged_account = Table(
    "privileged_account",
    metadata,
    Column("account", Text, primary_key=True),  # lower case
    Column("why", Text, nullable=False),
    Column("dataset", String(63), nullable=False),
    Column("event_id", String(32), nullable=False),  # the latest that says so
    Column("seen_at", UtcDateTime, nullable=False),
)

rule_filter = Table(
    "rule_filter",
    metadata,
    Column("name", String(96), primary_key=True),  # of its file in the workspace's folder filters, without .yml
    Column("filter_id", String(36), nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False),  # pending, approved, refused, withdrawn
    Column("sha256", String(64), nullable=False),  # of the file; another one is not in force
    Column("alerts", Text, nullable=False),  # JSON list: keys of the false positives it was made from
    Column("incident", String(32), nullable=False),  # the incident they were in, or empty
    Column("reason", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("expires", String(10), nullable=False),  # date of the city's calendar
    Column("tried", Text, nullable=False),  # JSON: what the dry run counted when it was proposed
    Column("proposed_by", Text, nullable=False),  # login
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("version", Integer, nullable=False, default=1),
    Index("ix_rule_filter_state", "state"),
)
