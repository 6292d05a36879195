"""Tables of public-records requests: what came, what was done, what was decided about each item, what left.

Rows are only ever added: a later row supersedes an earlier one, which stays.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

APPEND_ONLY = {
    "records_request": ("number",),
    "request_step": ("seq",),
    "request_item": ("seq",),
    "request_release": ("seq", "request, version"),
    "request_reading": ("seq",),
}
"""Tables whose rows are only ever added, with their keys."""


def _of_request() -> Column[str]:
    return Column("request", String(32), ForeignKey("records_request.number"), nullable=False)


request = Table(
    "records_request",
    metadata,
    Column("number", String(32), primary_key=True),  # PR-2026-0001
    Column("received_at", UtcDateTime, nullable=False),
    Column("zone", String(64), nullable=False),  # in which the time was given
    Column("channel", String(64), nullable=False),
    Column("requester", Text, nullable=False),  # empty: nobody has to say who asks
    Column("contact", Text, nullable=False),
    Column("language", String(8), nullable=False),  # of letters to the requester
    Column("words", Text, nullable=False),  # the request, exactly
    Column("evidence", String(32), ForeignKey("evidence.number"), nullable=False),  # its bytes
    Column("profile", String(64), nullable=False),
    Column("profile_sha256", String(64), nullable=False),
    Column("law", Text, nullable=False),  # JSON: the profile as it was
    Column("law_of", String(10), nullable=False),  # the day whose law is asked: that of receipt
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

step = Table(
    "request_step",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_request(),
    Column("step", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),  # when it happened
    Column("detail", Text, nullable=False),  # JSON, by step
    Column("reason", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorder", Text, nullable=False),  # login, to tell two persons apart
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("ix_request_step_request", "request"),
)

item = Table(
    "request_item",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_request(),
    Column("item", String(128), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("exemption", String(64), nullable=False),  # empty where it was cleared
    Column("sha256", String(64), nullable=False),  # of what was decided about: another text is another decision
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_request_item_request", "request", "item"),
)

release = Table(
    "request_release",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_request(),
    Column("version", Integer, nullable=False),  # 1, 2, ... of this request
    Column("content", Text, nullable=False),  # JSON: all that would leave, and the index of what does not
    Column("sha256", String(64), nullable=False),  # of `content`
    Column("basis", Text, nullable=False),  # JSON: the last decision about an item, and the incidents
    Column("prepared_by", Text, nullable=False),
    Column("preparer", Text, nullable=False),  # login, to tell two persons apart
    Column("prepared_at", UtcDateTime, nullable=False),
    Index("ix_request_release_request", "request", "version", unique=True),
)

reading = Table(
    "request_reading",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_request(),
    Column("obligation", String(64), nullable=False),
    Column("safe", UtcDateTime),
    Column("latest", UtcDateTime),
    Column("steps", Text, nullable=False),  # JSON list: how it was counted
    Column("computed_at", UtcDateTime, nullable=False),
    Column("because", Text, nullable=False),
    Index("ix_request_reading_request", "request", "obligation"),
)
