"""Lake files in an object store: S3 and what speaks like it, Azure Blob, Google Cloud Storage.

An upload becomes visible whole or not at all; large files go up in parts that the store joins at the end. Requests that
fail in a way that may pass (cut connections, 429, 5xx and S3's SlowDown among them) are repeated with growing waits by
the store library, see `breachwatch.objectstore.RETRY`.

What this machine wrote lately stays in `state/lake-cache/`, up to `cache_bytes`: the night's own search reads it from
there. All else is read from the store by ranges: the columns and row groups that a query needs, no whole files.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import duckdb

from breachwatch.errors import BreachwatchError, EnvironmentFault
from breachwatch.lake.kept import KeptFiles
from breachwatch.lake.storage import Resting
from breachwatch.objectstore import open_store, store_errors
from breachwatch.settings_lake_store import LakeStore

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEME = "lake"
_READ_AHEAD = 256 * 1024  # of files opened here: a request takes as long as reading this much
_TAIL = 64 * 1024  # DuckDB looks at a file's end twice before it reads
_TAILS = 4096  # files whose ends are remembered: at most 256 MiB, in practice a tenth
_PIECE = 8 * 1024 * 1024


class ObjectStorage:
    """The lake below the prefix of a store's address. May be used by several threads at once."""

    def __init__(self, url: str, store: ObjectStore, kept: KeptFiles) -> None:
        self.where = url
        self._store = store
        self._kept = kept
        self._sizes: dict[str, int] = {}
        self._tail = lru_cache(maxsize=_TAILS)(self._read_tail)
        self._fault: EnvironmentFault | None = None  # the latest that a read met
        self._faults = 0

    def put(self, finished: Mapping[str, Path]) -> None:
        from obstore import put

        for name, file in finished.items():
            with self._at(name):
                put(self._store, name, file)
            self._forget(name)
            self._kept.keep(name, file)

    def names(self, below: str = "") -> Iterator[Resting]:
        from obstore import list as listing

        with store_errors(self.where):
            for group in listing(self._store, below or None, chunk_size=1000):
                for item in group:
                    yield Resting(item["path"], item["size"], item["last_modified"])

    def missing(self, names: Iterable[str]) -> set[str]:
        """Those of some names under which nothing rests in the store; the sizes of the others are learned on the way.

        Lists each dataset once, from the first name asked for to the last: a thousand objects a request.
        """
        lacking = set(names)
        for dataset, group in groupby(sorted(lacking), key=lambda name: name.partition("/")[0]):
            asked = list(group)
            with self._at(dataset):
                lacking -= self._found(dataset, asked)
        return lacking

    def _found(self, dataset: str, asked: list[str]) -> set[str]:
        from obstore import list as listing

        wanted, found = set(asked), set()
        # The offset itself is left out of the listing: begin just before the first name.
        for group in listing(self._store, dataset, offset=asked[0][:-1], chunk_size=1000):
            for item in group:
                if item["path"] in wanted:
                    found.add(item["path"])
                    self._forget(item["path"])
                    self._sizes[item["path"]] = item["size"]
            if group and group[-1]["path"] > asked[-1]:
                break
        return found

    def remove(self, names: Iterable[str]) -> None:
        from obstore import delete

        for name in names:
            self._kept.drop(name)
            self._forget(name)
            try:
                with self._at(name):
                    delete(self._store, name)
            except FileNotFoundError:
                continue  # Azure and Google say so, S3 does not; it is gone either way

    def sha256(self, name: str) -> str:
        """The SHA-256 of the object in the store, not of what is kept here."""
        from obstore import get

        digest = hashlib.sha256()
        with self._at(name):
            for piece in get(self._store, name).stream(min_chunk_size=_PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def open(self, name: str) -> BinaryIO:
        return self._kept.open(name) or cast("BinaryIO", io.BufferedReader(self._far(name), _READ_AHEAD))

    def open_for_ranges(self, name: str) -> BinaryIO:
        """As `open`, for a reader with several threads that says itself how much it wants: DuckDB."""
        local = self._kept.open(name)
        return cast("BinaryIO", _LocalRanges(local) if local else self._far(name))

    def _far(self, name: str) -> RangeFile:
        return RangeFile(lambda: self.size(name), lambda start, end: self.read(name, start, end))

    def size(self, name: str) -> int:
        """The bytes of a file."""
        if name not in self._sizes:
            from obstore import head

            with self._reading(name):
                self._sizes[name] = head(self._store, name)["size"]
        return self._sizes[name]

    def read(self, name: str, start: int, end: int) -> bytes:
        """The bytes [start, end) of a file."""
        size = self.size(name)
        if start >= max(0, size - _TAIL):
            first = max(0, size - _TAIL)
            return self._tail(name, size)[start - first : end - first]
        return self._range(name, start, end)

    def _read_tail(self, name: str, size: int) -> bytes:
        return self._range(name, max(0, size - _TAIL), size)

    def _range(self, name: str, start: int, end: int) -> bytes:
        from obstore import get_range

        if start >= end:
            return b""
        with self._reading(name):
            return bytes(get_range(self._store, name, start=start, end=end))

    def location(self, name: str) -> str:
        return f"{SCHEME}://{name}"

    def serve(self, connection: duckdb.DuckDBPyConnection) -> None:
        from breachwatch.lake.served import lake_files

        connection.register_filesystem(lake_files(self))

    @contextmanager
    def all_read(self) -> Iterator[None]:
        before = self._faults
        try:
            yield
        except BreachwatchError:
            raise
        except Exception as error:
            if self._fault is not None and self._faults > before:
                raise self._fault from error
            raise
        if self._fault is not None and self._faults > before:
            raise self._fault

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """DuckDB makes an error of its own of what fails while it reads: `all_read` looks here."""
        try:
            with self._at(name):
                yield
        except EnvironmentFault as error:
            self._fault, self._faults = error, self._faults + 1
            raise

    @contextmanager
    def _at(self, name: str) -> Iterator[None]:
        """Errors about a name, in words."""
        try:
            with store_errors(f"{self.where}/{name}"):
                yield
        except FileNotFoundError:
            # The library's own text holds the server's whole answer.
            raise FileNotFoundError(errno.ENOENT, f"no such file in {self.where}", name) from None

    def _forget(self, name: str) -> None:
        if self._sizes.pop(name, None) is not None:
            self._tail.cache_clear()  # a file of this name was put again, which is rare


class RangeFile(io.RawIOBase):
    """A file that is read by ranges; nothing is fetched before it is read.

    Each thread has a position of its own: DuckDB's threads share a file, and each seeks before it reads.
    """

    def __init__(self, size: Callable[[], int], read: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._size = size
        self._read = read
        self._own = threading.local()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell()}
        self._own.at = offset + (base[whence] if whence in base else self._size())
        return self.tell()

    def tell(self) -> int:
        return getattr(self._own, "at", 0)

    def read(self, size: int = -1) -> bytes:
        start, end = self.tell(), self._size()
        data = self._read(start, end if size < 0 else min(end, start + size))
        self._own.at = start + len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _LocalRanges(RangeFile):
    """The copy of a file on this machine's disk, read the same way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        size = os.fstat(file.fileno()).st_size
        super().__init__(lambda: size, lambda start, end: os.pread(file.fileno(), max(0, end - start), start))

    def close(self) -> None:
        self._file.close()
        super().close()


@lru_cache(maxsize=8)
def opened(settings: LakeStore, root: Path, cache: Path) -> ObjectStorage:
    """The storage for these settings: opening one reads the certificates of the machine, a tenth of a second.

    Raises SettingsError where the address or a key file cannot be used.
    """
    store = open_store(settings.url, settings, lambda text: root / Path(text).expanduser())
    return ObjectStorage(settings.url.rstrip("/"), store, KeptFiles(cache, settings.cache_bytes))
