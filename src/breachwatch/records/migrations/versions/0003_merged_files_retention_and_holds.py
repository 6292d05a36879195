"""merged lake files, their columns, retention, holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.keeping import protect
from breachwatch.records.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pruned_rows", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("pruned_at", UtcDateTime()))
    with op.batch_alter_table("lake_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shape", sa.String(length=16)))
    _lake_tables()
    _hold_tables()
    columns = "path, segment_id, rows, min_time, max_time"
    op.execute(f"INSERT INTO lake_part ({columns}) SELECT {columns} FROM lake_file")
    protect(op.get_bind())


def _lake_tables() -> None:
    op.create_table(
        "lake_part",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("segment_id", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("min_time", UtcDateTime()),
        sa.Column("max_time", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["path"], ["lake_file.path"], name=op.f("fk_lake_part_path_lake_file"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.segment_id"], name=op.f("fk_lake_part_segment_id_segment")),
        sa.PrimaryKeyConstraint("path", "segment_id", name=op.f("pk_lake_part")),
    )
    with op.batch_alter_table("lake_part", schema=None) as batch_op:
        batch_op.create_index("ix_lake_part_segment_id", ["segment_id"], unique=False)
    op.create_table(
        "lake_shape",
        sa.Column("shape", sa.String(length=16), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shape", name=op.f("pk_lake_shape")),
    )
    op.create_table(
        "lake_retired",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_lake_retired")),
    )


def _hold_tables() -> None:
    op.create_table(
        "hold",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime()),
        sa.Column("until", UtcDateTime()),
        sa.Column("released_at", UtcDateTime()),
        sa.Column("released_by", sa.Text()),
        sa.Column("release_reason", sa.Text()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_hold")),
    )
    op.create_table(
        "hold_item",
        sa.Column("hold", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("fk_hold_item_hold_hold")),
        sa.PrimaryKeyConstraint("hold", "kind", "value", name=op.f("pk_hold_item")),
    )
    op.create_table(
        "hold_clearance",
        sa.Column("hold", sa.String(length=32), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("fk_hold_clearance_hold_hold")),
        sa.ForeignKeyConstraint(
            ["path"], ["lake_file.path"], name=op.f("fk_hold_clearance_path_lake_file"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hold", "path", name=op.f("pk_hold_clearance")),
    )
