"""`listing`: the evidence of a workspace as the records hold it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from breachwatch import incidents
from breachwatch.errors import UnknownNameError
from breachwatch.evidence.disposed import disposed_at, refuse_disposed
from breachwatch.evidence.names import year_and_count
from breachwatch.model.evidence import EvidenceLine
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases, trust
from breachwatch.workspace import Workspace


def path_of(ws: Workspace, number: str) -> Path:
    """The folder of evidence in the vault. Raises UnknownNameError, EvidenceError where it was disposed of."""
    columns = cases.evidence.c
    with ws.database.read() as connection:
        path = connection.scalar(select(columns.path).where(columns.number == number))
        if path is None:
            raise UnknownNameError("piece of evidence", number, connection.scalars(select(columns.number)))
        refuse_disposed(connection, number)
    return ws.vault / str(path)


def listing(ws: Workspace, *, by: Actor) -> list[EvidenceLine]:
    """Every piece of evidence, oldest first. Raises NotPermittedError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        rows = connection.execute(select(cases.evidence)).all()
        gone = disposed_at(connection)
        stamps = connection.execute(select(trust.time_stamp.c.subject, trust.time_stamp.c.at)).all()
    stamped = {row.subject: row.at for row in stamps}
    lines = [
        replace(incidents.evidence_line(ws, row), disposed_at=gone.get(row.number), stamped_at=stamped.get(row.number))
        for row in rows
    ]
    return sorted(lines, key=lambda line: year_and_count(line.number))
