"""`listing`: the evidence of a workspace as the records hold it."""

from __future__ import annotations

from sqlalchemy import select

from breachwatch.evidence.names import year_and_count
from breachwatch.model.evidence import EvidenceLine
from breachwatch.records import cases
from breachwatch.workspace import Workspace


def listing(ws: Workspace) -> list[EvidenceLine]:
    """Every piece of evidence, oldest first."""
    with ws.database.read() as connection:
        rows = connection.execute(select(cases.evidence)).all()
    lines = [
        EvidenceLine(
            number=row.number,
            incident=row.incident,
            sealed_at=row.sealed_at,
            events=row.events,
            bytes=row.bytes,
            supplements=row.supplements,
            path=str(ws.vault / row.path),
            tagmanifest_sha256=row.tagmanifest_sha256,
            verified_at=row.verified_at,
            verified_ok=None if row.verified_ok is None else bool(row.verified_ok),
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: year_and_count(line.number))
