"""The history of a workspace's keys: which key was the city's from when on, each endorsed by the one before.

keys/history/0001.json      the first key, signed by itself
keys/history/0002.json      its successor, signed by the first key while it still was the city's
keys/history/0002.json.sig  that signature, as `ssh-keygen -Y verify` takes it

An entry names the SHA-256 of the entry before, so that none can be left out. A key's time ends where its successor's
begins. Workspaces whose key was never replaced need no history.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault, EvidenceError
from breachwatch.evidence.keys import PublicKey, SigningKey, known_keys, parse_public, write_new
from breachwatch.evidence.signing import ssh_sign, ssh_verify

FOLDER = "history"
_NAME = re.compile(r"(\d{4})\.json", re.ASCII)
_LARGEST = 64 * 1024  # bytes of an entry; a real one has some five hundred


@dataclass(frozen=True, slots=True)
class Tenure:
    """The time in which a key was the city's: from `begins` on, before `ends`; aware UTC, None for no bound."""

    number: int  # 0 for a key that no history tells of
    key: PublicKey
    begins: datetime | None = None
    ends: datetime | None = None
    reason: str = ""
    entry_sha256: str = ""

    def fault(self, at: datetime) -> str:
        """Why something made at this aware time cannot have been signed with this key; empty where it can."""
        if self.begins is not None and at < self.begins:
            return f"the key was made {self.begins.isoformat()}, after this is said to have been signed"
        if self.ends is not None and at >= self.ends:
            return f"the key was replaced {self.ends.isoformat()}, before this is said to have been signed"
        return ""


def tenures(folder: Path) -> tuple[Tenure, ...]:
    """All keys of the folder `keys`, oldest first, with their times. The last is the one that signs now.

    Public keys beside the history count as the city's at any time: they were replaced before there was a history.
    Raises EvidenceError for a history that is broken or not endorsed, EnvironmentFault where it cannot be read.
    """
    found = _history(folder)
    inside = {tenure.key.fingerprint for tenure in found}
    loose = [Tenure(0, key) for name, key in known_keys(folder).items() if name not in inside]
    return (*loose, *found)


def tenure_of(folder: Path, key: PublicKey) -> Tenure | None:
    """The time of one key; None for a key that is not this workspace's. Raises as `tenures` does."""
    return next((item for item in tenures(folder) if item.key == key), None)


def signers(found: Sequence[Tenure]) -> bytes:
    """The keys as an allowed_signers file, each valid for its time only."""
    return b"".join(item.key.signer_line(item.begins, item.ends) for item in found)


def begin(folder: Path, key: SigningKey, at: datetime | None, *, reason: str, by: str) -> None:
    """Write the history's first entry, signed by its own key. `at` is None where nobody knows when it was made."""
    _write(folder, 1, _entry(1, key.public, at, None, reason, by), key)


def endorse(folder: Path, new: PublicKey, at: datetime, outgoing: SigningKey, *, reason: str, by: str) -> None:
    """Write the entry that makes `new` the city's key from `at` (aware) on, signed by the key it replaces.

    Raises EvidenceError where `outgoing` is not the key that signs now.
    """
    found = _history(folder)
    if not found or found[-1].key != outgoing.public:
        msg = f"the key {outgoing.public.fingerprint} is not the last of the history in {folder / FOLDER}"
        raise EvidenceError(msg)
    number = found[-1].number + 1
    _write(folder, number, _entry(number, new, at, found[-1], reason, by), outgoing)


def _entry(number: int, key: PublicKey, at: datetime | None, before: Tenure | None, reason: str, by: str) -> bytes:
    value = {
        "number": number,
        "begins": at.isoformat() if at else None,
        "fingerprint": key.fingerprint,
        "spki_sha256": key.spki_sha256,
        "public_key": key.pem.decode(),
        "replaces": before.key.fingerprint if before else None,
        "previous_sha256": before.entry_sha256 if before else None,
        "reason": reason,
        "by": by,
    }
    return (json.dumps(value, indent=1) + "\n").encode()


def _write(folder: Path, number: int, entry: bytes, signer: SigningKey) -> None:
    """The signature first: an entry counts from the moment its own file is there."""
    place = folder / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    name = f"{number:04d}.json"
    write_new(place, f"{name}.sig", ssh_sign(signer, entry), 0o644).replace(place / f"{name}.sig")
    write_new(place, name, entry, 0o644).replace(place / name)
    sync_folder(place)


def _history(folder: Path) -> list[Tenure]:
    place = folder / FOLDER
    if not place.is_dir():
        return []
    names = sorted(item.name for item in place.iterdir() if _NAME.fullmatch(item.name))
    found: list[Tenure] = []
    for number, name in enumerate(names, 1):
        if name != f"{number:04d}.json":
            msg = f"{place}: the entry {number:04d}.json of the keys' history is missing"
            raise EvidenceError(msg)
        found = _follow(found, place / name)
    return found


def _follow(found: list[Tenure], path: Path) -> list[Tenure]:
    """The history with one more entry, which must follow the last and be signed by its key."""
    text, signature = _read(path), _read(path.with_name(f"{path.name}.sig"))
    value = _parsed(path, text)
    try:
        key = parse_public(str(value["public_key"]).encode())
        begins = datetime.fromisoformat(value["begins"]) if value["begins"] is not None else None
        number, before = value["number"], value["previous_sha256"]
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{path} is no entry of a history of keys"
        raise EvidenceError(msg) from error
    last = found[-1] if found else None
    fault = ""
    if number != len(found) + 1 or before != (last.entry_sha256 if last else None):
        fault = "does not follow the entry before it"
    elif not ssh_verify(last.key if last else key, signature, text):
        fault = "is not signed by the key before it" if last else "is not signed by its own key"
    elif last and (begins is None or (last.begins and begins < last.begins)):
        fault = "begins before the key that it replaces"
    elif begins is not None and begins.tzinfo is None:
        fault = "has a time without a zone"
    if fault:
        msg = f"{path} {fault}: the history of the keys was tampered with"
        raise EvidenceError(msg)
    tenure = Tenure(len(found) + 1, key, begins, None, str(value.get("reason", "")), hashlib.sha256(text).hexdigest())
    if last is None:
        return [tenure]
    ended = Tenure(last.number, last.key, last.begins, begins, last.reason, last.entry_sha256)
    return [*found[:-1], ended, tenure]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except FileNotFoundError:
        msg = f"{path} is missing: the history of the keys was tampered with"
        raise EvidenceError(msg) from None
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error


def _parsed(path: Path, text: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"{path} is no JSON"
        raise EvidenceError(msg) from error
    if not isinstance(value, dict):
        msg = f"{path} is no JSON object"
        raise EvidenceError(msg)
    return value
