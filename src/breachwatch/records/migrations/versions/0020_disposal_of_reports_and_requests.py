"""reports and records requests that go with the file of an incident."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records import disposing_parts
from breachwatch.records.append_only import protect_rows

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "file_disposal_part",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("disposal", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["disposal"], ["file_disposal.number"], name=op.f("fk_file_disposal_part_disposal_file_disposal")
        ),
        sa.PrimaryKeyConstraint("kind", "number", name=op.f("pk_file_disposal_part")),
    )
    protect_rows(op.get_bind(), {"file_disposal_part": ("kind, number",)})
    found = sa.inspect(op.get_bind())
    columns = {name: tuple(column["name"] for column in found.get_columns(name)) for name in disposing_parts.TABLES}
    disposing_parts.protect_parts(op.get_bind(), columns)
