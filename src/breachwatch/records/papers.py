"""Tables of papers: what was drafted, each version, counsel's approvals, what was sent. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {
    "paper": ("number",),
    "paper_version": ("seq", "paper, version"),
    "paper_approval": ("seq",),
    "paper_sending": ("seq",),
}
"""Tables whose rows are only ever added, with their keys."""

paper = Table(
    "paper",
    metadata,
    Column("number", String(32), primary_key=True),  # P-2026-000001
    Column("ordinal", BigInteger, nullable=False),
    Column("template", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("audience", String(16), nullable=False),
    Column("incident", String(32), ForeignKey("incident.number")),
    Column("obligation", String(64), nullable=False),
    Column("request", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("drafted_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_paper_ordinal", "ordinal", unique=True),
    Index("ix_paper_incident", "incident"),
    Index("ix_paper_request", "request"),
    Index("ix_paper_report", "report"),
)

paper_version = Table(
    "paper_version",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("paper", String(32), ForeignKey("paper.number"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # filled, edited
    Column("title", Text, nullable=False),
    Column("files", Text, nullable=False),  # JSON: SHA-256 by form
    Column("sha256", String(64), nullable=False),
    Column("template_sha256", String(64), nullable=False),
    Column("template_origin", Text, nullable=False),
    Column("given", Text, nullable=False),  # JSON: values that somebody gave
    Column("filled", Text, nullable=False),  # JSON: all values of the template's fields
    Column("blanks", Text, nullable=False),  # JSON list
    Column("remarks", Text, nullable=False),  # JSON list
    Column("made_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_paper_version_paper", "paper", "version", unique=True),
)

paper_approval = Table(
    "paper_approval",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("paper", String(32), ForeignKey("paper.number"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the version
    Column("blanks_reason", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_paper_approval_paper", "paper"),
)

paper_sending = Table(
    "paper_sending",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("paper", String(32), ForeignKey("paper.number"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("form", String(8), nullable=False),
    Column("sha256", String(64), nullable=False),  # of the file
    Column("way", String(16), nullable=False),
    Column("recipients", Text, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("evidence", String(32), ForeignKey("evidence.number"), nullable=False),
    Column("proof", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_paper_sending_paper", "paper"),
)
