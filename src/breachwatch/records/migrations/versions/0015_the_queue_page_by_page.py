"""indices for the queue by pages, for related incidents and earlier verdicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records.cases import HAS_ENDED, JUDGED, UNJUDGED

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_index("ix_incident_queue", "incident")
    op.drop_index("ix_incident_entity_kind_value", "incident_entity")
    op.drop_index("ix_alert_incident", "alert")
    ended, unjudged, judged = sa.text(HAS_ENDED), sa.text(UNJUDGED), sa.text(JUDGED)
    order = ["ordinal"]
    op.create_index("ix_incident_ended", "incident", ["severity", *order], sqlite_where=ended, postgresql_where=ended)
    op.create_index(
        "ix_incident_unjudged", "incident", ["level", *order], sqlite_where=unjudged, postgresql_where=unjudged
    )
    op.create_index("ix_incident_entity_latest", "incident_entity", ["kind", "value", "last_time"])
    op.create_index("ix_alert_incident", "alert", ["incident", "rule_revision", "rule_id"])
    op.create_index("ix_alert_judged", "alert", ["rule_id", "last_time"], sqlite_where=judged, postgresql_where=judged)
