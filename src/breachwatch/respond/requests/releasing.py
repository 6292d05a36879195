"""Preparing a release, counsel's signature on its exact hash, and the release itself with what it left behind.

Nothing leaves that counsel did not sign. A version is of the moment in which it was prepared; what happens in the
incident afterwards does not change it, but another decision about an item or another incident does: it is then prepared
and signed anew.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.errors import ChangedMeanwhileError, EnvironmentFault, NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import requests as tables
from breachwatch.records.disposing_parts import NOTHING
from breachwatch.respond.requests.clocks import keep_reading, of_authority
from breachwatch.respond.requests.content import Content, build, canonical, digest, same
from breachwatch.respond.requests.gathering import gather
from breachwatch.respond.requests.notices import sent_notices
from breachwatch.respond.requests.reading import Request, request_in
from breachwatch.respond.requests.redacting import standings_in
from breachwatch.respond.requests.rendering import archive_name, archive_of, files_of, set_of
from breachwatch.respond.requests.stepping import stepping
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Prepared:
    """One version of what would leave. `content` is the disclosed set, `sha256` that of its canonical text.

    `basis` says which decisions and which incidents it was made from.
    """

    request: str
    version: int
    content: Content
    sha256: str
    basis: str
    prepared_by: str
    preparer: str
    prepared_at: datetime

    @property
    def withheld(self) -> int:
        """How many items it withholds."""
        return len(self.content["withheld"])


@dataclass(frozen=True, slots=True)
class Release:
    """What left: the version with its hash, the files with theirs, and the evidence number of the archive."""

    request: str
    version: int
    sha256: str
    files: Mapping[str, str]
    evidence: str
    folder: Path


def prepare(ws: Workspace, number: str, *, by: Actor) -> Prepared:
    """Build what would leave now, and keep it as a version; the latest one where nothing changed since.

    Raises NotPermittedError, UnknownNameError, UsageError while an item is undecided, LimitError.
    """
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        found, last = change.request, latest(change.connection, number)
        version = last.version + 1 if last else 1
        content = _build(ws, change.connection, found, version, change.now)
        basis = _basis(change.connection, found)
        if last is not None and last.basis == basis and same(last.content, content):
            return last
        text = canonical(content)
        values = {
            "request": found.number,
            "version": version,
            "content": text,
            "sha256": digest(text),
            "basis": basis,
            "prepared_by": by.name,
            "preparer": by.login or by.name,
            "prepared_at": change.now,
        }
        change.connection.execute(tables.release.insert().values(**values))
        after = {"sha256": values["sha256"], "withheld": len(content["withheld"])}
        audit.append(
            change.connection,
            at=change.now,
            by=by,
            entity=found.number,
            change=f"release {version} prepared",
            reason="for counsel to sign",
            after=after,
        )
        return _prepared(change.connection, found.number, version)


def sign(ws: Workspace, number: str, sha256: str, *, by: Actor, reason: str, refuse: bool = False) -> Prepared:
    """Counsel signs the version with exactly this hash, or with `refuse` sends it back with the reason.

    Raises NotPermittedError for anybody but counsel and for who prepared it, UsageError where the hash is not that of
    the latest version.
    """
    with stepping(ws, number, by=by, may=Permission.DECIDE) as change:
        last = latest(change.connection, change.request.number)
        if last is None or last.sha256 != sha256.strip().lower():
            known = f"the latest is version {last.version}, {last.sha256}" if last else "nothing was prepared yet"
            msg = f"{sha256!r} is not the hash of what would leave: {known}. Look at that one."
            raise UsageError(msg)
        if by.name == last.prepared_by or (by.login or by.name) == last.preparer:
            msg = f"{by.name} prepared version {last.version} of {last.request}; somebody else signs it."
            raise NotPermittedError(msg)
        step = RequestStep.SENT_BACK if refuse else RequestStep.SIGNED
        change.take(step, reason, detail={"version": last.version, "sha256": last.sha256})
        return last


def release(ws: Workspace, number: str, target: Path, *, by: Actor, reason: str) -> Release:
    """Write the signed files into the new folder `target`, seal them as evidence, and enter the release in the log.

    Raises NotPermittedError, UsageError where it is not signed or was released, or where items are withheld that the
    law lets nobody withhold before an authority was asked; ChangedMeanwhileError where items were decided otherwise.
    """
    require(by, Permission.ANSWER_REQUESTS)
    with ws.database.read() as connection:
        found = request_in(connection, number)
        signed = _signed(connection, found)
    _refuse_again(found, signed)
    _refuse_unasked(found, signed)
    files = files_of(signed.content)
    whole = archive_of(files)
    files |= {archive_name(signed.content): whole}
    _write(target, files)
    receipt = Receipt(by.name, f"what was released for {found.number}", "made by breachwatch from the records")
    given = Given(archive_name(signed.content), io.BytesIO(whole))
    evidence = add_file(ws, [given], by=by, receipt=receipt).number
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        _signed(change.connection, change.request)
        detail: dict[str, Any] = {"version": signed.version, "sha256": signed.sha256, "withheld": signed.withheld}
        change.take(RequestStep.RELEASED, reason, detail=detail | {"files": hashes, "evidence": evidence})
        keep_reading(change.connection, found.number, ws, because="released")
    return Release(found.number, signed.version, signed.sha256, hashes, evidence, target)


def write_version(ws: Workspace, number: str, target: Path, *, by: Actor, version: int | None = None) -> Prepared:
    """Write the files of a version (None: the latest) into a new folder, for the clerk and counsel to look at.

    Raises NotPermittedError, UnknownNameError, UsageError where the folder holds something.
    """
    if not by.may(Permission.DECIDE):
        require(by, Permission.ANSWER_REQUESTS)
    with ws.database.read() as connection:
        found = request_in(connection, number)
        last = latest(connection, found.number)
        if last is None:
            msg = f"nothing was prepared for {found.number} yet: breachwatch request preview {found.number}"
            raise UsageError(msg)
        wanted = _prepared(connection, found.number, version or last.version)
    _write(target, files_of(wanted.content))
    return wanted


def latest(connection: Connection, number: str) -> Prepared | None:
    """The version that was prepared last; None before the first."""
    columns = tables.release.c
    query = select(columns.version).where(columns.request == number).order_by(columns.version.desc()).limit(1)
    version = connection.scalar(query)
    return _prepared(connection, number, int(version)) if version is not None else None


def _prepared(connection: Connection, number: str, version: int) -> Prepared:
    columns = tables.release.c
    query = select(tables.release).where(columns.request == number, columns.version == version)
    row: Row[Any] | None = connection.execute(query).one_or_none()
    if row is None:
        known = connection.scalars(select(columns.version).where(columns.request == number))
        raise UnknownNameError(f"version of the release of {number}", str(version), map(str, known))
    if row.content == NOTHING:
        msg = (
            f"version {row.version} of {number} was disposed of with the file of its incident; what stays is its "
            f"hash, {row.sha256}."
        )
        raise UsageError(msg)
    return Prepared(
        number, row.version, set_of(row.content), row.sha256, row.basis, row.prepared_by, row.preparer, row.prepared_at
    )


def _build(ws: Workspace, connection: Connection, found: Request, version: int, at: datetime) -> dict[str, Any]:
    zone = ws.settings.city.zone
    gathered = gather(connection, found, zone)
    standing = standings_in(connection, found, gathered)
    notices = sent_notices(ws, connection, gathered.incidents)
    city = ws.settings.city.name
    return build(found, gathered, standing, city=city, zone=zone, version=version, at=at, notices=notices)


def _basis(connection: Connection, found: Request) -> str:
    """What a version was made from: the last decision about an item, and the incidents."""
    columns = tables.item.c
    last = connection.scalar(select(func.max(columns.seq)).where(columns.request == found.number))
    return json.dumps({"decisions": last or 0, "incidents": list(found.incidents)}, sort_keys=True)


def _signed(connection: Connection, found: Request) -> Prepared:
    """The latest version, where counsel signed it and it rests on the same decisions still."""
    last = latest(connection, found.number)
    step = found.last(RequestStep.SIGNED, RequestStep.SENT_BACK)
    if last is None or step is None or step.step is not RequestStep.SIGNED or step.detail["sha256"] != last.sha256:
        what = f"version {last.version} of {found.number}" if last else f"{found.number}: nothing was prepared, and it"
        msg = f"{what} is not signed by counsel: breachwatch request sign {found.number} SHA256 --reason WHY"
        raise UsageError(msg)
    if digest(canonical(last.content)) != last.sha256:
        msg = f"version {last.version} of {found.number} is not what was signed: the records database was changed."
        raise ChangedMeanwhileError(msg)
    if last.basis != _basis(connection, found):
        msg = (
            f"items or incidents of {found.number} were decided otherwise since version {last.version} was signed. "
            f"Prepare it anew (breachwatch request preview {found.number}), and have counsel sign that."
        )
        raise ChangedMeanwhileError(msg)
    return last


def _refuse_again(found: Request, signed: Prepared) -> None:
    if found.closed:
        msg = f"{found.number} is closed. Open it again first: breachwatch request step {found.number} reopened"
        raise UsageError(msg)
    if any(step.detail["version"] == signed.version for step in found.taken(RequestStep.RELEASED)):
        msg = (
            f"version {signed.version} of {found.number} was released already. The same bytes once more: breachwatch "
            f"request preview {found.number} --version {signed.version} --to DIR"
        )
        raise UsageError(msg)


def _refuse_unasked(found: Request, signed: Prepared) -> None:
    asked = found.last(RequestStep.SUBMITTED, RequestStep.PREVIOUS_DETERMINATION)
    authorities = of_authority(found)
    if signed.withheld and authorities and asked is None:
        first = authorities[0]
        msg = (
            f"{signed.withheld} items would be withheld, and nobody was asked: {first.title} "
            f"({'; '.join(first.citation)}). Record that (breachwatch request submit {found.number} {first.id}), or "
            f"the ruling that covers them already (breachwatch request step {found.number} previous-determination)."
        )
        raise UsageError(msg)


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            msg = f"{target} holds something already; nothing is overwritten. Name a new folder."
            raise UsageError(msg)
        for name, content in files.items():
            (target / name).write_bytes(content)
    except OSError as error:
        msg = f"cannot write to {target}: {error.strerror}."
        raise EnvironmentFault(msg) from error
