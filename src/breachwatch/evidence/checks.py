"""Checking one bag as it lies on the disk. Needs no workspace and no database; trusts nothing that the bag says.

Every byte of every file is covered: listed files by the manifests, the tag manifest by the attestation, and the
attestation and both signatures because there is only one way to write them.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from breachwatch.errors import EvidenceError
from breachwatch.evidence import signing
from breachwatch.evidence.bag import DECLARATION, FILE_MODE, FOLDER_MODE, MANIFEST, TAG_MANIFEST
from breachwatch.evidence.check_matches import check_matches
from breachwatch.evidence.items import check_files
from breachwatch.evidence.keys import PUBLIC_NAME, SIGNERS_NAME, PublicKey, parse_public
from breachwatch.evidence.on_disk import ITEM, BagOnDisk
from breachwatch.evidence.sealing import ENVELOPE, LISTED, PAE, SIGNATURE, SSH_SIGNATURE, UNLISTED
from breachwatch.evidence.timestamps.stamping import OPTIONAL
from breachwatch.model.evidence import Check

_SHOWN = 3  # names in a message


def check_bag(bag: BagOnDisk, key: PublicKey) -> list[Check]:
    """All checks that need nothing but the bag and the key it should be signed with."""
    return [
        _run("structure", lambda: _structure(bag)),
        _run("tag files", lambda: _against(bag, TAG_MANIFEST, bag.manifest(TAG_MANIFEST))),
        _run("payload", lambda: _against(bag, MANIFEST, bag.manifest(MANIFEST))),
        _run("no other files", lambda: _nothing_else(bag)),
        _run("attestation", lambda: _attestation(bag, key)),
        _run("ssh signature", lambda: _ssh_signature(bag, key)),
        _content(bag),
    ]


def _content(bag: BagOnDisk) -> Check:
    if ITEM in bag.files:
        return _run("files", lambda: check_files(bag))
    return _run("matches", lambda: check_matches(bag))


def check_modes(bag: BagOnDisk) -> Check:
    """Whether everything is read-only, as it was left in the vault."""
    return _run("file modes", lambda: _modes(bag))


def key_in(bag: BagOnDisk) -> PublicKey:
    """The public key that the bag carries. Raises EvidenceError."""
    return parse_public(bag.small(PUBLIC_NAME))


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
    missing = sorted((LISTED | UNLISTED) - bag.files.keys())
    if missing:
        raise EvidenceError(f"missing: {_some(missing)}")
    payload = bag.manifest(MANIFEST)
    sizes = [bag.files[name].st_size for name in payload if name in bag.files]
    if f"Payload-Oxum: {sum(sizes)}.{len(payload)}\n" not in bag.small("bag-info.txt").decode("utf-8", "replace"):
        raise EvidenceError(f"bag-info.txt does not say that the payload has {sum(sizes)} bytes in {len(sizes)} files")
    return f"BagIt 1.0, {len(payload)} payload files, {sum(sizes)} bytes"


def _against(bag: BagOnDisk, name: str, manifest: Mapping[str, str]) -> str:
    expected = {item for item in bag.files if item.startswith("data/")} if name == MANIFEST else LISTED
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
    known = UNLISTED | OPTIONAL | bag.manifest(TAG_MANIFEST).keys() | bag.manifest(MANIFEST).keys()
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
