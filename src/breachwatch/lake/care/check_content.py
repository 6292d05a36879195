"""What lake files hold, against what the catalog says of it. Only asked of files whose hash is right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import duckdb
from sqlalchemy import select

from breachwatch.lake import sql
from breachwatch.lake.care.differences import CheckReport, Kind
from breachwatch.lake.catalog import LakeFile
from breachwatch.lake.connection import connect_bare
from breachwatch.lake.partition import time_column
from breachwatch.lake.storage import storage
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

_CATALOG = "The file is as it was written, so the catalog was changed: restore the records database from a backup."
_TWICE = "Keep everything as it is and report it: ingestion promises that this cannot happen."


class Content:
    """Counts rows, times and ids in files by DuckDB, whose memory is bounded; use it as a context manager."""

    def __init__(self, ws: Workspace, report: CheckReport) -> None:
        self._ws = ws
        self._report = report
        self._storage = storage(ws)

    def __enter__(self) -> Self:
        self._connection = connect_bare(self._ws)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def fits(self, file: LakeFile) -> bool:
        """Whether rows and times of each segment in a file are what the catalog says; tells where they are not."""
        said = self._said(file.path)
        column = sql.name(time_column(file.dataset))
        query = f"SELECT segment_id, count(*), min({column}), max({column}) FROM {self._read([file])} GROUP BY ALL"
        found = {row[0]: row[1:] for row in self._rows(query, [file])}
        if not found and file.rows:
            return False
        if {name: row[0] for name, row in found.items()} != {name: row[0] for name, row in said.items()}:
            what = "it holds other segments, or other numbers of their rows, than the catalog says"
            self._tell(Kind.ROWS, f"lake/{file.path}", what, _CATALOG, [file])
            return False
        # A time that no calendar names has no counterpart in the catalog.
        times = ((said[name][1:], row[1:]) for name, row in found.items())
        if any(None not in (*mine, *theirs) and mine != theirs for mine, theirs in times):
            what = "its first or last event has another time than the catalog says"
            self._tell(Kind.TIMES, f"lake/{file.path}", what, _CATALOG, [file])
            return False
        return True

    def tell_twice(self, files: Sequence[LakeFile]) -> None:
        """Tell whether an event of one dataset and day is in these files more than once."""
        if not files:
            return
        query = f"SELECT count(*) FROM (SELECT event_id FROM {self._read(files)} GROUP BY event_id HAVING count(*) > 1)"
        for (count,) in self._rows(query, files):
            if count:
                where = f"lake/{files[0].dataset}/date={files[0].date}"
                self._tell(Kind.TWICE, where, f"{count} events are there more than once", _TWICE, files)

    def _read(self, files: Sequence[LakeFile]) -> str:
        places = sql.text_list(self._storage.location(file.path) for file in files)
        return f"read_parquet({places}, hive_partitioning = false)"

    def _rows(self, query: str, files: Sequence[LakeFile]) -> list[Any]:
        try:
            with self._storage.all_read():
                return self._connection.execute(query).fetchall()
        except duckdb.Error:
            for file in files:
                what = "DuckDB cannot read it, or another file of its day"
                self._tell(Kind.UNREADABLE, f"lake/{file.path}", what, "Run the check again.", [file])
            return []

    def _said(self, path: str) -> dict[str, tuple[int, datetime | None, datetime | None]]:
        query = select(catalog.lake_part).where(catalog.lake_part.c.path == path)
        with self._ws.database.read() as connection:
            return {
                row.segment_id: (row.rows, _naive(row.min_time), _naive(row.max_time))
                for row in connection.execute(query)
            }

    def _tell(self, kind: Kind, path: str, what: str, remedy: str, files: Sequence[LakeFile]) -> None:
        """Tell, unless one of the files was replaced by a merge or removed by retention meanwhile."""
        column = catalog.lake_file.c.path
        with self._ws.database.read() as connection:
            for file in files:
                if connection.execute(select(column).where(column == file.path)).first() is None:
                    return
        self._report.tell(kind, path, what, remedy)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=None) if moment is not None else None
