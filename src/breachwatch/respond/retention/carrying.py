"""Carrying a disposal out: texts become marks in one transaction, then the papers' files go, then the certificate.

Killed anywhere, the file is whole, or its disposal is on record and the next call finishes it. Numbers, times, hashes,
custody and the audit log stay; so do rows that other records refer to.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from breachwatch.documents import render_pdf
from breachwatch.errors import UsageError
from breachwatch.evidence.adding import Given, Receipt, take_in
from breachwatch.incidents.casework.finding import members
from breachwatch.model.people import Actor, Permission, Role
from breachwatch.papers import Filled, fill
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.records import retention as tables
from breachwatch.respond.notices.files import FOLDER
from breachwatch.respond.retention.asking import APPROVED, FileDisposal, disposal_in, refuse_kept
from breachwatch.respond.retention.keeping import keepers_of
from breachwatch.respond.retention.marking import files_of, mark_all, sha256_of
from breachwatch.respond.retention.parts import parts_of
from breachwatch.workspace import Workspace

_STAYS = (
    "numbers, times and states of the incident and of its records",
    "hashes of what went, of papers and of what was sent",
    "what is on record of each sending: when, how, to which class of recipients, with which proof",
    "names of staff who acted, and of offices to which the incident was referred",
    "chain of custody, and the records of evidence that was disposed of",
    "audit log, with the reasons given in it and the first 200 characters of each note that was not privileged",
    "this certificate",
)


def carry_out(ws: Workspace, number: str, *, by: Actor) -> FileDisposal:
    """Dispose of the file of an approved request, and make its certificate; doing it again finishes what was begun.

    Raises NotPermittedError, UnknownNameError, UsageError where nobody approved it, EvidenceError where something has
    come to keep the file.
    """
    _may(by)
    with ws.lock("retention"):
        with ws.database.read() as connection:
            found = disposal_in(connection, number)
        if found.decision != APPROVED:
            msg = f"{number} is {found.decision or 'not approved yet'}; only what a second person approved goes."
            raise UsageError(msg)
        if found.done_at is None:
            with ws.database.write() as connection:
                _dispose(ws, connection, found, by)
        _finish(ws, number, by)
    with ws.database.read() as connection:
        return disposal_in(connection, number)


def sweep(ws: Workspace, *, by: Actor) -> int:
    """Finish what a killed disposal left; how many there were. The nightly run does so, too.

    The second person approved it, and its texts are gone by then: only files and the certificate are left to be done.
    A disposal that was approved and not begun is none of them: what has come to keep the file since is to be seen by
    whoever carries it out. Raises NotPermittedError, and what sealing the certificate raises.
    """
    if Role.PROGRAM not in by.roles:
        _may(by)
    with ws.database.read() as connection:
        done = select(tables.done.c.disposal)
        query = done.where(tables.done.c.disposal.not_in(select(tables.certificate.c.disposal)))
        left = connection.scalars(query).all()
    for number in left:
        with ws.lock("retention"):
            _finish(ws, number, by)
    return len(left)


def certificate_of(ws: Workspace, number: str) -> Filled:
    """The certificate of a disposal, made from what is on record. Raises UnknownNameError, UsageError before it."""
    with ws.database.read() as connection:
        found = disposal_in(connection, number)
    if found.done_at is None or found.decided_at is None:
        msg = f"{number} was not carried out, so there is nothing to certify."
        raise UsageError(msg)
    zone = ws.settings.city.zone
    values: dict[str, Any] = {
        "city_name": ws.settings.city.name,
        "retention_number": found.number,
        "incident_number": found.incident,
        "closed_at": found.closed_at,
        "retention_rule": found.authority,
        "retention_period": f"{found.years} years after the incident was closed: {found.source}",
        "retention_asked_by": f"{found.requested_by}, {found.requested_at.astimezone(zone):%Y-%m-%d %H:%M %Z}",
        "retention_approved_by": f"{found.decided_by}, {found.decided_at.astimezone(zone):%Y-%m-%d %H:%M %Z}",
        "retention_carried_out_at": found.done_at,
        "retention_went": [dict(row) for row in found.went],
        "retention_stays": list(_STAYS),
    }
    return fill(ws, "retention-certificate", values, at=found.done_at)


def _may(by: Actor) -> None:
    if not (by.may(Permission.REQUEST_DISPOSAL) or by.may(Permission.APPROVE_DISPOSAL)):
        require(by, Permission.REQUEST_DISPOSAL)


def _dispose(ws: Workspace, connection: Connection, found: FileDisposal, by: Actor) -> None:
    """Everything within one transaction: the record that it went, and that it is gone."""
    now = ws.clock.now()
    refuse_kept(found.incident, tuple(keepers_of(connection, found.incident, now)))
    numbers = members(connection, found.incident)
    parts = parts_of(connection, numbers)
    connection.execute(tables.item.insert(), [{"disposal": found.number, "incident": number} for number in numbers])
    for kind, number in parts.rows():
        connection.execute(tables.part.insert().values(kind=kind, number=number, disposal=found.number))
    went = list(mark_all(connection, parts))
    entity = cases.incident_entity
    went += [
        {"what": "account, address or system", "number": row.incident, "sha256": sha256_of(f"{row.kind} {row.value}")}
        for row in connection.execute(select(entity).where(entity.c.incident.in_(numbers)))
    ]
    connection.execute(delete(entity).where(entity.c.incident.in_(numbers)))
    files = files_of(connection, parts)
    went += [{"what": "file of a paper", "number": paper, "sha256": digest} for digest, paper in files.items()]
    if files:
        rows = [{"disposal": found.number, "sha256": digest, "removed_at": None} for digest in files]
        connection.execute(tables.file.insert(), rows)
    values = {"disposal": found.number, "went": json.dumps(went), "carried_out_by": by.name, "at": now}
    connection.execute(tables.done.insert().values(**values))
    after = {"texts": len(went), "sha256": sha256_of(json.dumps(went))}
    for of in (found.number, *numbers, *parts.reports, *parts.requests):
        audit.append(
            connection, at=now, by=by, entity=of, change="file -> disposed of", reason=found.authority, after=after
        )


def _finish(ws: Workspace, number: str, by: Actor) -> None:
    """Do what is left of a disposal that is on record. Under the lock: two at once would certify it twice."""
    _remove_files(ws, number)
    with ws.database.read() as connection:
        found = disposal_in(connection, number)
    if not found.certificate:
        _certify(ws, number, by)


def _remove_files(ws: Workspace, number: str) -> None:
    columns = tables.file.c
    with ws.database.read() as connection:
        query = select(columns.sha256).where(columns.disposal == number, columns.removed_at.is_(None))
        left = connection.scalars(query).all()
    for digest in left:
        _path(ws, digest).unlink(missing_ok=True)
        with ws.database.write() as connection:
            of_it = update(tables.file).where(columns.disposal == number, columns.sha256 == digest)
            connection.execute(of_it.values(removed_at=ws.clock.now()))


def _path(ws: Workspace, digest: str) -> Path:
    return ws.root / FOLDER / digest[:2] / digest


def _certify(ws: Workspace, number: str, by: Actor) -> None:
    content = render_pdf(certificate_of(ws, number).document)
    receipt = Receipt(by.name, f"certificate of {number}", "made by breachwatch from the records")
    sealed = take_in(ws, [Given(f"{number}-certificate.pdf", io.BytesIO(content))], by=by, receipt=receipt)
    now = ws.clock.now()
    with ws.database.write() as connection:
        values = {"disposal": number, "evidence": sealed.number, "sha256": hashlib.sha256(content).hexdigest()}
        connection.execute(tables.certificate.insert().values(**values, at=now))
        audit.append(connection, at=now, by=by, entity=number, change="certificate made", reason=sealed.number)
