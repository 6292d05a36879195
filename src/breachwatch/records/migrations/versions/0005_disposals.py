"""what retention disposed of: rows that are only ever added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "disposal",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("min_time", UtcDateTime()),
        sa.Column("max_time", UtcDateTime()),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_disposal")),
    )
    op.create_index("ix_disposal_path", "disposal", ["path"], unique=False)
    op.create_table(
        "disposal_part",
        sa.Column("disposal", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("min_time", UtcDateTime()),
        sa.Column("max_time", UtcDateTime()),
        sa.ForeignKeyConstraint(["disposal"], ["disposal.seq"], name=op.f("fk_disposal_part_disposal_disposal")),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segment.segment_id"], name=op.f("fk_disposal_part_segment_id_segment")
        ),
        sa.PrimaryKeyConstraint("disposal", "segment_id", name=op.f("pk_disposal_part")),
    )
    op.create_index("ix_disposal_part_segment_id", "disposal_part", ["segment_id"], unique=False)
    protect_rows(op.get_bind(), {"disposal": ("seq",), "disposal_part": ("disposal, segment_id",)})
