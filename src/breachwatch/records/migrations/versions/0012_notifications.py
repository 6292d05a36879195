"""notifications that go out, and what was answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=63), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_state", "notification", ["state", "not_before"], unique=False)
    op.create_index("ix_notification_subject", "notification", ["subject"], unique=False)
    op.create_table(
        "notification_answer",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_notification_answer")),
    )
    op.create_index("ix_notification_answer_incident", "notification_answer", ["incident"], unique=False)
    protect_rows(op.get_bind(), {"notification_answer": ("seq",)})
