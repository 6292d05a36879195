"""papers: what was drafted, each version, counsel's approvals, what was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("incident", sa.String(length=32)),
        sa.Column("obligation", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_paper_incident_incident")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_paper")),
    )
    op.create_index("ix_paper_ordinal", "paper", ["ordinal"], unique=True)
    for column in ("incident", "request", "report"):
        op.create_index(f"ix_paper_{column}", "paper", [column], unique=False)
    op.create_table(
        "paper_version",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("paper", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("title", "files")),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("template_sha256", sa.String(length=64), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("template_origin", "given", "filled", "blanks", "remarks", "made_by")
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["paper"], ["paper.number"], name=op.f("fk_paper_version_paper_paper")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_paper_version")),
    )
    op.create_index("ix_paper_version_paper", "paper_version", ["paper", "version"], unique=True)
    op.create_table(
        "paper_approval",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("paper", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("blanks_reason", "reason", "by")),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["paper"], ["paper.number"], name=op.f("fk_paper_approval_paper_paper")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_paper_approval")),
    )
    op.create_index("ix_paper_approval_paper", "paper_approval", ["paper"], unique=False)
    op.create_table(
        "paper_sending",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("paper", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("proof", "recorded_by")),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_paper_sending_evidence_evidence")),
        sa.ForeignKeyConstraint(["paper"], ["paper.number"], name=op.f("fk_paper_sending_paper_paper")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_paper_sending")),
    )
    op.create_index("ix_paper_sending_paper", "paper_sending", ["paper"], unique=False)
    keys = {"paper": ("number",), "paper_version": ("seq", "paper, version")}
    protect_rows(op.get_bind(), keys | dict.fromkeys(("paper_approval", "paper_sending"), ("seq",)))
