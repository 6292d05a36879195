"""Archives, the same bytes for the same content: tar, tar.gz and zip; encrypted to their recipients if asked."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from breachwatch.errors import UsageError
from breachwatch.evidence.bag import CHUNK

ENDINGS = (".tar", ".tar.gz", ".tgz", ".zip")
AGE = ".age"
_FILE_MODE, _FOLDER_MODE = 0o444, 0o755


def write_archive(file: BinaryIO, name: str, top: str, bag: Path, beside: Mapping[str, bytes], at: datetime) -> None:
    """Write a bag and what stands beside it into the folder `top` of an archive; `name` tells its kind."""
    add: Callable[[str, BinaryIO, int], None]
    with _zip(file, at) if name.endswith(".zip") else _tar(file, at, packed=not name.endswith(".tar")) as add:
        for path in _files(bag):
            with path.open("rb") as content:
                add(f"{top}/{bag.name}/{path.relative_to(bag).as_posix()}", content, path.stat().st_size)
        for other, data in sorted(beside.items()):
            add(f"{top}/{other}", io.BytesIO(data), len(data))


def recipients(keys: Sequence[str]) -> list[Any]:
    """Public keys as age takes them: `age1...` (X25519) or `ssh-ed25519 ...`. Raises UsageError for any other text."""
    import pyrage

    found = []
    for key in keys:
        kind = pyrage.ssh.Recipient if key.strip().startswith("ssh-") else pyrage.x25519.Recipient
        try:
            found.append(kind.from_str(key.strip()))
        except pyrage.RecipientError as error:
            msg = f"{key.strip()[:60]!r} is no public key for age: give age1... or a line like 'ssh-ed25519 AAAA...'."
            raise UsageError(msg) from error
    return found


def encrypt(source: BinaryIO, target: BinaryIO, keys: Sequence[Any]) -> None:
    """Encrypt a stream to these recipients (age-encryption.org/v1). Raises OSError where it cannot be written."""
    import pyrage

    noting = _Noting(target)
    try:
        pyrage.encrypt_io(source, noting, list(keys))
    except pyrage.EncryptError:
        if noting.fault is not None:
            raise noting.fault from None
        raise


class _Noting:
    """A file that keeps why it could not be written: the library's own error has only the text of that."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.fault: OSError | None = None

    def write(self, data: bytes) -> int:
        with self._noted():
            return self._file.write(data)

    def flush(self) -> None:
        with self._noted():
            self._file.flush()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = error
            raise


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


def _files(bag: Path) -> Iterator[Path]:
    yield from sorted(path for path in bag.rglob("*") if path.is_file())
