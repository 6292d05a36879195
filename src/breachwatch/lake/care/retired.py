"""Files that the catalog no longer lists: removed from where they rest once nobody can be reading them.

A file leaves the catalog in the transaction that says why (merged, pruned); only then its bytes go. A process that is
killed in between leaves a row of `lake_retired`, and the next one removes what it names. Merged files stay for a while:
whoever asked the catalog before the merge, a notebook for instance, still reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, insert, select

from breachwatch.errors import EnvironmentFault
from breachwatch.lake.storage import storage
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

MERGED, PRUNED = "merged", "pruned"
GRACE = timedelta(hours=12)
"""How long merged files stay for readers that began before the merge."""

_LAKE, _SEGMENTS = "lake/", "segments/"
_PORTION = 200


@dataclass(frozen=True, slots=True)
class Removed:
    """How many files were removed, and their bytes."""

    files: int = 0
    bytes: int = 0


def retire(connection: Connection, files: Iterable[tuple[str, int]], at: datetime, why: str) -> None:
    """Note files, given as (path relative to the workspace, bytes), that their catalog rows have just left."""
    rows = [{"path": path, "bytes": size, "retired_at": at, "why": why} for path, size in files]
    if rows:
        connection.execute(insert(catalog.lake_retired), rows)


def remove_retired(ws: Workspace) -> Removed:
    """Remove what retired; merged files only after GRACE. Raises EnvironmentFault where one cannot be removed."""
    column = catalog.lake_retired.c
    too_young = (column.why == MERGED) & (column.retired_at > ws.clock.now() - GRACE)
    query = select(column.path, column.bytes).where(~too_young).order_by(column.path).limit(_PORTION)
    files = size = 0
    while True:
        with ws.database.read() as connection:
            rows = connection.execute(query).all()
            listed = set(connection.execute(_listed(row.path for row in rows)).scalars())
        for row in rows:
            if row.path not in listed:
                _remove(ws, row.path)
        with ws.database.write() as connection:
            connection.execute(delete(catalog.lake_retired).where(column.path.in_([row.path for row in rows])))
        files, size = files + len(rows), size + sum(row.bytes for row in rows)
        if len(rows) < _PORTION:
            return Removed(files, size)


def _listed(paths: Iterable[str]) -> Select[tuple[str]]:
    """Which of the paths the catalog lists all the same: such a file is never removed."""
    column = (_LAKE + catalog.lake_file.c.path).label("path")
    return select(column).where(catalog.lake_file.c.path.in_([path.removeprefix(_LAKE) for path in paths]))


def _remove(ws: Workspace, path: str) -> None:
    if path.startswith(_LAKE):
        storage(ws).remove([path.removeprefix(_LAKE)])
        return
    place = ws.segments / path.removeprefix(_SEGMENTS)
    if not path.startswith(_SEGMENTS) or ".." in place.parts:
        msg = f"the records name {path!r} as a file to remove, which is none of the lake or of segments. It stays."
        raise EnvironmentFault(msg)
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        msg = f"cannot remove {place}: {error.strerror}. Give the account that runs breachwatch write access."
        raise EnvironmentFault(msg) from error
