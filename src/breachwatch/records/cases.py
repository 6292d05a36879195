"""Tables of alerts, incidents, evidence, custody, holds and audit."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from breachwatch.model.incident import IncidentState
from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

_PER_YEAR = 10**9
IN_QUEUE = "state NOT IN ({})".format(", ".join(f"'{state.value}'" for state in IncidentState if not state.waits))
"""Whether an incident waits for somebody, in the very words of the partial index: else SQLite does not use it."""

HAS_ENDED = "state IN ({})".format(", ".join(f"'{state.value}'" for state in IncidentState if state.ended))
"""Whether nobody works on an incident any more, in the very words of its partial index."""

UNJUDGED = "severity = -1"
"""Whether the severity of an incident was never judged, in the very words of its partial index."""

JUDGED = "verdict <> ''"
"""Whether people closed an alert by itself, in the very words of its partial index."""


def partial(condition: str) -> dict[str, str]:
    """What an index says of itself that is over some rows only. Its migration makes it so.

    Said by `sqlite_where` and `postgresql_where`, every command would load both dialects to have the words checked.
    """
    return {"where": condition}


def ordinal_of(number: str) -> int:
    """A number that sorts incidents by opening, also beyond 9999 in a year; 0 for what is no number of an incident."""
    found = re.fullmatch(r"INC-(\d{4})-(\d{1,9})", number)
    return int(found[1]) * _PER_YEAR + int(found[2]) if found else 0


def _ordinal(context: Any) -> int:
    return ordinal_of(str(context.get_current_parameters()["number"]))


incident = Table(
    "incident",
    metadata,
    Column("number", String(32), primary_key=True),  # INC-2026-0001
    Column("state", String(32), nullable=False),
    Column("level", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("first_time", UtcDateTime, nullable=False),
    Column("last_time", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by_run", String(64), nullable=False),
    Column("failure", Text, nullable=False, default=""),  # why preservation failed
    Column("version", Integer, nullable=False, default=1),
    Column("ordinal", BigInteger, nullable=False, default=_ordinal, server_default="0"),  # sorts by opening
    Column("verdict", String(32), nullable=False, server_default=""),
    Column("verdict_reason", Text, nullable=False, server_default=""),
    Column("closed_at", UtcDateTime),
    Column("closed_by", Text, nullable=False, server_default=""),
    Column("lead", Text, nullable=False, server_default=""),  # who works on it
    Column("merged_into", String(32)),
    Column("recurrence_of", String(32)),
    Column("referred", Integer, nullable=False, server_default="0"),  # to somebody outside; beside the state
    Column("severity", Integer, nullable=False, server_default="-1"),  # the one that holds; -1: never judged
    Column("data_touched", Text, nullable=False, server_default="[]"),  # JSON list: kinds of data it may have touched
    Index(
        "ix_incident_severity_queue",
        "severity",
        "ordinal",
        info=partial(IN_QUEUE),
    ),
    Index("ix_incident_ended", "severity", "ordinal", info=partial(HAS_ENDED)),
    Index("ix_incident_unjudged", "level", "ordinal", info=partial(UNJUDGED)),
    Index("ix_incident_state", "state"),
    Index("ix_incident_ordinal", "ordinal"),
    Index("ix_incident_last_time", "last_time"),
    Index("ix_incident_merged_into", "merged_into"),
)

incident_entity = Table(
    "incident_entity",
    metadata,
    Column("incident", String(32), ForeignKey("incident.number"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("last_time", UtcDateTime, nullable=False),
    Index("ix_incident_entity_latest", "kind", "value", "last_time"),
)

alert = Table(
    "alert",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("rule_id", String(64), nullable=False),
    Column("rule_title", Text, nullable=False),
    Column("rule_revision", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("dataset", String(63), nullable=False),
    Column("first_time", UtcDateTime, nullable=False),
    Column("last_time", UtcDateTime, nullable=False),
    Column("event_count", BigInteger, nullable=False),
    Column("entities", Text, nullable=False),  # JSON [[kind, value], ...]
    Column("tags", Text, nullable=False),  # JSON list
    Column("why", Text, nullable=False),  # JSON object
    Column("matched", Text, nullable=False, server_default="{}"),  # JSON: see incidents/reasons.py
    Column("detected_at", UtcDateTime, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("incident", String(32), ForeignKey("incident.number")),
    Column("evidence", String(32)),  # the snapshot that holds it, once sealed
    Column("state", String(16), nullable=False, server_default="new"),  # of people's work; see model/casework.py
    Column("verdict", String(32), nullable=False, server_default=""),
    Column("verdict_reason", Text, nullable=False, server_default=""),
    Column("handled_by", Text, nullable=False, server_default=""),  # who acknowledged or closed it last
    Column("handled_at", UtcDateTime),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_alert_loose", "last_time", info=partial("incident IS NULL")),
    Index("ix_alert_incident", "incident", "rule_revision", "rule_id"),
    Index("ix_alert_rule_id", "rule_id"),
    Index("ix_alert_judged", "rule_id", "last_time", info=partial(JUDGED)),
)

alert_event = Table(
    "alert_event",
    metadata,
    Column("alert_key", String(32), ForeignKey("alert.key"), primary_key=True),
    Column("event_id", String(32), primary_key=True),
    Column("sealed_in", String(32)),  # the snapshot that holds this event for this alert
    Index(
        "ix_alert_event_unsealed",
        "alert_key",
        info=partial("sealed_in IS NULL"),
    ),
    Index("ix_alert_event_event_id", "event_id"),
)

detection = Table(
    "detection",
    metadata,
    Column("rule_revision", String(64), primary_key=True),
    Column("rule_id", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),  # the Sigma YAML that ran
    Column("sql", Text, nullable=False),  # the SQL that it became
    Column("dataset", String(63), nullable=False),
    Column("origins", Text, nullable=False, server_default="[]"),  # JSON list: where each document of `text` came from
    Column("first_used_at", UtcDateTime, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("number", String(32), primary_key=True),  # EV-2026-000001
    Column("incident", String(32), ForeignKey("incident.number")),  # empty: evidence that belongs to none (yet)
    Column("path", Text, nullable=False),  # relative to the vault
    Column("tagmanifest_sha256", String(64), nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("supplements", String(32)),  # the snapshot this one adds to
    Column("verified_at", UtcDateTime),
    Column("verified_ok", Integer),
    Column("kind", String(16), nullable=False, server_default="snapshot"),  # snapshot, file: see records/received.py
    Column("title", Text, nullable=False, server_default=""),  # of files: their names
    Index("ix_evidence_incident", "incident"),
)

custody = Table(
    "custody",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 of `body`
    Column("evidence", String(32), nullable=False),
    Column("event", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", Text, nullable=False),  # the exact JSON line of the chain, with prev in it
    UniqueConstraint("prev"),
    UniqueConstraint("hash"),
    Index("ix_custody_evidence", "evidence"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("entity", Text, nullable=False),  # the thing's number or key
    Column("change", Text, nullable=False),  # from -> to
    Column("reason", Text, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 of `body`
    Column("body", Text, nullable=False),  # the exact JSON line of the chain, with prev in it
    UniqueConstraint("prev"),
    UniqueConstraint("hash"),
    Index("ix_audit_entity", "entity"),
)

hold = Table(
    "hold",
    metadata,
    Column("number", String(32), primary_key=True),  # HOLD-2026-0001
    Column("reason", Text, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("since", UtcDateTime),  # of events; empty: no bound
    Column("until", UtcDateTime),
    Column("released_at", UtcDateTime),
    Column("released_by", Text),
    Column("release_reason", Text),
    Column("authority", Text, nullable=False, server_default=""),  # order, statute or letter that it rests on
    Column("release_authority", Text),
)

hold_item = Table(
    "hold_item",
    metadata,
    Column("hold", String(32), ForeignKey("hold.number"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # account, host, source, incident
    Column("value", Text, primary_key=True),
)

hold_clearance = Table(
    "hold_clearance",
    metadata,
    Column("hold", String(32), ForeignKey("hold.number"), primary_key=True),
    # A lake file that was read and names none of the hold's accounts and hosts.
    Column("path", Text, ForeignKey("lake_file.path", ondelete="CASCADE"), primary_key=True),
)
