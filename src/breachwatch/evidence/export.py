"""`export`: one archive to hand on, with the bag, what the chain of custody says about it, and the public key.

EV-2026-000001-export/
    index.html, .pdf        what it is, what is in it, how to check it, who had it
    EV-2026-000001/         the bag, byte for byte
    custody.jsonl           the links of the chain of custody that are about this evidence
    custody-head.json       how many links the whole chain had when this was made, and the hash of the last
    custody-head.json.sig   SSH signature of that: a chain that is cut or made anew later contradicts it
    custody-form.html, .pdf, transfer-form.html, .pdf
    signing.pub, allowed_signers
    tsa-roots.pem           where the bag has a time stamp: the root certificates of the authority

Nothing of the incident goes with it beyond what was sealed: no notes, and nothing that is privileged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from breachwatch.documents import render_html, render_pdf
from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault, EvidenceError, UsageError
from breachwatch.evidence import custody, mirror, signing
from breachwatch.evidence.archives import AGE, ENDINGS, encrypt, recipients, write_archive
from breachwatch.evidence.bag import MANIFEST, TAG_MANIFEST, hash_file
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.evidence.disposed import refuse_disposed
from breachwatch.evidence.handover.forms import custody_document, export_index, moment, transfer_form
from breachwatch.evidence.keyring.current import signing_key
from breachwatch.evidence.keys import PUBLIC_NAME, SIGNERS_NAME, PublicKey
from breachwatch.evidence.on_disk import BagOnDisk
from breachwatch.evidence.sealing import EXPORT_PREFIX
from breachwatch.evidence.timestamps.checking import token_files
from breachwatch.evidence.verification import CUSTODY_EXTRACT, verify
from breachwatch.model.evidence import Exported, Transfer
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records.chain import Chain
from breachwatch.workspace import Workspace

HEAD = "custody-head.json"


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom an export is for. `keys`: public keys of age or SSH (Ed25519) that it is encrypted to; none: it is not."""

    recipient: str = ""
    organization: str = ""
    contact: str = ""
    authority: str = ""
    keys: tuple[str, ...] = ()


def export(
    ws: Workspace,
    number: str,
    target: Path,
    *,
    by: Actor | Handler | None = None,
    purpose: str = "export",
    recipient: str = "",
    to: Destination | None = None,
) -> Exported:
    """Write one piece of evidence to `target` (.tar, .tar.gz, .tgz or .zip; or a folder, then <number>.tar.gz in it).

    Encrypted, the name ends in .age, too. The evidence is verified first. The export and the archive's hash are entered
    into the chain of custody before the archive appears under its name. Never overwrites. The same chain and clock give
    the same archive, unless it is encrypted.

    Raises NotPermittedError, UnknownNameError, UsageError (target exists, unknown ending, no key), EvidenceError (the
    evidence does not verify), EnvironmentFault (target cannot be written).
    """
    if isinstance(by, Actor):
        require(by, Permission.HANDLE_EVIDENCE)
    handler = custody.by(by) if isinstance(by, Actor) else by or custody.handler(ws)
    to = to or Destination(recipient)
    keys = recipients(to.keys)
    target = _target(Path(target), number, encrypted=bool(keys))
    with ws.database.read() as connection:
        refuse_disposed(connection, number)
    report = verify(ws, number, by=handler, purpose=f"before {purpose}")
    if not report.ok:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in report.checks if not check.ok)
        msg = f"{number} does not verify and is not exported. {failed}"
        raise EvidenceError(msg)
    now = ws.clock.now()
    going = Transfer(
        *("", number, now, handler.actor, to.recipient, to.organization, to.contact, "", purpose, to.authority, "")
    )
    beside = _beside(ws, number, going, now)
    details = {"recipient": to.recipient, "organization": to.organization, "authority": to.authority}
    details = {name: value for name, value in details.items() if value or name == "recipient"}
    try:
        with _scratch(ws, target, encrypted=bool(keys)) as (plain, partial):
            with plain.open("xb") as file:
                name = target.name.removesuffix(AGE) if keys else target.name
                write_archive(file, name, f"{number}-export", ws.vault / number, beside, now)
                _synced(file)
            if keys:
                named = ", ".join(key.strip() for key in to.keys)
                details |= {"encrypted_to": named, "plain_sha256": hash_file(plain).sha256}
                with plain.open("rb") as source, partial.open("xb") as file:
                    encrypt(source, file, keys)
                    _synced(file)
            written = hash_file(partial)
            with ws.database.write() as connection:
                custody.append(
                    connection,
                    evidence=number,
                    deed=Deed.EXPORTED,
                    by=handler,
                    at=now,
                    purpose=purpose,
                    details={**details, "archive_sha256": written.sha256, "archive": target.name},
                )
            os.link(partial, target)  # a link, unlike a rename, fails where the target exists
            sync_folder(target.parent)
    except FileExistsError:
        raise UsageError(_exists(target)) from None
    except OSError as error:
        msg = f"cannot write {target}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    finally:
        mirror.update(ws)
    return Exported(number, str(target), written.sha256, written.size)


def _beside(ws: Workspace, number: str, going: Transfer, now: datetime) -> dict[str, bytes]:
    """What stands beside the bag."""
    key = signing_key(ws)
    with ws.database.read() as connection:
        chain = custody.check_chain(connection)
        links = list(custody.lines(connection, number))
    head = _head(number, chain, now)
    return {
        CUSTODY_EXTRACT: "".join(line + "\n" for line in links).encode(),
        HEAD: head,
        f"{HEAD}.sig": signing.ssh_sign(key, head),
        PUBLIC_NAME: key.public.pem,
        SIGNERS_NAME: key.public.allowed_signers,
        **{name: path.read_bytes() for name, path in token_files(ws, number).items()},
        **_papers(ws, number, links, key.public, going, now),
    }


def _papers(
    ws: Workspace, number: str, links: Sequence[str], key: PublicKey, going: Transfer, now: datetime
) -> dict[str, bytes]:
    """The index and the forms, as HTML and as PDF."""
    bag = BagOnDisk(ws.vault / number)
    files = {name: (sha256, bag.files[name].st_size) for name, sha256 in bag.manifest(MANIFEST).items()}
    told = {
        "Exported for": ", ".join(filter(None, (going.recipient, going.organization))),
        "Purpose": going.purpose,
        "Authority": going.authority,
        "Exported by": going.handed_over_by,
        "Exported": moment(now, ws.settings.city.zone),
    }
    documents = {
        "index": export_index(ws, number, links, files, key, told, now),
        "custody-form": custody_document(ws, number),
        "transfer-form": transfer_form(ws, number, going, bag.hash(TAG_MANIFEST).sha256, now),
    }
    made: dict[str, bytes] = {}
    for name, document in documents.items():
        made |= {f"{name}.html": render_html(document), f"{name}.pdf": render_pdf(document)}
    return made


@contextmanager
def _scratch(ws: Workspace, target: Path, *, encrypted: bool) -> Iterator[tuple[Path, Path]]:
    """Where the archive is made, plain and as it is handed on: beside its target; what is not encrypted yet inside."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    plain = ws.scratch / f"{EXPORT_PREFIX}{os.getpid()}-{target.name}" if encrypted else partial
    try:
        yield plain, partial
    finally:
        plain.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _target(target: Path, number: str, *, encrypted: bool) -> Path:
    if target.is_dir():
        target = target / f"{number}.tar.gz"
    if encrypted and not target.name.endswith(AGE):
        target = target.with_name(f"{target.name}{AGE}")
    if not target.name.removesuffix(AGE if encrypted else "").endswith(ENDINGS):
        msg = f"{target.name}: an export ends in one of {', '.join(ENDINGS)}"
        raise UsageError(msg)
    if target.exists() or target.is_symlink():
        raise UsageError(_exists(target))
    return target


def _exists(target: Path) -> str:
    return f"{target} exists already and is not overwritten. Choose another name."


def _head(number: str, chain: Chain, now: datetime) -> bytes:
    value = {"evidence": number, "links": chain.count, "head": chain.head, "at": now.isoformat()}
    return (json.dumps(value, indent=1) + "\n").encode()
