"""Tables of what the law asks in an incident: assessments, counsel's decisions, steps, readings of clocks.

Rows are only ever added: a later row supersedes an earlier one, which stays.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {"assessment": ("seq",), "duty_decision": ("seq",), "duty_step": ("seq",), "clock_reading": ("seq",)}
"""Tables whose rows are only ever added, with their keys."""


def _of_incident() -> Column[str]:
    return Column("incident", String(32), ForeignKey("incident.number"), nullable=False)


assessment = Table(
    "assessment",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("version", Integer, nullable=False),  # 1, 2, ... of this incident
    Column("profile", String(64), nullable=False),
    Column("profile_sha256", String(64), nullable=False),
    Column("law", Text, nullable=False),  # JSON: the profile as it was
    Column("law_of", String(10), nullable=False),  # the day whose law was asked
    Column("facts", Text, nullable=False),  # JSON: the worksheet
    Column("proposals", Text, nullable=False),  # JSON: outcome and deciding grounds by obligation
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_assessment_incident", "incident", "version", unique=True),
)

duty_decision = Table(
    "duty_decision",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("obligation", String(64), nullable=False),
    Column("assessment", Integer, ForeignKey("assessment.seq"), nullable=False),
    Column("outcome", String(16), nullable=False),  # required, not required
    Column("basis", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_duty_decision_incident", "incident", "obligation"),
)

duty_step = Table(
    "duty_step",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("obligation", String(64), nullable=False),
    Column("step", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),  # when it happened
    Column("detail", Text, nullable=False),  # JSON, by step
    Column("reason", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("ix_duty_step_incident", "incident", "obligation"),
)

clock_reading = Table(
    "clock_reading",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("obligation", String(64), nullable=False),
    Column("started_at", UtcDateTime),
    Column("safe", UtcDateTime),
    Column("latest", UtcDateTime),
    Column("policy", UtcDateTime),
    Column("paused", Text, nullable=False),
    Column("steps", Text, nullable=False),  # JSON list: how it was counted
    Column("computed_at", UtcDateTime, nullable=False),
    Column("because", Text, nullable=False),
    Index("ix_clock_reading_incident", "incident", "obligation"),
)
