"""Tables of those who must keep what a hold covers: the custodians, what they were told, what they answered."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

hold_custodian = Table(
    "hold_custodian",
    metadata,
    Column("hold", String(32), ForeignKey("hold.number"), primary_key=True),
    Column("person", Text, primary_key=True),  # the login, or the name of somebody without one
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("named_at", UtcDateTime, nullable=False),
    Column("named_by", Text, nullable=False),
)

hold_notice = Table(
    "hold_notice",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("hold", String(32), ForeignKey("hold.number"), nullable=False),
    Column("person", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),  # notice, reminder, release
    Column("how", Text, nullable=False),  # a channel of the settings, or: written out, to be handed over
    Column("sha256", String(64), nullable=False),  # of the text
    Column("told_by", Text, nullable=False),
    Index("ix_hold_notice_hold", "hold"),
)

hold_answer = Table(
    "hold_answer",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("hold", String(32), ForeignKey("hold.number"), nullable=False),
    Column("person", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),  # when the custodian acknowledged
    Column("how", Text, nullable=False),  # signed letter, mail, in person, ...
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index("ix_hold_answer_hold", "hold"),
)

APPEND_ONLY = {"hold_custodian": ("hold, person",), "hold_notice": ("seq",), "hold_answer": ("seq",)}
"""Rows of these are only ever added, with the columns that identify a row."""
