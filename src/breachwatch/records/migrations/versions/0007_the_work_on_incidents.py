"""what people do with incidents: states, verdicts, anchor times, decisions, links, notes, actions, tasks, timeline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from breachwatch.records import keeping
from breachwatch.records.append_only import protect_rows
from breachwatch.records.cases import IN_QUEUE, ordinal_of
from breachwatch.records.casework import APPEND_ONLY
from breachwatch.records.types import UtcDateTime

revision = "0007"
down_revision = "0006"

_incident = sa.table(
    "incident",
    *(sa.column(name, sa.Text()) for name in ("number", "state", "failure")),
    sa.column("ordinal", sa.BigInteger()),
    sa.column("closed_at", UtcDateTime()),
)
_UNKNOWN = "the evidence could not be sealed; the audit log says why"


def upgrade() -> None:
    connection = op.get_bind()
    _incident_columns()
    _alert_columns()
    _states(connection)
    _indices()
    _case_tables()
    protect_rows(connection, APPEND_ONLY)
    keeping.renew(connection)


def _incident_columns() -> None:
    for column in (
        sa.Column("ordinal", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("verdict", sa.String(length=32), nullable=False, server_default=""),
        sa.Column("verdict_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("closed_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("lead", sa.Text(), nullable=False, server_default=""),
        sa.Column("merged_into", sa.String(length=32)),
        sa.Column("recurrence_of", sa.String(length=32)),
        sa.Column("referred", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("incident", column)


def _alert_columns() -> None:
    for column in (
        sa.Column("state", sa.String(length=16), nullable=False, server_default="new"),
        sa.Column("verdict", sa.String(length=32), nullable=False, server_default=""),
        sa.Column("verdict_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("handled_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("handled_at", UtcDateTime()),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
    ):
        op.add_column("alert", column)


def _states(connection: sa.Connection) -> None:
    """`open` becomes `new`; a failed preservation, which was a state, stays as the flag beside it."""
    failed = _incident.c.state == "preservation failed"
    connection.execute(_incident.update().where(failed, _incident.c.failure == "").values(failure=_UNKNOWN))
    connection.execute(_incident.update().where(failed | (_incident.c.state == "open")).values(state="new"))
    numbers = connection.scalars(sa.select(_incident.c.number)).all()
    if numbers:
        connection.execute(
            _incident.update()
            .where(_incident.c.number == sa.bindparam("b_number"))
            .values(ordinal=sa.bindparam("b_to")),
            [{"b_number": number, "b_to": ordinal_of(number)} for number in numbers],
        )


def _indices() -> None:
    waits, loose, unsealed = (sa.text(part) for part in (IN_QUEUE, "incident IS NULL", "sealed_in IS NULL"))
    op.create_index("ix_incident_queue", "incident", ["level", "ordinal"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_incident_state", "incident", ["state"])
    op.create_index("ix_incident_ordinal", "incident", ["ordinal"])
    op.create_index("ix_incident_last_time", "incident", ["last_time"])
    op.create_index("ix_incident_merged_into", "incident", ["merged_into"])
    op.create_index("ix_alert_loose", "alert", ["last_time"], sqlite_where=loose, postgresql_where=loose)
    op.create_index(
        "ix_alert_event_unsealed", "alert_event", ["alert_key"], sqlite_where=unsealed, postgresql_where=unsealed
    )
    op.create_index("ix_evidence_incident", "evidence", ["incident"])


def _of_incident(table: str, key: str = "seq") -> list[sa.Column[object] | sa.Constraint]:
    return [
        sa.Column(key, sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f(f"fk_{table}_incident_incident")),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
    ]


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _case_tables() -> None:
    op.create_table(
        "case_anchor",
        *_of_incident("case_anchor"),
        sa.Column("anchor", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        *_text("set_by"),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        *_text("reason"),
    )
    op.create_table(
        "case_decision",
        *_of_incident("case_decision"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        *_text("outcome", "reason", "decided_by", "recorded_by"),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "incident_link",
        *_of_incident("incident_link"),
        sa.Column("other", sa.String(length=32), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        *_text("reason", "by"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state_before", sa.String(length=32), nullable=False),
        sa.Column("undone_at", UtcDateTime()),
        sa.Column("undone_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("undo_reason", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["other"], ["incident.number"], name=op.f("fk_incident_link_other_incident")),
    )
    op.create_table(
        "case_note",
        *_of_incident("case_note"),
        sa.Column("at", UtcDateTime(), nullable=False),
        *_text("author", "text"),
        sa.Column("privileged", sa.Integer(), nullable=False),
    )
    op.create_table(
        "case_action",
        *_of_incident("case_action", "number"),
        sa.Column("kind", sa.String(length=32), nullable=False),
        *_text("target", "description", "ordered_by"),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        *_text("implementer"),
        sa.Column("done_at", UtcDateTime()),
        *_text("result", "verifier"),
        sa.Column("verified_at", UtcDateTime()),
        *_text("verification", "waiver"),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    _task_table()
    op.create_table(
        "case_timeline",
        *_of_incident("case_timeline"),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("precision", sa.String(length=8), nullable=False),
        *_text("raw", "interpretation", "source"),
        sa.Column("pinned", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        *_text("author"),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        *_text("reason"),
    )
    op.create_table(
        "case_affected",
        *_of_incident("case_affected"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        *_text("name"),
        sa.Column("status", sa.String(length=32), nullable=False),
        *_text("elements"),
        sa.Column("count", sa.BigInteger()),
        sa.Column("estimated", sa.Integer(), nullable=False),
        *_text("states", "vendor", "reason", "by"),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_incident_link_other", "incident_link", ["other"])
    for table in (*APPEND_ONLY, "case_action", "incident_link"):
        op.create_index(f"ix_{table}_incident", table, ["incident"])


def _task_table() -> None:
    op.create_table(
        "case_task",
        *_of_incident("case_task", "number"),
        sa.Column("playbook", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        *_text("title", "how"),
        sa.Column("role", sa.String(length=32), nullable=False),
        *_text("assignee"),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("state", sa.String(length=16), nullable=False),
        *_text("reason", "done_by"),
        sa.Column("done_at", UtcDateTime()),
        sa.Column("mandatory", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("incident", "playbook", "step", name=op.f("uq_case_task_incident")),
    )
