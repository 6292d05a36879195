"""What retention has disposed of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from breachwatch.records import catalog
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Disposal:
    """One file that was disposed of. Times are aware UTC; `days` is the period that had passed.

    `kind` is `events` (a lake file) or `bytes` (the stored bytes of a segment: `rows` counts its records, `bytes` and
    `sha256` are of what they unpack to).
    """

    seq: int
    at: datetime
    actor: str
    kind: str
    path: str
    dataset: str
    date: str
    rows: int
    bytes: int
    sha256: str
    min_time: datetime | None
    max_time: datetime | None
    days: int
    reason: str
    segments: tuple[str, ...] = ()


def disposals(ws: Workspace, *, last: int = 0) -> tuple[Disposal, ...]:
    """All disposals, oldest first; or the `last` ones."""
    column, part = catalog.disposal.c, catalog.disposal_part.c
    query = select(catalog.disposal).order_by(column.seq.desc())
    with ws.database.read() as connection:
        rows = connection.execute(query.limit(last) if last else query).mappings().all()
        first = min((row["seq"] for row in rows), default=0)
        held: dict[int, list[str]] = {}
        for seq, segment in connection.execute(
            select(part.disposal, part.segment_id).where(part.disposal >= first).order_by(part.segment_id)
        ):
            held.setdefault(seq, []).append(segment)
    return tuple(Disposal(**row, segments=tuple(held.get(row["seq"], ()))) for row in reversed(rows))
