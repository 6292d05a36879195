"""Writing a bag after RFC 8493 (BagIt 1.0): files hashed while they are written, manifests, durable, read-only.

Both manifests have two spaces between hash and name, as `sha256sum -c` wants it; the Library of Congress's own writer
puts one into the tag manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from breachwatch.durable import sync_folder
from breachwatch.errors import EvidenceError

MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
CHUNK = 1024 * 1024
FILE_MODE, FOLDER_MODE = 0o444, 0o555
_TOGETHER = 4  # files that are synced and read back at a time


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was hashed while it was written."""

    sha256: str
    size: int


class HashingFile(io.RawIOBase, AbstractContextManager["HashingFile"]):
    """A new file that is hashed while it is written, and handed over for syncing when it is complete."""

    def __init__(self, path: Path, complete: Callable[[BinaryIO, Written], None]) -> None:
        super().__init__()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb")
        self._hash = hashlib.sha256()
        self._size = 0
        self._complete: Callable[[BinaryIO, Written], None] | None = complete

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._file.write(view)
        self._hash.update(view)
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        return self._size

    @property
    def so_far(self) -> Written:
        """What was written until now."""
        return Written(self._hash.hexdigest(), self._size)

    def finish(self) -> Written:
        """The file is complete; it counts as part of the bag from now on."""
        self._file.flush()
        written, complete = self.so_far, self._complete
        if complete is not None:
            self._complete = None  # the file is no longer closed here
            complete(self._file, written)
        return written

    def close(self) -> None:
        if self._complete is not None:
            self._file.close()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        self.close()


class BagWriter(AbstractContextManager["BagWriter"]):
    """One bag while it is made, in a folder that nobody else looks at.

    Complete files are synced to the disk and read back beside the writing of the next ones; `hash_again` waits for all
    of that. Files of different names may be written by different threads.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.payload: dict[str, Written] = {}  # by name in the bag, with "data/" in front
        self.tags: dict[str, Written] = {}
        self._beside = ThreadPoolExecutor(max_workers=_TOGETHER)
        self._settled: dict[str, tuple[Written, Future[Written]]] = {}

    def __exit__(self, *_: object) -> None:
        """Wait until no thread works on the bag's files any more."""
        self._beside.shutdown()

    def open(self, name: str) -> HashingFile:
        """Begin a payload file, named from the bag's folder (`data/...`)."""
        return self._begin(name, self.payload)

    def add(self, name: str, content: bytes) -> Written:
        """Write a whole payload file."""
        with self.open(name) as file:
            file.write(content)
        return self.payload[name]

    def add_json(self, name: str, value: Mapping[str, Any]) -> Written:
        """Write a payload file of JSON, indented, ASCII only: log content in it is harmless on a terminal."""
        return self.add(name, (json.dumps(value, indent=1) + "\n").encode())

    def add_tag(self, name: str, content: bytes) -> Written:
        """Write a whole tag file that the tag manifest lists."""
        with self._begin(name, self.tags) as file:
            file.write(content)
        return self.tags[name]

    def add_unlisted(self, name: str, content: bytes) -> None:
        """Write a tag file that no manifest lists: the tag manifest itself, and signatures over it."""
        with self._begin(name, {}) as file:
            file.write(content)

    @property
    def octets(self) -> int:
        """Bytes of payload."""
        return sum(written.size for written in self.payload.values())

    def write_manifests(self, info: Iterable[tuple[str, str]]) -> str:
        """Write bagit.txt, bag-info.txt (with Payload-Oxum) and both manifests; returns the tag manifest's SHA-256."""
        self.add_tag("bagit.txt", DECLARATION)
        labels = [*info, ("Payload-Oxum", f"{self.octets}.{len(self.payload)}")]
        self.add_tag("bag-info.txt", "".join(f"{label}: {one_line(value)}\n" for label, value in labels).encode())
        self.add_tag(MANIFEST, manifest(self.payload))
        content = manifest(self.tags)
        self.add_unlisted(TAG_MANIFEST, content)
        return hashlib.sha256(content).hexdigest()

    def hash_again(self) -> None:
        """Wait until every file is synced and was read back, and compare: the second of the two hashes.

        Raises EvidenceError, and OSError where a file could not be synced or read.
        """
        for name, (written, read_back) in self._settled.items():
            if read_back.result() != written:
                msg = f"{name} read back from the disk is not what was written. Check the disk."
                raise EvidenceError(msg)

    def make_durable(self) -> None:
        """Sync all folders of the bag; its files are synced before `hash_again` returns."""
        for folder, _, _ in os.walk(self.folder, topdown=False):
            sync_folder(Path(folder))

    def _begin(self, name: str, listed: dict[str, Written]) -> HashingFile:
        def complete(file: BinaryIO, written: Written) -> None:
            listed[name] = written
            self._settled[name] = (written, self._beside.submit(_settle, file, self.folder / name))

        return HashingFile(self.folder / name, complete)


def _settle(file: BinaryIO, path: Path) -> Written:
    """Sync a complete file to the disk and read it back."""
    with file:
        os.fsync(file.fileno())
    return hash_file(path)


def manifest(files: Mapping[str, Written]) -> bytes:
    """A manifest's lines, sorted by name."""
    return "".join(f"{files[name].sha256}  {name}\n" for name in sorted(files)).encode()


def one_line(text: str) -> str:
    """Text for a bag-info value: whatever would end the line or steer a terminal becomes a space."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def hash_file(path: Path) -> Written:
    """Hash a file as it lies on the disk; a symbolic link is not followed."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return hash_stream(file)


def hash_stream(file: BinaryIO) -> Written:
    """Hash what is left to read."""
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Written(digest.hexdigest(), size)


def make_read_only(folder: Path) -> None:
    """Files 0444, folders 0555, from the inside out."""
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            (Path(place) / name).chmod(FILE_MODE)
        Path(place).chmod(FOLDER_MODE)


def remove(folder: Path) -> None:
    """Remove a bag that was never recorded, read-only or not."""
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o700)
    shutil.rmtree(folder)
