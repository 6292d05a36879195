"""Tables of the disposal of incident files: periods, requests, decisions, what went, certificates.

Rows are only ever added, but for when the bytes of a paper's file were gone.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {
    "retention_period": ("seq",),
    "file_disposal": ("number",),
    "file_disposal_decision": ("disposal",),
    "file_disposal_done": ("disposal",),
    "file_disposal_item": ("incident",),
    "file_disposal_part": ("kind, number",),
    "file_disposal_certificate": ("disposal",),
}
"""Tables whose rows are only ever added, with their keys."""


def _of_disposal(*, key: bool = True) -> Column[str]:
    column = ForeignKey("file_disposal.number")
    return Column("disposal", String(32), column, primary_key=key, nullable=False)


period = Table(
    "retention_period",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("years", Integer, nullable=False),
    Column("source", Text, nullable=False),  # the schedule, statute or resolution that sets it
    Column("entered_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

disposal = Table(
    "file_disposal",
    metadata,
    Column("number", String(32), primary_key=True),  # RET-2026-0001
    Column("incident", String(32), ForeignKey("incident.number"), nullable=False),
    Column("authority", Text, nullable=False),  # the schedule, resolution or consent that allows it
    Column("reason", Text, nullable=False),
    Column("years", Integer, nullable=False),
    Column("source", Text, nullable=False),  # of the period
    Column("closed_at", UtcDateTime, nullable=False),  # from which the period ran
    Column("requested_by", Text, nullable=False),
    Column("requester", Text, nullable=False),  # login, to tell two persons apart
    Column("requested_at", UtcDateTime, nullable=False),
    Index("ix_file_disposal_incident", "incident"),
)

decision = Table(
    "file_disposal_decision",
    metadata,
    _of_disposal(),
    Column("decision", String(16), nullable=False),  # approved, refused
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decider", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

item = Table(
    "file_disposal_item",
    metadata,
    Column("incident", String(32), ForeignKey("incident.number"), primary_key=True),  # it, or merged into it
    _of_disposal(key=False),
)

part = Table(
    "file_disposal_part",
    metadata,
    Column("kind", String(16), primary_key=True),  # report, request
    Column("number", String(32), primary_key=True),
    _of_disposal(key=False),
)

done = Table(
    "file_disposal_done",
    metadata,
    _of_disposal(),
    Column("went", Text, nullable=False),  # JSON [{"what", "number", "sha256"}, ...]
    Column("carried_out_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

file = Table(
    "file_disposal_file",
    metadata,
    Column("disposal", String(32), ForeignKey("file_disposal.number"), primary_key=True),
    Column("sha256", String(64), primary_key=True),  # of a paper's file below papers/
    Column("removed_at", UtcDateTime),
)

certificate = Table(
    "file_disposal_certificate",
    metadata,
    _of_disposal(),
    Column("evidence", String(32), ForeignKey("evidence.number"), nullable=False),
    Column("sha256", String(64), nullable=False),  # of the PDF file
    Column("at", UtcDateTime, nullable=False),
)
