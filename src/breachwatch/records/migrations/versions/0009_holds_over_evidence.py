"""holds over evidence, their custodians, the disposal of evidence by two persons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.keeping_evidence import protect
from breachwatch.records.types import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("hold", sa.Column("authority", sa.Text(), nullable=False, server_default=""))
    op.add_column("hold", sa.Column("release_authority", sa.Text()))
    _custodians()
    _care()
    protect(op.get_bind())
    tables = {"hold_custodian": ("hold, person",), "hold_notice": ("seq",), "hold_answer": ("seq",)}
    protect_rows(op.get_bind(), {**tables, "hold_evidence": ("hold, evidence",)})


def _custodians() -> None:
    op.create_table(
        "hold_custodian",
        sa.Column("hold", sa.String(length=32), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("named_at", UtcDateTime(), nullable=False),
        sa.Column("named_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("fk_hold_custodian_hold_hold")),
        sa.PrimaryKeyConstraint("hold", "person", name=op.f("pk_hold_custodian")),
    )
    op.create_table(
        "hold_notice",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("hold", sa.String(length=32), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("fk_hold_notice_hold_hold")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_hold_notice")),
    )
    op.create_index("ix_hold_notice_hold", "hold_notice", ["hold"], unique=False)
    op.create_table(
        "hold_answer",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("hold", sa.String(length=32), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("fk_hold_answer_hold_hold")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_hold_answer")),
    )
    op.create_index("ix_hold_answer_hold", "hold_answer", ["hold"], unique=False)


def _care() -> None:
    op.create_table(
        "hold_evidence",
        sa.Column("hold", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("covered", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("fk_hold_evidence_hold_hold")),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_hold_evidence_evidence_evidence")),
        sa.PrimaryKeyConstraint("hold", "evidence", name=op.f("pk_hold_evidence")),
    )
    op.create_index("ix_hold_evidence_evidence", "hold_evidence", ["evidence"], unique=False)
    op.create_table(
        "disposal_request",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(length=16)),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decider", sa.Text()),
        sa.Column("decision_reason", sa.Text()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_disposal_request")),
    )
    op.create_table(
        "disposal_item",
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("tagmanifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("disposed_at", UtcDateTime()),
        sa.Column("disposed_by", sa.Text()),
        sa.Column("removed_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["request"], ["disposal_request.number"], name=op.f("fk_disposal_item_request_disposal_request")
        ),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_disposal_item_evidence_evidence")),
        sa.PrimaryKeyConstraint("request", "evidence", name=op.f("pk_disposal_item")),
    )
    op.create_index("ix_disposal_item_evidence", "disposal_item", ["evidence"], unique=False)
