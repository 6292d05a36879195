"""Disposing of a bag: moved aside, recorded, deleted. Killed anywhere, it is in the vault whole, or on record as gone.

The record is one transaction: the item, the link `disposed` in the chain of custody, the audit log. The database's own
triggers refuse it where a hold or an open incident has come to keep the evidence; the bag is moved back then.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import DatabaseError

from breachwatch.durable import sync_folder
from breachwatch.errors import EvidenceError, UsageError
from breachwatch.evidence import bag as bags
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.custody import Deed
from breachwatch.evidence.disposed import APPROVED, Disposal, DisposedItem, disposal
from breachwatch.evidence.holds import cover, keepers
from breachwatch.evidence.names import is_number
from breachwatch.evidence.verification import verify
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.records.evidence_care import disposal_item
from breachwatch.records.keeping_evidence import REFUSAL
from breachwatch.workspace import Workspace

ASIDE = "disposing"
"""Folder below `state/` for bags on their way out."""


def carry_out(ws: Workspace, number: str, *, by: Actor) -> Disposal:
    """Dispose of the evidence of an approved request. Doing it again goes on where it was broken off.

    Raises NotPermittedError, UnknownNameError, UsageError for a request that is not approved and where something keeps
    the evidence, EvidenceError where it does not verify: what was altered is looked into, not thrown away.
    """
    if not (by.may(Permission.REQUEST_DISPOSAL) or by.may(Permission.APPROVE_DISPOSAL)):
        require(by, Permission.REQUEST_DISPOSAL)
    asked = disposal(ws, number, by=by)
    if asked.decision != APPROVED:
        msg = f"{number} is {asked.decision or 'not approved yet'}; only what a second person approved is disposed of."
        raise UsageError(msg)
    with ws.lock("vault"), ws.lock("evidence"):
        _sweep(ws)
        cover(ws, by=by)
        for item in asked.items:
            if item.disposed_at is None:
                _dispose(ws, asked, item, by)
    return disposal(ws, number, by=by)


def sweep(ws: Workspace) -> int:
    """Finish what a killed disposal left: put back what is not on record, delete what is. Returns how many bags."""
    with ws.database.read() as connection:
        column = disposal_item.c
        unfinished = select(column.evidence).where(column.disposed_at.is_not(None), column.removed_at.is_(None))
        if connection.scalar(unfinished) is None and not any(_aside(ws).glob("*")):
            return 0
    with ws.lock("vault"), ws.lock("evidence"):
        return _sweep(ws)


def _sweep(ws: Workspace) -> int:
    with ws.database.read() as connection:
        rows = connection.execute(select(disposal_item)).all()
    gone = {row.evidence: row.request for row in rows if row.disposed_at is not None}
    found = 0
    for folder in sorted(_aside(ws).glob("*")):
        if is_number(folder.name):
            found += 1
            if folder.name in gone:
                _remove(ws, gone[folder.name], folder)
            else:
                _put_back(folder, ws.vault / _path(ws, folder.name))
    for row in rows:
        place = ws.vault / _path(ws, row.evidence)
        if row.disposed_at is not None and row.removed_at is None and not place.exists():
            _note_removed(ws, row.request, row.evidence)
        elif row.disposed_at is None and place.is_dir():
            place.chmod(bags.FOLDER_MODE)  # killed just before it was moved, or just after it was moved back
    return found


def _dispose(ws: Workspace, asked: Disposal, item: DisposedItem, by: Actor) -> None:
    place = ws.vault / _path(ws, item.evidence)
    with ws.database.read() as connection:
        _refuse_kept(keepers(connection, item.evidence), item.evidence)
    report = verify(ws, item.evidence, by=custody.by(by), purpose=f"before disposal by {asked.number}")
    if not report.ok:
        failed = ", ".join(check.name for check in report.checks if not check.ok)
        msg = f"{item.evidence} does not verify ({failed}) and is not disposed of: find out what happened to it first."
        raise EvidenceError(msg)
    folder = _move_aside(ws, place, item.evidence)
    try:
        with ws.database.write() as connection:
            _enter(ws, connection, asked, item, by)
    except DatabaseError as error:
        _put_back(folder, place)
        if REFUSAL in str(error.orig):
            with ws.database.read() as connection:
                _refuse_kept(keepers(connection, item.evidence), item.evidence)
        raise
    mirror.update(ws)
    _remove(ws, asked.number, folder)


def _enter(ws: Workspace, connection: Connection, asked: Disposal, item: DisposedItem, by: Actor) -> None:
    now = ws.clock.now()
    column = disposal_item.c
    connection.execute(
        update(disposal_item)
        .where(column.request == asked.number, column.evidence == item.evidence)
        .values(disposed_at=now, disposed_by=by.name)
    )
    custody.append(
        connection,
        evidence=item.evidence,
        deed=Deed.DISPOSED,
        by=custody.by(by),
        at=now,
        purpose=f"{asked.number}: {asked.reason}",
        details={
            "authority": asked.authority,
            "requested_by": asked.requested_by,
            "approved_by": asked.decided_by or "",
            "tagmanifest_sha256": item.tagmanifest_sha256,
        },
    )
    audit.append(
        connection, at=now, by=by, entity=item.evidence, change="in the vault -> disposed", reason=asked.number
    )


def _refuse_kept(kept: list[str], evidence: str) -> None:
    if kept:
        msg = f"{evidence} is kept by {', '.join(kept)} and cannot be disposed of."
        raise UsageError(msg)


def _path(ws: Workspace, evidence: str) -> str:
    with ws.database.read() as connection:
        return str(connection.scalar(select(cases.evidence.c.path).where(cases.evidence.c.number == evidence)))


def _aside(ws: Workspace) -> Path:
    return ws.state / ASIDE


def _move_aside(ws: Workspace, place: Path, evidence: str) -> Path:
    """Take a bag out of the vault in one step. A folder must be writable to be moved."""
    _aside(ws).mkdir(mode=0o700, exist_ok=True)
    folder = _aside(ws) / evidence
    place.chmod(0o700)
    place.rename(folder)
    sync_folder(place.parent)
    sync_folder(folder.parent)
    return folder


def _put_back(folder: Path, place: Path) -> None:
    folder.chmod(0o700)
    folder.rename(place)
    place.chmod(bags.FOLDER_MODE)
    sync_folder(place.parent)
    sync_folder(folder.parent)


def _remove(ws: Workspace, request: str, folder: Path) -> None:
    """Delete the bytes of a bag whose disposal is on record, and record that they are gone."""
    bags.remove(folder)
    sync_folder(folder.parent)
    _note_removed(ws, request, folder.name)


def _note_removed(ws: Workspace, request: str, evidence: str) -> None:
    column = disposal_item.c
    with ws.database.write() as connection:
        connection.execute(
            update(disposal_item)
            .where(column.request == request, column.evidence == evidence, column.removed_at.is_(None))
            .values(removed_at=ws.clock.now())
        )
