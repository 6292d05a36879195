"""The file that was sent, sealed as evidence with its proof: once, however often recording it is tried."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from breachwatch.errors import EnvironmentFault
from breachwatch.evidence import Given, Receipt
from breachwatch.evidence.adding import take_in
from breachwatch.model.papers import Form, Paper
from breachwatch.model.people import Actor
from breachwatch.records import papers as tables
from breachwatch.records import received
from breachwatch.workspace import Workspace

_CHUNK = 1024 * 1024


def seal(
    ws: Workspace,
    found: Paper,
    form: Form,
    content: bytes,
    proof: Sequence[Path | Given],
    recipients: str,
    *,
    by: Actor,
) -> str:
    """Seal a paper as it was sent, with what proves it; returns the evidence's number.

    A run that was killed after sealing left the same files sealed and no sending recorded: those are taken. Raises as
    `evidence.add_file` does.
    """
    name = f"{found.number}-v{found.latest.number}.{form.value}"
    receipt = Receipt(
        received_from=by.name,
        purpose=f"{found.number} as it was sent to {recipients}, with the proof of sending",
        source=f"paper {found.number}",
    )
    hashes = [hashlib.sha256(content).hexdigest(), *(_hash(file) for file in proof)]
    before = _sealed_before(ws, receipt, hashes)
    if before is not None:
        return before
    files = (Given(name, io.BytesIO(content)), *proof)
    return take_in(ws, files, by=by, receipt=receipt, incident=found.incident or None).number


def _hash(file: Path | Given) -> str:
    """The hash of a proof; a stream that cannot be read twice has none, so that nothing is taken for it."""
    if isinstance(file, Path):
        try:
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            msg = f"cannot read the proof {file}: {error.strerror}."
            raise EnvironmentFault(msg) from error
    if not file.content.seekable():
        return ""
    digest = hashlib.sha256()
    while chunk := file.content.read(_CHUNK):
        digest.update(chunk)
    file.content.seek(0)
    return digest.hexdigest()


def _sealed_before(ws: Workspace, receipt: Receipt, hashes: Sequence[str]) -> str | None:
    columns = received.received.c
    recorded = select(tables.paper_sending.c.evidence)
    query = select(received.received).where(
        columns.source == receipt.source,
        columns.purpose == receipt.purpose,
        columns.received_from == receipt.received_from,
        columns.evidence.not_in(recorded),
    )
    with ws.database.read() as connection:
        for row in connection.execute(query.order_by(columns.evidence)):
            if [file["sha256"] for file in json.loads(row.files)] == list(hashes):
                return str(row.evidence)
    return None
