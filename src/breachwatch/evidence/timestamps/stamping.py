"""Getting a stamp and keeping it: in the bag while it is sealed, beside the bags afterwards.

A bag that is in the vault never changes. A stamp that comes later lies in `vault/timestamps/`, under the number of its
bag, and travels with every export in the place where the bag's VERIFY.txt looks for it:

vault/timestamps/EV-2026-000001.tsq, .tsr    the query, and the authority's answer as it came
vault/timestamps/roots-<sha256>.pem          root certificates that stamps were verified with when they came
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from breachwatch.durable import sync_folder
from breachwatch.errors import EvidenceError, SettingsError
from breachwatch.evidence.timestamps.asking import AuthorityError, ask
from breachwatch.evidence.timestamps.token import Token, make_query, verify
from breachwatch.workspace import Workspace

FOLDER = "timestamps"
QUERY, ANSWER = "attestation.tsq", "attestation.tsr"
"""A stamp's files in a bag: tag files that no manifest lists, because they are over what the manifests are under."""
OPTIONAL = frozenset({QUERY, ANSWER})
_REFUSED = "time-stamps-refused"
_PATIENCE = timedelta(minutes=10)
"""After an authority gave no stamp, evidence is sealed without asking it for so long."""
_READ_ONLY = 0o444
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified stamp: the query and answer as bytes, and what the token says."""

    query: bytes
    answer: bytes
    token: Token


def get_stamp(ws: Workspace, data: bytes) -> Stamp:
    """Have the authority stamp `data`, and check what it gives before anything is kept.

    Raises AuthorityError where it gives none, or none that verifies; SettingsError.
    """
    settings = ws.settings.evidence.timestamp
    roots = current_roots(ws)
    query = make_query(data, settings.hash)
    answer = ask(ws, query)
    try:
        return Stamp(query, answer, verify(answer, query, data, roots))
    except EvidenceError as error:
        raise AuthorityError(f"{settings.url} gives no stamp that can be used: {error}") from error


def at_sealing(ws: Workspace, attestation: bytes) -> Mapping[str, bytes]:
    """A stamp's files for a bag that is being sealed; none where no authority is set, or it gives no stamp in time.

    Evidence does not wait: what has no stamp is stamped later. An authority that was away is left alone for a while.
    """
    settings = ws.settings.evidence.timestamp
    if not settings.url or _refused_lately(ws):
        return {}
    try:
        stamp = get_stamp(ws, attestation)
    except (AuthorityError, SettingsError) as error:
        _note_refusal(ws)
        _log.warning("sealed without a time stamp, which is asked for again later: %s", error)
        return {}
    keep_roots(ws)
    return {QUERY: stamp.query, ANSWER: stamp.answer}


def keep(ws: Workspace, name: str, stamp: Stamp) -> str:
    """Put a late stamp into the vault, the answer last; returns its path relative to the vault. Can be repeated."""
    folder = ws.vault / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    keep_roots(ws)
    put_file(ws, folder / f"{name}.tsq", stamp.query)
    put_file(ws, folder / f"{name}.tsr", stamp.answer)
    sync_folder(folder)
    return f"{FOLDER}/{name}.tsr"


def put_file(ws: Workspace, target: Path, content: bytes) -> None:
    """Write a read-only file of the vault: whole under its name, or not there."""
    partial = ws.scratch / f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READ_ONLY), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def current_roots(ws: Workspace) -> bytes:
    """The root certificates that the settings name, as PEM. Raises SettingsError."""
    path = ws.path(ws.settings.evidence.timestamp.ca_file)
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"evidence.timestamp.ca_file: cannot read {path}: {error.strerror}"
        raise SettingsError(msg) from error


def keep_roots(ws: Workspace) -> str:
    """Keep a copy of the root certificates, so that old stamps verify when the settings name others. Its SHA-256."""
    roots = current_roots(ws)
    digest = hashlib.sha256(roots).hexdigest()
    target = ws.vault / FOLDER / f"roots-{digest}.pem"
    if not target.exists():
        target.parent.mkdir(mode=0o700, exist_ok=True)
        put_file(ws, target, roots)
        sync_folder(target.parent)
    return digest


def kept_roots(ws: Workspace, digest: str) -> bytes:
    """The root certificates that a stamp was verified with when it came. Raises EvidenceError."""
    path = ws.vault / FOLDER / f"roots-{digest}.pem"
    try:
        roots = path.read_bytes()
    except OSError as error:
        msg = f"cannot read {path}, the root certificate of the time stamp: {error.strerror}"
        raise EvidenceError(msg) from error
    if hashlib.sha256(roots).hexdigest() != digest:
        msg = f"{path}, the root certificate of the time stamp, was changed"
        raise EvidenceError(msg)
    return roots


def _note_refusal(ws: Workspace) -> None:
    (ws.state / _REFUSED).write_text(ws.clock.now().isoformat(), encoding="utf-8")


def _refused_lately(ws: Workspace) -> bool:
    try:
        at = datetime.fromisoformat((ws.state / _REFUSED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return timedelta(0) <= ws.clock.now() - at < _PATIENCE
