"""Comparing our ledgers with copies that lie elsewhere: what the clerk got by mail, what is in locked storage.

Whoever holds the key and the vault can sign a new past. They cannot change what others hold. Each page names the one
before and the roots over everything, so that the newest copy speaks for all the nights before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from breachwatch.errors import EvidenceError, UsageError
from breachwatch.evidence.ledger.reading import LARGEST, Entry, entries, parse
from breachwatch.model.evidence import Check, VerifyReport
from breachwatch.workspace import Workspace


def in_paths(paths: Iterable[Path]) -> Mapping[str, bytes]:
    """The ledgers among files and folders, by the path they were found at. Raises UsageError where there is none."""
    found: dict[str, bytes] = {}
    for path in paths:
        files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        for file in files:
            if file.name.endswith(".dsse.json"):
                continue
            try:
                with file.open("rb") as content:
                    found[str(file)] = content.read(LARGEST)
            except OSError as error:
                msg = f"cannot read {file}: {error.strerror}"
                raise UsageError(msg) from error
    if not found:
        msg = "there is no ledger (.json) among what was named to compare with"
        raise UsageError(msg)
    return found


def compare(ws: Workspace, copies: Mapping[str, bytes], where: str) -> VerifyReport:
    """Whether each copy is, byte for byte, the ledger of its number here."""
    ours = {item.number: item for item in entries(ws)}
    checks = tuple(_compared(ours, place, content) for place, content in copies.items())
    return VerifyReport(f"copies: {where}", where, checks, "")


def _compared(ours: Mapping[int, Entry], place: str, content: bytes) -> Check:
    name = Path(place).name
    try:
        page = parse(content, place)
    except EvidenceError as error:
        return Check(name, False, str(error))
    number, night = page["number"], page["night"]
    item = ours.get(number)
    if item is None:
        last = max(ours, default=0)
        return Check(name, False, f"{night}: number {number} is missing here, the last is {last}: the end was cut off")
    if hashlib.sha256(content).hexdigest() != item.sha256:
        return Check(name, False, f"{night}: number {number} is another here: the past was made anew")
    return Check(name, True, f"{night}: number {number} is the same here")
