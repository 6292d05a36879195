"""Where the files of the lake rest: a folder of the workspace, or an object store (`[lake.store]`).

A file is whole or not there, and is never changed: it is written in scratch space, put under its name, and only then
entered in the catalog. What a killed run has put and not entered is seen by nobody; landing again replaces or removes
it.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import duckdb

from breachwatch import durable
from breachwatch.errors import EnvironmentFault
from breachwatch.lake.faults import faults_at
from breachwatch.workspace import PRIVATE_DIR, Workspace


@dataclass(frozen=True, slots=True)
class Resting:
    """A file that rests in the lake's storage, catalogued or not. `modified_at` is aware UTC."""

    name: str
    bytes: int
    modified_at: datetime


class Storage(Protocol):
    """A place of lake files. Names are relative to the lake, with /, as `lake_file.path` has them.

    All methods raise EnvironmentFault (also a TransientError where trying again may help) when the place refuses, and
    FileNotFoundError for a name that is not there where they read one.
    """

    @property
    def where(self) -> str:
        """The place in a person's words: a folder, or the store's address."""

    def put(self, finished: Mapping[str, Path]) -> None:
        """Take finished files (name -> local file, synced) over; they last when this returns, each whole.

        A file that a killed attempt left under a name is replaced. The local files may be gone afterwards.
        """

    def names(self, below: str = "") -> Iterator[Resting]:
        """What rests there, in no order; `below` narrows it to one folder, like `linux.auth/date=2026-11-22`."""

    def missing(self, names: Iterable[str]) -> set[str]:
        """Those of some names under which nothing rests."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are gone already do no harm."""

    def sha256(self, name: str) -> str:
        """The SHA-256 of what rests there now, read in pieces."""

    def open(self, name: str) -> BinaryIO:
        """The file for reading, with seek; only what is read is fetched."""

    def location(self, name: str) -> str:
        """What DuckDB's read_parquet is given, in a connection that this storage `serves`."""

    def serve(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Have a connection understand locations."""

    def all_read(self) -> AbstractContextManager[None]:
        """Raise the fault of this place where a read in the block failed, whatever DuckDB made of it."""


class LocalStorage:
    """A folder on a disk, as all workspaces have one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def where(self) -> str:
        return str(self.folder)

    def put(self, finished: Mapping[str, Path]) -> None:
        """Rename the files into the lake and make the renames last; they must be on the same file system."""
        days = {move_in(file, self.folder / name) for name, file in finished.items()}
        for day in sorted(days):
            _sync_folder(day)
        for upper in sorted({day.parent for day in days}):
            _sync_folder(upper)
        if days:
            _sync_folder(self.folder)

    def names(self, below: str = "") -> Iterator[Resting]:
        for folder, _, files in os.walk(self.folder / below, onerror=_raised):
            for file in files:
                path = Path(folder) / file
                known = path.lstat()
                at = datetime.fromtimestamp(known.st_mtime, UTC)
                yield Resting(path.relative_to(self.folder).as_posix(), known.st_size, at)

    def missing(self, names: Iterable[str]) -> set[str]:
        return {name for name in names if not (self.folder / name).is_file()}

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            with faults_at(self.folder / name):
                (self.folder / name).unlink(missing_ok=True)

    def sha256(self, name: str) -> str:
        with self._open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def open(self, name: str) -> BinaryIO:
        return self._open(name)

    def _open(self, name: str) -> io.BufferedReader:
        path = self.folder / name
        try:
            return path.open("rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            msg = f"cannot read {path}: {error.strerror}. Check that disk and who may read there."
            raise EnvironmentFault(msg) from error

    def location(self, name: str) -> str:
        return str(self.folder / name)

    def serve(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Nothing to do: DuckDB reads files."""

    def all_read(self) -> AbstractContextManager[None]:
        """Nothing to do: DuckDB's own words about a file on a disk say what is wrong."""
        return nullcontext()


def storage(ws: Workspace) -> Storage:
    """Where the lake of a workspace rests. Raises SettingsError for a store that cannot be opened so."""
    if ws.settings.lake.store is None:
        return LocalStorage(ws.lake)
    from breachwatch.lake.objects import opened

    return opened(ws.settings.lake.store, ws.root, ws.state / "lake-cache")


def all_read(ws: Workspace) -> AbstractContextManager[None]:
    """A block at whose end the fault is raised that kept a query in it from reading the lake.

    Around work that takes errors of DuckDB for errors of a query: of a store that does not answer, DuckDB tells it
    nothing else. Raises EnvironmentFault, also a TransientError where trying again may help.
    """
    return storage(ws).all_read()


def move_in(file: Path, target: Path) -> Path:
    """Rename a finished file into the lake, replacing what a killed attempt left there; returns its folder."""
    with faults_at(target):
        target.parent.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        file.replace(target)
    return target.parent


def _sync_folder(folder: Path) -> None:
    with faults_at(folder):
        durable.sync_folder(folder)


def _raised(error: OSError) -> None:
    """A folder that is not there holds nothing; one that cannot be read must not look empty."""
    if not isinstance(error, FileNotFoundError):
        msg = f"cannot read {error.filename}: {error.strerror}. Check that disk and who may read there."
        raise EnvironmentFault(msg) from error
