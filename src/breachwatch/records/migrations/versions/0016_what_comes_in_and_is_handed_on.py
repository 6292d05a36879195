"""what comes in and what is handed on: reports, what was written to and fro, referrals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("routed_to", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_report")),
    )
    op.create_index("ix_report_login", "report", ["login", "received_at"], unique=False)
    op.create_index("ix_report_ordinal", "report", ["ordinal"], unique=True)
    op.create_table(
        "report_event",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=32)),
        sa.Column("other", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=32)),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["report"], ["report.number"], name=op.f("fk_report_event_report_report")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_report_event_incident_incident")),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_report_event_evidence_evidence")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_report_event")),
    )
    op.create_index("ix_report_event_incident", "report_event", ["incident"], unique=False)
    op.create_index("ix_report_event_report", "report_event", ["report"], unique=False)
    op.create_table(
        "communication",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.String(length=32)),
        sa.Column("in_reply_to", sa.Integer()),
        sa.Column("incident", sa.String(length=32)),
        sa.Column("report", sa.String(length=32)),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_communication_evidence_evidence")),
        sa.ForeignKeyConstraint(
            ["in_reply_to"], ["communication.seq"], name=op.f("fk_communication_in_reply_to_communication")
        ),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_communication_incident_incident")),
        sa.ForeignKeyConstraint(["report"], ["report.number"], name=op.f("fk_communication_report_report")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_communication")),
    )
    op.create_index("ix_communication_incident", "communication", ["incident"], unique=False)
    op.create_index("ix_communication_report", "communication", ["report"], unique=False)
    op.create_index("ix_communication_request", "communication", ["request"], unique=False)
    op.create_table(
        "referral",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("restricted", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_referral_incident_incident")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_referral")),
    )
    op.create_index("ix_referral_incident", "referral", ["incident"], unique=False)
    op.create_table(
        "referral_package",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("referral", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("archive", sa.Text(), nullable=False),
        sa.Column("archive_sha256", sa.String(length=64), nullable=False),
        sa.Column("transfer", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["referral"], ["referral.number"], name=op.f("fk_referral_package_referral_referral")),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_referral_package_evidence_evidence")),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.number"], name=op.f("fk_referral_package_transfer_transfer")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_referral_package")),
    )
    op.create_index("ix_referral_package_referral", "referral_package", ["referral"], unique=False)
    op.create_table(
        "referral_event",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("referral", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(length=32)),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["referral"], ["referral.number"], name=op.f("fk_referral_event_referral_referral")),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_referral_event_evidence_evidence")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_referral_event")),
    )
    op.create_index("ix_referral_event_referral", "referral_event", ["referral"], unique=False)
    protect_rows(
        op.get_bind(),
        {
            "report": ("number",),
            "report_event": ("seq",),
            "communication": ("seq",),
            "referral": ("number",),
            "referral_package": ("seq",),
            "referral_event": ("seq",),
        },
    )
