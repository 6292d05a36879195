"""The lake's object store as DuckDB sees it: a file system of its own, `lake://<name>`.

DuckDB's extension `httpfs` would read S3 itself, but it is no part of the Python package: it is downloaded from
DuckDB's server at run time, which a city's server may not reach, and its credentials would be another set of settings.
DuckDB also reads through any fsspec file system that is registered with a connection, by ranges, and its own lock
(`allowed_paths`) holds for such paths as for files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from fsspec import AbstractFileSystem

if TYPE_CHECKING:
    from breachwatch.lake.objects import ObjectStorage

_NEVER_CHANGED = datetime(2000, 1, 1, tzinfo=UTC)


class _LakeFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Reads what the catalog names; lists and writes nothing."""

    protocol = "lake"
    cachable = False  # fsspec would keep each instance for ever

    def __init__(self, storage: ObjectStorage) -> None:
        super().__init__()
        self._storage = storage

    def glob(self, path: str, **_: Any) -> list[str]:
        """A name is the name of one file: there are no patterns here."""
        return [path]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": self._storage.size(_name(path)), "type": "file"}

    def modified(self, _path: str) -> datetime:
        """Lake files never change."""
        return _NEVER_CHANGED

    def open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        if mode != "rb":
            msg = "lake files are read, not written"
            raise PermissionError(msg)
        return self._storage.open_for_ranges(_name(path))


def lake_files(storage: ObjectStorage) -> _LakeFiles:
    """The file system to be registered with a connection."""
    return _LakeFiles(storage)


def _name(path: str) -> str:
    return path.removeprefix("lake://")
