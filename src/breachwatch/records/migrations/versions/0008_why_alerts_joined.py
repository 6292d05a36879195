"""why alerts joined their incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.types import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "alert_join",
        sa.Column("alert_key", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("other", sa.String(length=32), nullable=False),
        sa.Column("gap_seconds", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["alert_key"], ["alert.key"], name=op.f("fk_alert_join_alert_key_alert")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_alert_join_incident_incident")),
        sa.PrimaryKeyConstraint("alert_key", name=op.f("pk_alert_join")),
    )
    op.create_index("ix_alert_first_time", "alert", ["first_time"], unique=False)
