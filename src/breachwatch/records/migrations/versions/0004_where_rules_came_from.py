"""where the rules that matched came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("detection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origins", sa.Text(), nullable=False, server_default="[]"))
