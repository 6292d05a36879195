"""Making one bag in the scratch folder: content, manifests, both signatures, everything synced to the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from breachwatch.evidence import bag as bags
from breachwatch.evidence import signing
from breachwatch.evidence.activity import write_activity
from breachwatch.evidence.bag import BagWriter, one_line
from breachwatch.evidence.blocks import PROOFS
from breachwatch.evidence.case import Case
from breachwatch.evidence.content import Sealing, write_content
from breachwatch.evidence.instructions import about_logs, instructions
from breachwatch.evidence.keys import PUBLIC_NAME, SIGNERS_NAME, SigningKey
from breachwatch.evidence.originals import copy_segments
from breachwatch.evidence.originals.matches import MATCHES
from breachwatch.evidence.rows import Rows
from breachwatch.evidence.timestamps.stamping import at_sealing
from breachwatch.records.received import SNAPSHOT
from breachwatch.workspace import Workspace

INSTRUCTIONS = "VERIFY.txt"
ENVELOPE = "attestation.dsse.json"
PAE = "attestation.pae"
SIGNATURE = "attestation.sig"
SSH_SIGNATURE = bags.TAG_MANIFEST + ".sig"
UNLISTED = frozenset({bags.TAG_MANIFEST, ENVELOPE, PAE, SIGNATURE, SSH_SIGNATURE})
"""The files of a bag that no manifest lists: the tag manifest itself, and what is signed over it."""
LISTED = frozenset({"bagit.txt", "bag-info.txt", bags.MANIFEST, INSTRUCTIONS, PUBLIC_NAME, SIGNERS_NAME})
"""The tag files that the tag manifest lists."""
TOP_ENTRIES = len(UNLISTED | LISTED) + 1
"""Files and folders at the top of a bag: the tag files and `data`."""
_PREFIX = "evidence-"
EXPORT_PREFIX = "export-"
"""Of archives that are not encrypted yet; the number of the process that makes it follows."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A bag that is complete and signed, still in the scratch folder."""

    folder: Path
    tagmanifest_sha256: str
    events: int
    bytes: int


def sweep(ws: Workspace) -> list[str]:
    """Remove what killed runs left in the scratch folder, and name it. The caller holds the lock `evidence`."""
    found = sorted(ws.scratch.glob(f"{_PREFIX}*"))
    for left in found:
        bags.remove(left)
    for export in ws.scratch.glob(f"{EXPORT_PREFIX}*"):  # in the clear, before it was encrypted
        if not _runs(int(export.name.removeprefix(EXPORT_PREFIX).partition("-")[0])):
            export.unlink(missing_ok=True)
            found.append(export)
    return [left.name for left in found]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another account's
        return True
    return True


@dataclass(frozen=True, slots=True)
class Subject:
    """What a bag is about, as bag-info.txt and the attestation say it. `at` is aware UTC."""

    number: str
    kind: str  # see records/received.py
    incident: str | None
    at: datetime
    run_id: str
    supplements: str | None
    events: int


@contextmanager
def scratch_bag(ws: Workspace, number: str) -> Iterator[BagWriter]:
    """A new bag in the scratch folder, removed after the block where it was not moved into the vault."""
    folder = ws.scratch / f"{_PREFIX}{number}"
    bag = BagWriter(folder)
    try:
        with bag:
            yield bag
    finally:
        if folder.exists():
            bags.remove(folder)


@contextmanager
def seal(ws: Workspace, sealing: Sealing, key: SigningKey) -> Iterator[Sealed]:
    """A finished bag for the block to move into the vault; removed after it where it was not moved.

    Raises EvidenceError where bytes are missing or are not what they should be, OSError where they cannot be written.
    """
    with scratch_bag(ws, sealing.number) as bag:
        with Rows(ws, sealing.case) as rows, ThreadPoolExecutor(1) as beside:
            events = rows.count
            tables = beside.submit(_write_tables, ws, sealing.case, rows, bag)
            segments = copy_segments(ws, rows, bag)
            tables.result()
        write_content(ws, sealing, segments, events, bag)
        case = sealing.case
        subject = Subject(
            sealing.number, SNAPSHOT, case.incident.number, sealing.at, sealing.run_id, case.supplements, events
        )
        with (bag.folder / MATCHES).open("rb") as matches, (bag.folder / PROOFS).open("rb") as proofs:
            about = about_logs(matches.readline(), proofs.readline())
        digest = finish(ws, subject, key, bag, about)
        yield Sealed(bag.folder, digest, events, bag.octets)


def _write_tables(ws: Workspace, case: Case, rows: Rows, bag: BagWriter) -> None:
    """What is read from the lake, written beside the copying of original bytes: neither waits for the interpreter."""
    rows.write(bag)
    write_activity(ws, case, rows.connection, bag)


def finish(ws: Workspace, subject: Subject, key: SigningKey, bag: BagWriter, about: str) -> str:
    """Sign a bag that has all its payload, read it back and sync it; returns the tag manifest's SHA-256.

    `about` is what VERIFY.txt says of the payload. Raises EvidenceError, OSError.
    """
    digest = _sign(ws, subject, key, bag, about)
    bag.hash_again()
    bag.make_durable()
    return digest


def hash_first(file: BinaryIO, size: int) -> bags.Written:
    """Hash at most `size` bytes from where a file is read."""
    digest, left = hashlib.sha256(), size
    while left and (chunk := file.read(min(bags.CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
    return bags.Written(digest.hexdigest(), size - left)


def _sign(ws: Workspace, subject: Subject, key: SigningKey, bag: BagWriter, about: str) -> str:
    """Write the tag files, the manifests and both signatures; returns the tag manifest's SHA-256."""
    city = one_line(ws.settings.city.name)
    bag.add_tag(INSTRUCTIONS, instructions(subject.number, city, key.public, TOP_ENTRIES, about))
    bag.add_tag(PUBLIC_NAME, key.public.pem)
    bag.add_tag(SIGNERS_NAME, key.public.allowed_signers)
    info = [
        ("Source-Organization", city),
        ("External-Identifier", subject.number),
        *([("Internal-Sender-Identifier", subject.incident)] if subject.incident else []),
        ("Bagging-Date", f"{subject.at:%Y-%m-%d}"),
        ("Bag-Software-Agent", f"breachwatch {_version()}"),
    ]
    digest = bag.write_manifests(info)
    predicate = {
        "evidence": subject.number,
        "kind": subject.kind,
        "incident": subject.incident,
        "organization": city,
        "sealed_at": subject.at.isoformat(),
        "run_id": subject.run_id,
        "supplements": subject.supplements,
        "events": subject.events,
        "payload": {"files": len(bag.payload), "bytes": bag.octets},
    }
    envelope = signing.attest(key, bags.TAG_MANIFEST, digest, predicate)
    bag.add_unlisted(ENVELOPE, envelope.to_json())
    bag.add_unlisted(PAE, envelope.pae)
    bag.add_unlisted(SIGNATURE, envelope.signature)
    bag.add_unlisted(SSH_SIGNATURE, signing.ssh_sign(key, (bag.folder / bags.TAG_MANIFEST).read_bytes()))
    for name, content in at_sealing(ws, envelope.to_json()).items():
        bag.add_unlisted(name, content)
    return digest


def _version() -> str:
    from importlib.metadata import version

    return version("breachwatch")
