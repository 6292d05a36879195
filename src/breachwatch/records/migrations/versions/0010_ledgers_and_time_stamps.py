"""ledgers of each night, and time stamps of an authority: rows that are only ever added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "time_stamp",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("roots_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_time_stamp")),
    )
    op.create_table(
        "ledger",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("night", sa.String(length=10), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger")),
        sa.UniqueConstraint("name", name=op.f("uq_ledger_name")),
        sa.UniqueConstraint("previous", name=op.f("uq_ledger_previous")),
    )
    op.create_table(
        "ledger_leaf",
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("segment_id", sa.String(length=32), nullable=False),
        sa.Column("leaf", sa.String(length=64), nullable=False),
        sa.Column("ledger", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.segment_id"], name=op.f("fk_ledger_leaf_segment_id_segment")),
        sa.ForeignKeyConstraint(["ledger"], ["ledger.number"], name=op.f("fk_ledger_leaf_ledger_ledger")),
        sa.PrimaryKeyConstraint("source", "position", name=op.f("pk_ledger_leaf")),
        sa.UniqueConstraint("segment_id", name=op.f("uq_ledger_leaf_segment_id")),
    )
    op.create_index("ix_ledger_leaf_ledger", "ledger_leaf", ["ledger"], unique=False)
    op.create_table(
        "ledger_delivery",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ledger"], ["ledger.number"], name=op.f("fk_ledger_delivery_ledger_ledger")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_delivery")),
    )
    op.create_index("ix_ledger_delivery_ledger", "ledger_delivery", ["ledger"], unique=False)
    protect_rows(
        op.get_bind(),
        {
            "time_stamp": ("subject",),
            "ledger": ("number", "name", "previous"),
            "ledger_leaf": ("source, position", "segment_id"),
            "ledger_delivery": ("seq",),
        },
    )
