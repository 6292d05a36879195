"""Sealing what came with a report once more, under the number of the incident that it belongs to.

Evidence never changes whose it is: the first bag stays as it was sealed before there was an incident. The incident gets
a bag of its own with the same bytes, each compared with its hash at receipt; so its holds, periods and exports cover
them. Custody of the first bag tells of the copy.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select

from breachwatch.errors import EvidenceError
from breachwatch.evidence import Given, Receipt, custody, mirror
from breachwatch.evidence.adding import take_in
from breachwatch.evidence.custody import Deed
from breachwatch.model.intake import ReportRecord
from breachwatch.model.people import Actor
from breachwatch.records import cases, received
from breachwatch.respond.intake.sealing import files_of, from_whom
from breachwatch.workspace import Workspace


def seal_for(ws: Workspace, report: ReportRecord, incident: str, *, by: Actor) -> str:
    """The evidence that holds the report's files for the incident; what a killed triage sealed is not sealed again.

    Raises EvidenceError where a file is missing or altered, OSError, and what `evidence.add_file` raises.
    """
    if not report.evidence:
        msg = f"{report.number} itself is not sealed: {report.failure}"
        raise EvidenceError(msg)
    wanted: list[tuple[str, Path, str]] = []
    with ws.database.read() as connection:
        for number in report.evidence:
            row = connection.execute(select(received.received).where(received.received.c.evidence == number)).one()
            wanted += [
                (str(file["name"]), ws.vault / number / str(file["file"]), file["sha256"]) for file in files_of(row)
            ]
    receipt = Receipt(
        from_whom(report.first_said),
        f"the report {report.number} belongs to {incident}",
        f"report {report.number}, {', '.join(report.evidence)}",
    )
    hashes = [sha256 for *_, sha256 in wanted]
    known = _sealed_before(ws, receipt, incident, hashes)
    if known:
        return known
    with ExitStack() as stack:
        given = [Given(name, stack.enter_context(path.open("rb"))) for name, path, _ in wanted]
        made = take_in(ws, given, by=by, receipt=receipt, incident=incident).number
    with ws.database.read() as connection:
        row = connection.execute(select(received.received).where(received.received.c.evidence == made)).one()
    if [file["sha256"] for file in files_of(row)] != hashes:
        msg = f"the files of {report.number} are not what they were at receipt; verify {', '.join(report.evidence)}."
        raise EvidenceError(msg)
    now = ws.clock.now()
    with ws.database.write() as connection:
        for number in report.evidence:
            custody.append(
                connection,
                evidence=number,
                deed=Deed.COPIED,
                by=custody.by(by),
                at=now,
                purpose=f"sealed once more for {incident}",
                details={"copy": made},
            )
    mirror.update(ws)
    return made


def _sealed_before(ws: Workspace, receipt: Receipt, incident: str, hashes: list[str]) -> str:
    columns = received.received.c
    query = (
        select(received.received)
        .join(cases.evidence, cases.evidence.c.number == columns.evidence)
        .where(cases.evidence.c.incident == incident, columns.source == receipt.source)
    )
    with ws.database.read() as connection:
        rows = connection.execute(query).all()
    return next((str(row.evidence) for row in rows if [file["sha256"] for file in files_of(row)] == hashes), "")
