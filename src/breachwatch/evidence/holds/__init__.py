"""Preservation orders over events and evidence: placed, acknowledged by custodians, released by authority."""

from __future__ import annotations

from breachwatch.evidence.holds.covering import Covered, cover
from breachwatch.evidence.holds.custodians import (
    Custodian,
    Told,
    acknowledge,
    add_custodians,
    custodians_in,
    enter_told,
    note_told,
)
from breachwatch.evidence.holds.placing import place, release
from breachwatch.evidence.holds.reading import HoldRecord, keepers, record, records

__all__ = [
    "Covered",
    "Custodian",
    "HoldRecord",
    "Told",
    "acknowledge",
    "add_custodians",
    "cover",
    "custodians_in",
    "enter_told",
    "keepers",
    "note_told",
    "place",
    "record",
    "records",
    "release",
]
