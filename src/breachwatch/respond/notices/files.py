"""Files of papers, kept by their hash below `<workspace>/papers/`, read-only, checked whenever they are read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault, EvidenceError
from breachwatch.model.papers import Form
from breachwatch.workspace import PRIVATE_DIR, Workspace

FOLDER = "papers"


def store(ws: Workspace, content: bytes) -> str:
    """Keep a file; returns the SHA-256 of its bytes. What is there already stays. Raises EnvironmentFault."""
    digest = hashlib.sha256(content).hexdigest()
    target = _path(ws, digest)
    if target.is_file():
        return digest
    unfinished = ws.scratch / f"paper-{digest}-{os.getpid()}"
    try:
        target.parent.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        msg = f"cannot keep the paper in {target.parent}: {error.strerror}. Nothing was recorded."
        raise EnvironmentFault(msg) from error
    return digest


def read(ws: Workspace, digest: str) -> bytes:
    """The bytes with that hash. Raises EvidenceError where they are gone or are not what was kept."""
    path = _path(ws, digest)
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"the paper's file {path} cannot be read: {error.strerror}. Put it back from a copy."
        raise EvidenceError(msg) from error
    if hashlib.sha256(content).hexdigest() != digest:
        msg = f"the paper's file {path} was changed: its hash is not its name. Put it back from a copy."
        raise EvidenceError(msg)
    return content


def version_hash(files: Mapping[Form, str]) -> str:
    """One hash for all forms of a version: SHA-256 of what `sha256sum` would list for them."""
    lines = (f"{digest}  {form.value}\n" for form, digest in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _path(ws: Workspace, digest: str) -> Path:
    return ws.root / FOLDER / digest[:2] / digest
