"""Segments as leaves: each source has one Merkle tree (RFC 6962) over all its segments, to which leaves are only added.

The leaf of a segment is its line as the ledger has it: JSON, ASCII, in the order of `FIELDS`. Where it stands in the
tree is settled by the first ledger that lists it. Segments whose bytes were lost have no hash, and are counted instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.evidence.merkle import Tree, leaf_hash
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog, trust

FIELDS = (
    *("segment_id", "file_id", "path", "format", "start", "end", "first_record"),
    *("modified_at", "planned_at", "sha256", "file_sha256"),
)
"""What a leaf says of its segment. `sha256` is of the segment's bytes, `file_sha256` of the log's up to its end."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A segment and the hash of its leaf."""

    segment_id: str
    line: Mapping[str, Any]
    hash: bytes


def leaf_of(segment: Row[Any]) -> Leaf:
    """The leaf of a row of the table `segment`."""
    line = {name: _plain(getattr(segment, name)) for name in FIELDS}
    return Leaf(segment.segment_id, line, hash_of(line))


def hash_of(line: Mapping[str, Any]) -> bytes:
    """The hash of a leaf, from its line in a ledger."""
    return leaf_hash(json.dumps(line).encode())


def unlisted(connection: Connection) -> Mapping[str, Sequence[Row[Any]]]:
    """Stored segments that no ledger lists yet, by source, in the order in which they were planned."""
    segment = catalog.segment.c
    rows = connection.execute(
        select(catalog.segment)
        .where(segment.state.in_([SegmentState.STORED.value, SegmentState.LANDED.value]))
        .where(segment.segment_id.not_in(select(trust.ledger_leaf.c.segment_id)))
        .order_by(segment.source, segment.planned_at, segment.file_id, segment.start, segment.segment_id)
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.source, []).append(row)
    return found


def listed(connection: Connection) -> Iterator[Row[Any]]:
    """All leaves, by source and position: a stream, for there may be millions."""
    leaf = trust.ledger_leaf
    query = select(leaf).order_by(leaf.c.source, leaf.c.position)
    return iter(connection.execution_options(yield_per=5000).execute(query))


def trees(connection: Connection) -> dict[str, Tree]:
    """The tree of each source over the leaves that are listed; more can be added."""
    found: dict[str, Tree] = {}
    for row in listed(connection):
        found.setdefault(row.source, Tree()).add(bytes.fromhex(row.leaf))
    return found


def lost(connection: Connection) -> Mapping[str, int]:
    """How many segments of each source were promised and gone before they could be copied."""
    segment = catalog.segment.c
    query = select(segment.source, func.count().label("lost")).where(segment.state == SegmentState.LOST.value)
    return {row.source: row.lost for row in connection.execute(query.group_by(segment.source))}


def gaps(connection: Connection) -> Iterator[str]:
    """Logs of which bytes in between were never promised: what cherry-picking before the ledger would look like."""
    segment = catalog.segment.c
    query = select(segment.source, segment.file_id, segment.path, segment.start, segment.end)
    rows = connection.execution_options(yield_per=5000).execute(
        query.order_by(segment.source, segment.file_id, segment.start)
    )
    log, end = ("", ""), 0
    for row in rows:
        if (row.source, row.file_id) != log:
            log, end = (row.source, row.file_id), 0
        if row.start > end:
            yield f"{row.source}: bytes {end} to {row.start} of {ascii(row.path)[:200]} are in no segment"
        end = max(end, row.end)


def counts(segments: Iterable[Row[Any]]) -> Mapping[str, int]:
    """Sums over segments: bytes, and records, rows and rejects of those that landed."""
    found = {"bytes": 0, "records": 0, "rows": 0, "rejects": 0, "not_landed": 0}
    for row in segments:
        found["bytes"] += row.end - row.start
        for name in ("records", "rows", "rejects"):
            found[name] += getattr(row, name) or 0
        found["not_landed"] += row.state != SegmentState.LANDED.value
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
