"""what the law asks in an incident: assessments, counsel's decisions, steps, readings of clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("profile_sha256", sa.String(length=64), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("law_of", sa.String(length=10), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("proposals", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_assessment_incident_incident")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_assessment")),
    )
    op.create_index("ix_assessment_incident", "assessment", ["incident", "version"], unique=True)
    op.create_table(
        "duty_decision",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("obligation", sa.String(length=64), nullable=False),
        sa.Column("assessment", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment"], ["assessment.seq"], name=op.f("fk_duty_decision_assessment_assessment")
        ),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_duty_decision_incident_incident")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_duty_decision")),
    )
    op.create_index("ix_duty_decision_incident", "duty_decision", ["incident", "obligation"], unique=False)
    op.create_table(
        "duty_step",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("obligation", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_duty_step_incident_incident")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_duty_step")),
    )
    op.create_index("ix_duty_step_incident", "duty_step", ["incident", "obligation"], unique=False)
    op.create_table(
        "clock_reading",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("obligation", sa.String(length=64), nullable=False),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("safe", UtcDateTime()),
        sa.Column("latest", UtcDateTime()),
        sa.Column("policy", UtcDateTime()),
        sa.Column("paused", sa.Text(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("computed_at", UtcDateTime(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_clock_reading_incident_incident")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_clock_reading")),
    )
    op.create_index("ix_clock_reading_incident", "clock_reading", ["incident", "obligation"], unique=False)
    keys = ("assessment", "duty_decision", "duty_step", "clock_reading")
    protect_rows(op.get_bind(), dict.fromkeys(keys, ("seq",)))
