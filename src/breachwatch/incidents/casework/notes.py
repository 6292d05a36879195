"""Notes of an incident. Those of counsel are privileged: only counsel writes and reads them, and no export has them.

Whoever asks is named; an export, which is nobody, gets no privileged note. The audit log says that one was written,
not what.
"""

from __future__ import annotations

from sqlalchemy import select

from breachwatch.incidents.casework.changing import changing, said
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Note
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import casework
from breachwatch.workspace import Workspace


def write(
    ws: Workspace,
    number: str,
    text: str,
    *,
    by: Actor,
    privileged: bool = False,
    expected_version: int | None = None,
) -> int:
    """Add a note; returns its number. Notes are never changed: a correction is a further note.

    Raises NotPermittedError, UnknownNameError, UsageError, ChangedMeanwhileError.
    """
    text = said(text, "the note")
    may = Permission.PRIVILEGED if privileged else Permission.NOTE
    with changing(ws, number, by=by, may=may, expected_version=expected_version) as change:
        values = {
            "incident": number,
            "at": change.at,
            "author": by.name,
            "text": text,
            "privileged": int(privileged),
        }
        key = change.connection.execute(casework.note.insert().values(**values)).inserted_primary_key
        note = int(key[0]) if key else 0
        change.note(f"note {note} written", "privileged" if privileged else text[:200])
    return note


def notes(ws: Workspace, number: str, *, by: Actor | None) -> tuple[Note, ...]:
    """The notes that this person may read, oldest first; None is an export, which has no privileged ones."""
    if by is not None:
        require(by, Permission.READ)
    columns = casework.note.c
    everything = by is not None and by.may(Permission.PRIVILEGED)
    found: list[Note] = []
    with ws.database.read() as connection:
        for chunk in chunks(members(connection, row_of(connection, number).number)):
            query = select(casework.note).where(columns.incident.in_(chunk))
            if not everything:
                query = query.where(columns.privileged == 0)
            found += [
                Note(row.seq, row.incident, row.at, row.author, row.text, bool(row.privileged))
                for row in connection.execute(query)
            ]
    return tuple(sorted(found, key=lambda note: note.seq))
