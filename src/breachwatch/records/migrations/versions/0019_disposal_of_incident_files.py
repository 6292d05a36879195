"""the disposal of incident files: periods, requests, decisions, what went, certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records import disposing_texts
from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "retention_period",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_retention_period")),
    )
    op.create_table(
        "file_disposal",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_file_disposal_incident_incident")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_file_disposal")),
    )
    op.create_index("ix_file_disposal_incident", "file_disposal", ["incident"], unique=False)
    op.create_table(
        "file_disposal_decision",
        sa.Column("disposal", sa.String(length=32), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decider", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["disposal"], ["file_disposal.number"], name=op.f("fk_file_disposal_decision_disposal_file_disposal")
        ),
        sa.PrimaryKeyConstraint("disposal", name=op.f("pk_file_disposal_decision")),
    )
    op.create_table(
        "file_disposal_item",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("disposal", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incident.number"], name=op.f("fk_file_disposal_item_incident_incident")
        ),
        sa.ForeignKeyConstraint(
            ["disposal"], ["file_disposal.number"], name=op.f("fk_file_disposal_item_disposal_file_disposal")
        ),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_file_disposal_item")),
    )
    op.create_table(
        "file_disposal_done",
        sa.Column("disposal", sa.String(length=32), nullable=False),
        sa.Column("went", sa.Text(), nullable=False),
        sa.Column("carried_out_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["disposal"], ["file_disposal.number"], name=op.f("fk_file_disposal_done_disposal_file_disposal")
        ),
        sa.PrimaryKeyConstraint("disposal", name=op.f("pk_file_disposal_done")),
    )
    op.create_table(
        "file_disposal_file",
        sa.Column("disposal", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("removed_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["disposal"], ["file_disposal.number"], name=op.f("fk_file_disposal_file_disposal_file_disposal")
        ),
        sa.PrimaryKeyConstraint("disposal", "sha256", name=op.f("pk_file_disposal_file")),
    )
    op.create_table(
        "file_disposal_certificate",
        sa.Column("disposal", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["disposal"], ["file_disposal.number"], name=op.f("fk_file_disposal_certificate_disposal_file_disposal")
        ),
        sa.ForeignKeyConstraint(
            ["evidence"], ["evidence.number"], name=op.f("fk_file_disposal_certificate_evidence_evidence")
        ),
        sa.PrimaryKeyConstraint("disposal", name=op.f("pk_file_disposal_certificate")),
    )
    keys = {
        "retention_period": ("seq",),
        "file_disposal": ("number",),
        "file_disposal_decision": ("disposal",),
        "file_disposal_done": ("disposal",),
        "file_disposal_item": ("incident",),
        "file_disposal_certificate": ("disposal",),
    }
    protect_rows(op.get_bind(), keys)
    found = sa.inspect(op.get_bind())
    columns = {name: tuple(column["name"] for column in found.get_columns(name)) for name in disposing_texts.TEXTS}
    disposing_texts.protect(op.get_bind(), columns)
