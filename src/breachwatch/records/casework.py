"""Tables of what people add to incidents: anchor times, decisions, links, notes, actions, tasks, timeline, affected.

Rows of `case_anchor`, `case_decision`, `case_note`, `case_timeline` and `case_affected` are only ever added: a
correction is a further row. Actions and tasks have a version, and every change of theirs stands in the audit log.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {
    "case_anchor": ("seq",),
    "case_decision": ("seq",),
    "case_note": ("seq",),
    "case_timeline": ("seq",),
    "case_affected": ("seq",),
}
"""Tables whose rows are only ever added, with their keys."""


def _of_incident() -> Column[str]:
    return Column("incident", String(32), ForeignKey("incident.number"), nullable=False)


anchor = Table(
    "case_anchor",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("anchor", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("zone", String(64), nullable=False),  # in which it was given
    Column("set_by", Text, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_case_anchor_incident", "incident"),
)

decision = Table(
    "case_decision",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),  # the role, the guard, the authority
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),  # who decided, where somebody else wrote it down
    Column("recorded_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_case_decision_incident", "incident"),
)

link = Table(
    "incident_link",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("other", String(32), ForeignKey("incident.number"), nullable=False),
    Column("relation", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state_before", String(32), nullable=False),  # of `incident`, to go back to
    Column("undone_at", UtcDateTime),
    Column("undone_by", Text, nullable=False, server_default=""),
    Column("undo_reason", Text, nullable=False, server_default=""),
    Index("ix_incident_link_incident", "incident"),
    Index("ix_incident_link_other", "other"),
)

note = Table(
    "case_note",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("at", UtcDateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("privileged", Integer, nullable=False),
    Index("ix_case_note_incident", "incident"),
)

action = Table(
    "case_action",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("kind", String(32), nullable=False),
    Column("target", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("ordered_at", UtcDateTime, nullable=False),
    Column("implementer", Text, nullable=False),
    Column("done_at", UtcDateTime),
    Column("result", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("verified_at", UtcDateTime),
    Column("verification", Text, nullable=False),
    Column("waiver", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_case_action_incident", "incident"),
)

task = Table(
    "case_task",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("playbook", String(64), nullable=False),
    Column("step", String(64), nullable=False),
    Column("phase", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("assignee", Text, nullable=False),
    Column("due_at", UtcDateTime),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("done_at", UtcDateTime),
    Column("mandatory", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("incident", "playbook", "step"),
)

timeline = Table(
    "case_timeline",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("key", String(96), nullable=False),  # what it is about; the latest row of a key counts
    Column("at", UtcDateTime, nullable=False),
    Column("precision", String(8), nullable=False),
    Column("raw", Text, nullable=False),
    Column("interpretation", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("pinned", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_case_timeline_incident", "incident"),
)

affected = Table(
    "case_affected",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_incident(),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),  # the latest row of a kind and name counts
    Column("status", String(32), nullable=False),
    Column("elements", Text, nullable=False),  # JSON list
    Column("count", BigInteger),
    Column("estimated", Integer, nullable=False),
    Column("states", Text, nullable=False),  # JSON [[state, count or null], ...]
    Column("vendor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_case_affected_incident", "incident"),
)
