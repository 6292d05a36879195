"""Tables of reports and of what was written to and fro. Rows are only ever added: what is said later supersedes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {"report": ("number",), "report_event": ("seq",), "communication": ("seq",)}
"""Tables whose rows are only ever added, with their keys."""

report = Table(
    "report",
    metadata,
    Column("number", String(32), primary_key=True),  # R-2026-000001
    Column("ordinal", BigInteger, nullable=False),  # sorts by receipt
    Column("received_at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("relation", String(16), nullable=False),
    Column("body", Text, nullable=False),  # JSON in ASCII: exactly the text that is sealed
    Column("body_sha256", String(64), nullable=False),
    Column("files", Integer, nullable=False),  # attachments that came with it
    Column("routed_to", Text, nullable=False),  # JSON list of roles
    Column("taken_by", Text, nullable=False),
    Column("login", Text, nullable=False),  # of who took it in; empty: the web form or a mailbox, nobody of the house
    Index("ix_report_ordinal", "ordinal", unique=True),
    Index("ix_report_login", "login", "received_at"),
)

report_event = Table(
    "report_event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("report", String(32), ForeignKey("report.number"), nullable=False),
    Column("what", String(32), nullable=False),  # sealed, not sealed, corrected, follow-up, due, or a state of triage
    Column("incident", String(32), ForeignKey("incident.number")),
    Column("other", String(32), nullable=False),  # the report that it repeats
    Column("evidence", String(32), ForeignKey("evidence.number")),
    Column("due_at", UtcDateTime),
    Column("body", Text, nullable=False),  # JSON of the report as it is now, where it was corrected
    Column("text", Text, nullable=False),  # reason, or what was written
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_report_event_report", "report"),
    Index("ix_report_event_incident", "incident"),
)

communication = Table(
    "communication",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("direction", String(16), nullable=False),  # in, out, inside
    Column("channel", String(16), nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipients", Text, nullable=False),  # JSON list
    Column("at", UtcDateTime, nullable=False),  # when it was sent or received
    Column("subject", Text, nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("evidence", String(32), ForeignKey("evidence.number")),
    Column("in_reply_to", Integer, ForeignKey("communication.seq")),
    Column("incident", String(32), ForeignKey("incident.number")),
    Column("report", String(32), ForeignKey("report.number")),
    Column("request", String(32), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("ix_communication_incident", "incident"),
    Index("ix_communication_report", "report"),
    Index("ix_communication_request", "request"),
)
