"""Checking the time stamp of a bag: in the vault against the records, in an export against the roots beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from breachwatch.errors import BreachwatchError, EvidenceError
from breachwatch.evidence.timestamps.stamping import ANSWER, FOLDER, QUERY, keep_roots, kept_roots
from breachwatch.evidence.timestamps.token import Token, verify
from breachwatch.model.evidence import Check
from breachwatch.records import trust
from breachwatch.workspace import Workspace

ROOTS = "tsa-roots.pem"
"""In an export, beside the bag: the root certificates of the authority."""
_CHECK = "time stamp"
_LARGEST = 1024 * 1024  # bytes of a stamp's file, beyond which it is not read


@dataclass(frozen=True, slots=True)
class Found:
    """A stamp's files as they lie on the disk; `path` of the answer is relative to the vault."""

    query: bytes
    answer: bytes
    path: str


def found_stamp(ws: Workspace, number: str) -> Found | None:
    """The stamp of a bag of the vault: in the bag, or beside the bags. Raises EvidenceError for half of one."""
    inside, beside = ws.vault / number, ws.vault / FOLDER
    for query, answer in ((inside / QUERY, inside / ANSWER), (beside / f"{number}.tsq", beside / f"{number}.tsr")):
        if answer.exists():
            return Found(_read(query), _read(answer), answer.relative_to(ws.vault).as_posix())
    return None


def check(ws: Workspace, number: str, attestation: bytes) -> Check:
    """The stamp of a bag of this workspace. That there is none is no fault: it is told, and asked for later.

    A stamp that the records know must be there, byte for byte, and verify under the roots of then.
    """
    with ws.database.read() as connection:
        row = connection.execute(select(trust.time_stamp).where(trust.time_stamp.c.subject == number)).first()
    try:
        found = found_stamp(ws, number)
        if found is None and row is None:
            url = ws.settings.evidence.timestamp.url
            return Check(_CHECK, True, "pending: asked for again each night" if url else "none: no authority is set")
        return Check(_CHECK, True, told(checked(ws, found, row, attestation)))
    except BreachwatchError as error:
        return Check(_CHECK, False, str(error))


def checked(ws: Workspace, found: Found | None, row: Row[Any] | None, attestation: bytes) -> Token:
    """The verified token of a stamp, as the records know it. Raises EvidenceError, SettingsError."""
    if found is None:
        msg = f"its time stamp of {row.at.isoformat()} is gone: {row.path}" if row is not None else "there is none"
        raise EvidenceError(msg)
    if row is None:
        return under_any_roots(ws, found, attestation)[0]
    if hashlib.sha256(found.answer).hexdigest() != row.token_sha256:
        msg = f"{found.path} is not the time stamp that was recorded"
        raise EvidenceError(msg)
    token = verify(found.answer, found.query, attestation, kept_roots(ws, row.roots_sha256))
    if token.at != row.at:
        msg = f"{found.path} says {token.at.isoformat()}, the records say {row.at.isoformat()}"
        raise EvidenceError(msg)
    return token


def under_any_roots(ws: Workspace, found: Found, attestation: bytes) -> tuple[Token, str]:
    """The token of a stamp that is not recorded yet, and the SHA-256 of the kept roots under which it verifies.

    Those of the settings come first; a stamp may be from just before the settings named another authority.
    Raises EvidenceError, SettingsError.
    """
    tried = sorted(path.stem.removeprefix("roots-") for path in (ws.vault / FOLDER).glob("roots-*.pem"))
    if ws.settings.evidence.timestamp.url:
        now = keep_roots(ws)
        tried = [now, *(digest for digest in tried if digest != now)]
    fault = EvidenceError("no root certificate is known to check the time stamp with. Set evidence.timestamp.ca_file.")
    for digest in tried:
        try:
            return verify(found.answer, found.query, attestation, kept_roots(ws, digest)), digest
        except EvidenceError as error:
            fault = error
    raise fault


def check_foreign(folder: Path, attestation: bytes) -> Check | None:
    """The stamp of a bag that was handed on, under the roots that lie beside it; None where the bag has none."""
    query, answer, roots = folder / QUERY, folder / ANSWER, folder.parent / ROOTS
    if not answer.exists() and not query.exists():
        return None
    try:
        if not roots.exists():
            detail = f"not checked: there are no root certificates {ROOTS} beside the bag. See its VERIFY.txt"
            return Check(_CHECK, True, detail)
        token = verify(_read(answer), _read(query), attestation, _read(roots))
    except EvidenceError as error:
        return Check(_CHECK, False, str(error))
    detail = f"{told(token)}; compare {ROOTS} with what the authority publishes"
    return Check(_CHECK, True, detail)


def told(token: Token) -> str:
    """A token as people read it."""
    return f"it existed at {_utc(token.at)} (checked with {token.verified_with})"


def token_files(ws: Workspace, number: str) -> Mapping[str, Path]:
    """What an export carries beside what is in the bag, by its name in the export: a late stamp, and the roots."""
    files: dict[str, Path] = {}
    late = ws.vault / FOLDER / f"{number}.tsr"
    if late.exists():
        files = {f"{number}/{QUERY}": late.with_suffix(".tsq"), f"{number}/{ANSWER}": late}
    with ws.database.read() as connection:
        column = trust.time_stamp.c
        digest = connection.scalar(select(column.roots_sha256).where(column.subject == number))
    if digest is not None:
        files[ROOTS] = ws.vault / FOLDER / f"roots-{digest}.pem"
    return files


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        msg = f"cannot read {path.name} of the time stamp: {error.strerror}"
        raise EvidenceError(msg) from error
    if len(content) > _LARGEST:
        msg = f"{path.name} is larger than any file of a time stamp"
        raise EvidenceError(msg)
    return content


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
