"""Checking one bag as it lies on the disk. Needs no workspace and no database; trusts nothing that the bag says.

Every byte of every file is covered: listed files by the manifests, the tag manifest by the attestation, and the
attestation and both signatures because there is only one way to write them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from breachwatch.errors import EvidenceError
from breachwatch.evidence import signing
from breachwatch.evidence.bag import DECLARATION, FILE_MODE, FOLDER_MODE, MANIFEST, TAG_MANIFEST, Written, hash_stream
from breachwatch.evidence.content import INCIDENT
from breachwatch.evidence.keys import PUBLIC_NAME, SIGNERS_NAME, PublicKey, parse_public
from breachwatch.evidence.raw import MATCHES
from breachwatch.evidence.sealing import ENVELOPE, INSTRUCTIONS, PAE, SIGNATURE, SSH_SIGNATURE, UNLISTED
from breachwatch.model.evidence import Check

_LISTED_TAGS = frozenset({"bagit.txt", "bag-info.txt", MANIFEST, INSTRUCTIONS, PUBLIC_NAME, SIGNERS_NAME})
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n\r]+)", re.ASCII)
_SMALL = 64 * 1024 * 1024  # bytes of a manifest, a tag file or a line, beyond which it is not read
_SHOWN = 3  # names in a message


class BagOnDisk:
    """The files of a bag, found and hashed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, os.stat_result] = {}
        self.folders: dict[str, os.stat_result] = {}
        self._walk(folder, "")
        self._hashes: dict[str, Written] = {}

    def _walk(self, folder: Path, prefix: str) -> None:
        self.folders[prefix.rstrip("/")] = folder.stat(follow_symlinks=False)
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    self._walk(Path(entry.path), name + "/")
                else:
                    self.files[name] = entry.stat(follow_symlinks=False)

    def small(self, name: str) -> bytes:
        """A small file whole. Raises EvidenceError where it is missing, no plain file, or not small."""
        with self.open(name) as file:
            content = file.read(_SMALL + 1)
        if len(content) > _SMALL:
            msg = f"{name} is larger than any file of its kind"
            raise EvidenceError(msg)
        return content

    def open(self, name: str) -> BinaryIO:
        """Open a file to read. Raises EvidenceError where it is missing or no plain file."""
        found = self.files.get(name)
        if found is None:
            msg = f"{name} is missing"
            raise EvidenceError(msg)
        if not stat.S_ISREG(found.st_mode):
            msg = f"{name} is no plain file"
            raise EvidenceError(msg)
        return os.fdopen(os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def hash(self, name: str) -> Written:
        """The hash of a file, computed on first use."""
        if name not in self._hashes:
            with self.open(name) as file:
                self._hashes[name] = hash_stream(file)
        return self._hashes[name]

    def manifest(self, name: str) -> dict[str, str]:
        """A manifest: SHA-256 by file name. Raises EvidenceError where a line is not as it should be."""
        found: dict[str, str] = {}
        for line in self.small(name).decode("utf-8", errors="replace").split("\n")[:-1]:
            match = _LINE.fullmatch(line)
            if match is None or match[2] in found:
                msg = f"{name} has a line that is no hash, two spaces and a name, or names a file twice"
                raise EvidenceError(msg)
            found[match[2]] = match[1]
        return found


def check_bag(bag: BagOnDisk, key: PublicKey) -> list[Check]:
    """All checks that need nothing but the bag and the key it should be signed with."""
    return [
        _run("structure", lambda: _structure(bag)),
        _run("tag files", lambda: _against(bag, TAG_MANIFEST, bag.manifest(TAG_MANIFEST))),
        _run("payload", lambda: _against(bag, MANIFEST, bag.manifest(MANIFEST))),
        _run("no other files", lambda: _nothing_else(bag)),
        _run("attestation", lambda: _attestation(bag, key)),
        _run("ssh signature", lambda: _ssh_signature(bag, key)),
        _run("matches", lambda: _matches(bag)),
    ]


def check_modes(bag: BagOnDisk) -> Check:
    """Whether everything is read-only, as it was left in the vault."""
    return _run("file modes", lambda: _modes(bag))


def key_in(bag: BagOnDisk) -> PublicKey:
    """The public key that the bag carries. Raises EvidenceError."""
    return parse_public(bag.small(PUBLIC_NAME))


def incident_in(bag: BagOnDisk) -> Mapping[str, Any]:
    """What data/incident.json says. Raises EvidenceError."""
    try:
        value = json.loads(bag.small(INCIDENT))
    except (ValueError, RecursionError) as error:
        msg = f"{INCIDENT} is no JSON"
        raise EvidenceError(msg) from error
    if not isinstance(value, dict):
        msg = f"{INCIDENT} is no JSON object"
        raise EvidenceError(msg)
    return value


def match_lines(bag: BagOnDisk) -> Iterator[Mapping[str, Any]]:
    """The lines of data/matches.jsonl. Raises EvidenceError."""
    with bag.open(MATCHES) as file:
        while line := file.readline(_SMALL):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                msg = f"{MATCHES} has a line that is no JSON"
                raise EvidenceError(msg) from error
            if not isinstance(value, dict):
                msg = f"{MATCHES} has a line that is no JSON object"
                raise EvidenceError(msg)
            yield value


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except EvidenceError as error:
        return Check(name, False, str(error))
    except OSError as error:
        return Check(name, False, f"cannot read {error.filename}: {error.strerror}")


def _structure(bag: BagOnDisk) -> str:
    odd = [name for name, found in bag.files.items() if not stat.S_ISREG(found.st_mode)]
    if odd:
        raise EvidenceError(f"not plain files: {_some(odd)}")
    if bag.small("bagit.txt") != DECLARATION:
        raise EvidenceError("bagit.txt does not declare BagIt 1.0")
    missing = sorted((_LISTED_TAGS | UNLISTED) - bag.files.keys())
    if missing:
        raise EvidenceError(f"missing: {_some(missing)}")
    payload = bag.manifest(MANIFEST)
    sizes = [bag.files[name].st_size for name in payload if name in bag.files]
    if f"Payload-Oxum: {sum(sizes)}.{len(payload)}\n" not in bag.small("bag-info.txt").decode("utf-8", "replace"):
        raise EvidenceError(f"bag-info.txt does not say that the payload has {sum(sizes)} bytes in {len(sizes)} files")
    return f"BagIt 1.0, {len(payload)} payload files, {sum(sizes)} bytes"


def _against(bag: BagOnDisk, name: str, manifest: Mapping[str, str]) -> str:
    expected = {item for item in bag.files if item.startswith("data/")} if name == MANIFEST else _LISTED_TAGS
    missing = sorted(manifest.keys() - bag.files.keys())
    if missing:
        raise EvidenceError(f"missing: {_some(missing)}")
    unlisted = sorted(expected - manifest.keys())
    if unlisted:
        raise EvidenceError(f"{name} does not list {_some(unlisted)}")
    changed = [item for item, sha256 in sorted(manifest.items()) if bag.hash(item).sha256 != sha256]
    if changed:
        raise EvidenceError(f"changed: {_some(changed)}")
    return f"{len(manifest)} files are as {name} lists them"


def _nothing_else(bag: BagOnDisk) -> str:
    known = UNLISTED | bag.manifest(TAG_MANIFEST).keys() | bag.manifest(MANIFEST).keys()
    added = sorted(bag.files.keys() - known)
    parents = {"", *(str(parent) for name in known for parent in Path(name).parents)} - {"."}
    added += [f"{folder}/" for folder in sorted(bag.folders.keys() - parents)]
    if added:
        raise EvidenceError(f"added: {_some(added)}")
    return "nothing was added"


def _attestation(bag: BagOnDisk, key: PublicKey) -> str:
    envelope = signing.parse_envelope(bag.small(ENVELOPE))
    digest = hashlib.sha256(bag.small(TAG_MANIFEST)).hexdigest()
    if envelope.key_id != key.fingerprint or bag.small(PUBLIC_NAME) != key.pem:
        raise EvidenceError(f"it is not signed with the key {key.fingerprint}")
    if bag.small(SIGNERS_NAME) != key.allowed_signers:
        raise EvidenceError(f"{SIGNERS_NAME} names another key")
    if not key.verifies(envelope.signature, envelope.pae):
        raise EvidenceError("the signature does not verify")
    if envelope.statement.get("subject") != [{"name": TAG_MANIFEST, "digest": {"sha256": digest}}]:
        raise EvidenceError(f"it is about another {TAG_MANIFEST}")
    if bag.small(PAE) != envelope.pae or bag.small(SIGNATURE) != envelope.signature:
        raise EvidenceError(f"{PAE} or {SIGNATURE} is not what {ENVELOPE} holds")
    return f"signed with {key.fingerprint}, about {TAG_MANIFEST} {digest}"


def _ssh_signature(bag: BagOnDisk, key: PublicKey) -> str:
    if not signing.ssh_verify(key, bag.small(SSH_SIGNATURE), bag.small(TAG_MANIFEST)):
        raise EvidenceError(f"{SSH_SIGNATURE} is no signature of {TAG_MANIFEST} with {key.fingerprint}")
    return f"signed with {key.fingerprint}"


def _matches(bag: BagOnDisk) -> str:
    """Every match's bytes, cut out of the original bytes in the bag, have the hash that its line names."""
    raw = {name for name in bag.manifest(MANIFEST) if name.startswith("data/raw/")} & bag.files.keys()
    count = 0
    with ExitStack() as stack:
        name, file = "", None
        for count, match in enumerate(match_lines(bag), 1):
            if match.get("file") not in raw:
                raise EvidenceError(f"line {count} names a file that is not in data/raw")
            if file is None or match["file"] != name:
                stack.close()  # matches are in the order of their files: one is open at a time
                name = match["file"]
                file = stack.enter_context(bag.open(name))
            if hashlib.sha256(_cut(file, match, bag.files[name].st_size)).hexdigest() != match.get("sha256"):
                raise EvidenceError(
                    f"the bytes of match {count} ({match.get('event_id')}) are not those it was made of"
                )
    said = incident_in(bag).get("events")
    if count != said:
        raise EvidenceError(f"{count} matches, but {INCIDENT} says {said}")
    return f"{count} matching records are in the original bytes"


def _cut(file: BinaryIO, match: Mapping[str, Any], size: int) -> bytes:
    offset, length = match.get("file_offset"), match.get("length")
    if not isinstance(offset, int) or not isinstance(length, int) or not 0 <= offset <= offset + length <= size:
        raise EvidenceError(f"the match {match.get('event_id')} lies outside its file")
    file.seek(offset)
    return file.read(length)


def _modes(bag: BagOnDisk) -> str:
    loose = [
        *(name for name, found in sorted(bag.files.items()) if stat.S_IMODE(found.st_mode) != FILE_MODE),
        *(f"{name}/" for name, found in sorted(bag.folders.items()) if stat.S_IMODE(found.st_mode) != FOLDER_MODE),
    ]
    if loose:
        raise EvidenceError(f"not read-only: {_some(loose)}. Who changed the mode?")
    return f"files {FILE_MODE:04o}, folders {FOLDER_MODE:04o}"


def _some(names: list[str]) -> str:
    """A few names for a message; file names may hold anything, so they are quoted."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(ascii(name) for name in names[:_SHOWN]) + more
