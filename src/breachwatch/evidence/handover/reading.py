"""Looking into evidence: the lines that matched, its files, its form. Custody tells of each look into a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from breachwatch.documents import Document
from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault, EvidenceError, UnknownNameError, UsageError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.bag import MANIFEST, hash_file
from breachwatch.evidence.custody import Deed
from breachwatch.evidence.handover.forms import custody_document
from breachwatch.evidence.listing import path_of
from breachwatch.evidence.on_disk import ITEM, BagOnDisk, match_lines
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.workspace import Workspace


def custody_form(ws: Workspace, number: str, *, by: Actor) -> Document:
    """The printable chain-of-custody form of one piece of evidence, as of now; that it was printed is no link.

    Raises NotPermittedError, UnknownNameError.
    """
    require(by, Permission.READ_EVIDENCE)
    return custody_document(ws, number)


def files_in(ws: Workspace, number: str, *, by: Actor) -> dict[str, int]:
    """The files of a piece of evidence with their sizes. Only names are read, so custody does not tell of it.

    Raises NotPermittedError, UnknownNameError.
    """
    require(by, Permission.READ_EVIDENCE)
    bag = BagOnDisk(path_of(ws, number))
    return {name: found.st_size for name, found in sorted(bag.files.items())}


def read_lines(ws: Workspace, number: str, *, by: Actor, purpose: str, most: int = 1000) -> list[Mapping[str, Any]]:
    """The matched records as data/matches.jsonl has them, the first `most`; custody tells that they were read.

    Raises NotPermittedError, UnknownNameError, EvidenceError where it holds no logs.
    """
    require(by, Permission.READ_EVIDENCE)
    bag = BagOnDisk(path_of(ws, number))
    if ITEM in bag.files:
        msg = f"{number} holds files that somebody handed over, no log lines: copy them out with `evidence open`."
        raise EvidenceError(msg)
    lines = list(islice(match_lines(bag), most))
    _tell(ws, number, Deed.ACCESSED, by, purpose, {"how": "lines read", "lines": str(len(lines))})
    return lines


def copy_out(ws: Workspace, number: str, name: str, target: Path, *, by: Actor, purpose: str) -> Path:
    """Copy one file of a piece of evidence to look at it, a working copy; custody tells of it. Never overwrites.

    The copy is compared with the manifest. Raises NotPermittedError, UnknownNameError, UsageError (target exists),
    EvidenceError where the file is not what was sealed, EnvironmentFault where it cannot be written.
    """
    require(by, Permission.READ_EVIDENCE)
    bag = BagOnDisk(path_of(ws, number))
    listed = bag.manifest(MANIFEST)
    if name not in listed:
        raise UnknownNameError(f"file of {number}", name, listed)
    target = target / name.rpartition("/")[2] if target.is_dir() else target
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with bag.open(name) as file, partial.open("xb") as out:
            shutil.copyfileobj(file, out, 1024 * 1024)
            out.flush()
            os.fsync(out.fileno())
        if hash_file(partial).sha256 != listed[name]:
            msg = f"{name} of {number} is not what was sealed. Verify the evidence."
            raise EvidenceError(msg)
        _tell(ws, number, Deed.COPIED, by, purpose, {"file": name, "sha256": listed[name], "copy": target.name})
        os.link(partial, target)  # a link, unlike a rename, fails where the target exists
        sync_folder(target.parent)
    except FileExistsError:
        msg = f"{target} exists already and is not overwritten. Choose another name."
        raise UsageError(msg) from None
    except OSError as error:
        msg = f"cannot write {target}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _tell(ws: Workspace, number: str, deed: Deed, by: Actor, purpose: str, details: Mapping[str, str]) -> None:
    with ws.database.write() as connection:
        custody.append(
            connection,
            evidence=number,
            deed=deed,
            by=custody.by(by),
            at=ws.clock.now(),
            purpose=purpose,
            details=details,
        )
    mirror.update(ws)
