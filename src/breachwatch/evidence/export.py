"""`export`: one archive to hand on, with the bag, what the chain of custody says about it, and the public key.

EV-2026-000001-export/
    EV-2026-000001/         the bag, byte for byte
    custody.jsonl           the links of the chain of custody that are about this evidence
    custody-head.json       how many links the whole chain had when this was made, and the hash of the last
    custody-head.json.sig   SSH signature of that: a chain that is cut or made anew later contradicts it
    signing.pub, allowed_signers
    tsa-roots.pem           where the bag has a time stamp: the root certificates of the authority
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault, EvidenceError, UsageError
from breachwatch.evidence import custody, mirror, signing
from breachwatch.evidence.bag import CHUNK, hash_file
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.evidence.keyring.current import signing_key
from breachwatch.evidence.keys import PUBLIC_NAME, SIGNERS_NAME
from breachwatch.evidence.timestamps.checking import token_files
from breachwatch.evidence.verification import CUSTODY_EXTRACT, verify
from breachwatch.model.evidence import Exported
from breachwatch.workspace import Workspace

HEAD = "custody-head.json"
_FILE_MODE, _FOLDER_MODE = 0o444, 0o755
_ENDINGS = (".tar", ".tar.gz", ".tgz", ".zip")


def export(
    ws: Workspace,
    number: str,
    target: Path,
    *,
    by: Handler | None = None,
    purpose: str = "export",
    recipient: str = "",
) -> Exported:
    """Write one piece of evidence to `target` (.tar, .tar.gz, .tgz or .zip; or a folder, then <number>.tar.gz in it).

    The evidence is verified first. The export and the archive's hash are entered into the chain of custody before the
    archive appears under its name. Never overwrites. The same chain and clock give the same archive.

    Raises UnknownNameError, UsageError (target exists, unknown ending), EvidenceError (the evidence does not verify),
    EnvironmentFault (target cannot be written).
    """
    handler = by or custody.handler(ws)
    target = _target(Path(target), number)
    report = verify(ws, number, by=handler, purpose=f"before {purpose}")
    if not report.ok:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in report.checks if not check.ok)
        msg = f"{number} does not verify and is not exported. {failed}"
        raise EvidenceError(msg)
    key = signing_key(ws)
    now = ws.clock.now()
    with ws.database.read() as connection:
        chain = custody.check_chain(connection)
        links = "".join(line + "\n" for line in custody.lines(connection, number)).encode()
    head = _head(number, chain, now)
    beside = {
        CUSTODY_EXTRACT: links,
        HEAD: head,
        f"{HEAD}.sig": signing.ssh_sign(key, head),
        PUBLIC_NAME: key.public.pem,
        SIGNERS_NAME: key.public.allowed_signers,
        **{name: path.read_bytes() for name, path in token_files(ws, number).items()},
    }
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as file:
            _write(file, target.name, f"{number}-export", ws.vault / number, beside, now)
            file.flush()
            os.fsync(file.fileno())
        written = hash_file(partial)
        with ws.database.write() as connection:
            custody.append(
                connection,
                evidence=number,
                deed=Deed.EXPORTED,
                by=handler,
                at=now,
                purpose=purpose,
                details={"recipient": recipient, "archive_sha256": written.sha256, "archive": target.name},
            )
        os.link(partial, target)  # a link, unlike a rename, fails where the target exists
        sync_folder(target.parent)
    except FileExistsError:
        raise UsageError(_exists(target)) from None
    except OSError as error:
        msg = f"cannot write {target}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    finally:
        partial.unlink(missing_ok=True)
        mirror.update(ws)
    return Exported(number, str(target), written.sha256, written.size)


def _target(target: Path, number: str) -> Path:
    if target.is_dir():
        target = target / f"{number}.tar.gz"
    if not target.name.endswith(_ENDINGS):
        msg = f"{target.name}: an export ends in one of {', '.join(_ENDINGS)}"
        raise UsageError(msg)
    if target.exists() or target.is_symlink():
        raise UsageError(_exists(target))
    return target


def _exists(target: Path) -> str:
    return f"{target} exists already and is not overwritten. Choose another name."


def _head(number: str, chain: custody.Chain, now: datetime) -> bytes:
    value = {"evidence": number, "links": chain.count, "head": chain.head, "at": now.isoformat()}
    return (json.dumps(value, indent=1) + "\n").encode()


def _write(file: BinaryIO, name: str, top: str, bag: Path, beside: dict[str, bytes], at: datetime) -> None:
    add: Callable[[str, BinaryIO, int], None]
    with _zip(file, at) if name.endswith(".zip") else _tar(file, at, packed=not name.endswith(".tar")) as add:
        for path in _files(bag):
            with path.open("rb") as content:
                add(f"{top}/{bag.name}/{path.relative_to(bag).as_posix()}", content, path.stat().st_size)
        for other, data in sorted(beside.items()):
            add(f"{top}/{other}", io.BytesIO(data), len(data))


def _files(bag: Path) -> Iterator[Path]:
    yield from sorted(path for path in bag.rglob("*") if path.is_file())


@contextmanager
def _tar(file: BinaryIO, at: datetime, *, packed: bool) -> Iterator[Callable[[str, BinaryIO, int], None]]:
    """A tar archive that is the same bytes for the same content: one time, no owner, folders before their files."""
    seconds = int(at.timestamp())
    folders: set[str] = set()
    out = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=seconds) if packed else file
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:

        def entry(name: str, kind: bytes, mode: int, size: int = 0) -> tarfile.TarInfo:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.size, info.mtime = kind, mode, size, seconds
            return info

        def add(name: str, content: BinaryIO, size: int) -> None:
            for folder in reversed(Path(name).parents[:-1]):
                if str(folder) not in folders:
                    folders.add(str(folder))
                    archive.addfile(entry(str(folder), tarfile.DIRTYPE, _FOLDER_MODE))
            archive.addfile(entry(name, tarfile.REGTYPE, _FILE_MODE, size), content)

        yield add
    if packed:
        out.close()


@contextmanager
def _zip(file: BinaryIO, at: datetime) -> Iterator[Callable[[str, BinaryIO, int], None]]:
    """A zip archive that is the same bytes for the same content."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, content: BinaryIO, size: int) -> None:
            info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            info.external_attr = (0o100000 | _FILE_MODE) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            info.file_size = size
            with archive.open(info, "w", force_zip64=True) as out:
                while chunk := content.read(CHUNK):
                    out.write(chunk)

        yield add
