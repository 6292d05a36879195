"""Alerts become incidents: recording, grouping by entity and time, the queue, the audit trail."""

from __future__ import annotations

from breachwatch.incidents.listing import Only, count_open, count_waiting, queue
from breachwatch.incidents.queries import evidence_line, incident
from breachwatch.incidents.recording import record
from breachwatch.incidents.sealing import mark_failed, mark_sealed, unsealed

__all__ = [
    "Only",
    "count_open",
    "count_waiting",
    "evidence_line",
    "incident",
    "mark_failed",
    "mark_sealed",
    "queue",
    "record",
    "unsealed",
]
