"""requests for public records: what came, what was done, what was decided about each item, what left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "records_request",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("profile_sha256", sa.String(length=64), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("law_of", sa.String(length=10), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_records_request_evidence_evidence")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_records_request")),
    )
    op.create_table(
        "request_step",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorder", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["records_request.number"], name=op.f("fk_request_step_request_records_request")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_request_step")),
    )
    op.create_index("ix_request_step_request", "request_step", ["request"], unique=False)
    op.create_table(
        "request_item",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("disposition", sa.String(length=16), nullable=False),
        sa.Column("exemption", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["records_request.number"], name=op.f("fk_request_item_request_records_request")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_request_item")),
    )
    op.create_index("ix_request_item_request", "request_item", ["request", "item"], unique=False)
    op.create_table(
        "request_release",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("preparer", sa.Text(), nullable=False),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["records_request.number"], name=op.f("fk_request_release_request_records_request")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_request_release")),
    )
    op.create_index("ix_request_release_request", "request_release", ["request", "version"], unique=True)
    op.create_table(
        "request_reading",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("obligation", sa.String(length=64), nullable=False),
        sa.Column("safe", UtcDateTime()),
        sa.Column("latest", UtcDateTime()),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("computed_at", UtcDateTime(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["records_request.number"], name=op.f("fk_request_reading_request_records_request")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_request_reading")),
    )
    op.create_index("ix_request_reading_request", "request_reading", ["request", "obligation"], unique=False)
    keys = {
        "records_request": ("number",),
        "request_step": ("seq",),
        "request_item": ("seq",),
        "request_release": ("seq", "request, version"),
        "request_reading": ("seq",),
    }
    protect_rows(op.get_bind(), keys)
