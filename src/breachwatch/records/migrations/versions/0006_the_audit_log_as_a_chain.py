"""the audit log as a hash chain; what was written before is chained as it stands."""

from __future__ import annotations

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from breachwatch.records.append_only import protect_rows, release_rows
from breachwatch.records.types import UtcDateTime

revision = "0006"
down_revision = "0005"

_audit = sa.table(
    "audit",
    sa.column("seq", sa.Integer()),
    sa.column("at", UtcDateTime()),
    *(sa.column(name, sa.Text()) for name in ("actor", "entity", "change", "reason", "prev", "hash", "body")),
)


def upgrade() -> None:
    connection = op.get_bind()
    release_rows(connection, "audit")
    with op.batch_alter_table("audit") as batch:
        batch.alter_column("entity", existing_type=sa.String(length=64), type_=sa.Text(), existing_nullable=False)
        batch.add_column(sa.Column("prev", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("body", sa.Text(), nullable=True))
    _chain(connection)
    with op.batch_alter_table("audit") as batch:
        batch.alter_column("prev", existing_type=sa.String(length=64), nullable=False)
        batch.alter_column("hash", existing_type=sa.String(length=64), nullable=False)
        batch.alter_column("body", existing_type=sa.Text(), nullable=False)
        batch.create_unique_constraint(op.f("uq_audit_prev"), ["prev"])
        batch.create_unique_constraint(op.f("uq_audit_hash"), ["hash"])
        batch.create_index("ix_audit_entity", ["entity"], unique=False)
    protect_rows(connection, {"audit": ("seq", "prev", "hash")})


def _chain(connection: sa.Connection) -> None:
    """Number the rows from 1 without gaps, in their order, and give each its line."""
    rows = connection.execute(sa.select(_audit).order_by(_audit.c.seq)).all()
    prev = "GENESIS"
    for seq, row in enumerate(rows, 1):
        said = {name: getattr(row, name) for name in ("actor", "entity", "change", "reason")}
        body = json.dumps({"seq": seq, "prev": prev, "at": row.at.isoformat(), **said})
        digest = sha256(body.encode()).hexdigest()
        values = {"seq": seq, "prev": prev, "hash": digest, "body": body}
        connection.execute(_audit.update().where(_audit.c.seq == row.seq).values(**values))
        prev = digest
