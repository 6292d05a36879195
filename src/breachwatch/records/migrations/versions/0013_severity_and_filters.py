"""how bad incidents are, privileged accounts, filters that two persons decide on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.cases import IN_QUEUE
from breachwatch.records.types import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("incident", sa.Column("severity", sa.Integer(), nullable=False, server_default="-1"))
    op.add_column("incident", sa.Column("data_touched", sa.Text(), nullable=False, server_default="[]"))
    op.execute("UPDATE incident SET severity = level")
    waiting = sa.text(IN_QUEUE)
    op.create_index(
        "ix_incident_severity_queue",
        "incident",
        ["severity", "ordinal"],
        unique=False,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "incident_severity",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("computed", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_incident_severity_incident_incident")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_incident_severity")),
    )
    op.create_index("ix_incident_severity_incident", "incident_severity", ["incident"], unique=False)
    op.create_table(
        "privileged_account",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_privileged_account")),
    )
    op.create_table(
        "rule_filter",
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("filter_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("expires", sa.String(length=10), nullable=False),
        sa.Column("tried", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rule_filter")),
    )
    op.create_index("ix_rule_filter_state", "rule_filter", ["state"], unique=False)
