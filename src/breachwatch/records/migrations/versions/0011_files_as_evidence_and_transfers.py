"""files as evidence, with or without an incident; transfers of evidence and their receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_kind, protect_rows
from breachwatch.records.types import UtcDateTime

revision = "0011"
down_revision = "0010"

_REQUIRED = "incident VARCHAR(32) NOT NULL"


def upgrade() -> None:
    op.add_column("evidence", sa.Column("kind", sa.String(length=16), nullable=False, server_default="snapshot"))
    op.add_column("evidence", sa.Column("title", sa.Text(), nullable=False, server_default=""))
    _incident_may_be_absent()
    protect_kind(op.get_bind())
    op.create_table(
        "received",
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("received_from", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_received_evidence_evidence")),
        sa.PrimaryKeyConstraint("evidence", name=op.f("pk_received")),
    )
    op.create_table(
        "transfer",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("handed_over_by", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("archive_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["evidence"], ["evidence.number"], name=op.f("fk_transfer_evidence_evidence")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_transfer")),
    )
    op.create_index("ix_transfer_evidence", "transfer", ["evidence"], unique=False)
    op.create_table(
        "transfer_answer",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("transfer", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("receipt_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.number"], name=op.f("fk_transfer_answer_transfer_transfer")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_transfer_answer")),
    )
    op.create_index("ix_transfer_answer_transfer", "transfer_answer", ["transfer"], unique=False)
    protect_rows(op.get_bind(), {"received": ("evidence",), "transfer": ("number",), "transfer_answer": ("seq",)})


def _incident_may_be_absent() -> None:
    """Drop NOT NULL from `evidence.incident`.

    SQLite has no statement for that, and a copy of the table would lose its triggers and break what refers to it. The
    way that its documentation describes ("ALTER TABLE", section 8, for changes that leave the stored rows as they are)
    edits the table's text in the schema.
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.alter_column("evidence", "incident", nullable=True)
        return
    find = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'evidence'"
    text = str(connection.exec_driver_sql(find).scalar_one())
    if text.count(_REQUIRED) != 1:
        msg = f"the table of evidence is not as the first schema made it: {text}"
        raise RuntimeError(msg)
    version = int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one())
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'evidence'",
        (text.replace(_REQUIRED, _REQUIRED.removesuffix(" NOT NULL")),),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
