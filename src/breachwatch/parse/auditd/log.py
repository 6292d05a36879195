"""audit.log: the audit daemon's own file, raw or enriched, and the text that ausearch makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from breachwatch.model.segment import Segment
from breachwatch.parse.auditd.events import join_events
from breachwatch.parse.auditd.records import AuditReader
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.lines import read_lines
from breachwatch.settings import Limits


def parse_auditd(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every record as a row, joined with the others of its event; a line that is none as a reject."""
    return join_events(read_lines(segment, data, limits, AuditReader(segment.time_zone).read))
