"""The one place that opens DuckDB over the lake: in memory, with a view for each dataset over its catalogued files."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, overload

import duckdb

from breachwatch.errors import DataError
from breachwatch.lake import sql
from breachwatch.lake.authentication import ALWAYS_THERE, authentication_view
from breachwatch.lake.catalog import LakeFile, files
from breachwatch.lake.partition import time_column
from breachwatch.lake.places import LOCATED, located
from breachwatch.lake.reading import ReadingConnection
from breachwatch.lake.shapes import Stored, dataset_select, stored
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET, Dataset
from breachwatch.settings import GeoIP
from breachwatch.workspace import Workspace

MEMORY = "25%"
"""Of the machine's (or container's) memory; beyond it DuckDB uses temporary files in the workspace.

A night's copy of the lake grows with the night. Spilling costs a search about a fifth of its time, so there is no
reason to take more from a server that does other work too.
"""

SLACK = timedelta(minutes=1)
"""How far around a time range files are read: the view `authentication` looks at neighbouring records."""

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # Nothing is ever fetched from a network, and SQL sees no variable of the program that runs it.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}


@overload
def connect(
    ws: Workspace,
    *,
    locked_down: Literal[False] = False,
    since: datetime | None = None,
    until: datetime | None = None,
    over: Sequence[LakeFile] | None = None,
    empty_views: bool = True,
) -> duckdb.DuckDBPyConnection: ...
@overload
def connect(
    ws: Workspace,
    *,
    locked_down: Literal[True],
    since: datetime | None = None,
    until: datetime | None = None,
    over: Sequence[LakeFile] | None = None,
    empty_views: bool = True,
) -> ReadingConnection: ...
def connect(
    ws: Workspace,
    *,
    locked_down: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    over: Sequence[LakeFile] | None = None,
    empty_views: bool = True,
) -> duckdb.DuckDBPyConnection | ReadingConnection:
    """An in-memory DuckDB over the lake as the catalog lists it now; close it after use.

    Views: one a dataset (`linux_auth` for `linux.auth`; empty but typed where there are no files), `rejects`, and
    `authentication`. Files that land later do not appear. Times are TIMESTAMP in UTC.

    With `since` and `until` (aware, [since, until)) only files that may hold events of that time are read; the views
    are not cut to it. `over` names the files themselves, as `files_around` gives them. Each mention of a view in a
    query costs some 40 microseconds a file before a row is read, so give a range where many queries follow. Without
    `empty_views` the datasets that have no files have no views: each costs three milliseconds, and there are many.

    `locked_down` is for SQL that a person types: it reads the lake and nothing else. Only catalogued files can be
    opened, no extension loaded, no setting changed, nothing written; see ReadingConnection.

    Raises DataError when a catalogued file is gone, UsageError for a time without a zone.
    """
    listed = _located_files(ws, files_around(ws, since, until) if over is None else over)
    connection = connect_bare(ws)
    try:
        _make_views(ws, connection, listed, empty=empty_views)
        if not locked_down:
            return connection
        _lock_down(connection, listed)
    except BaseException:
        connection.close()
        raise
    return ReadingConnection(connection)


def connect_bare(ws: Workspace) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB as `connect` gives it, without the views (they cost 0.2 s): for SELECTs made here."""
    connection = duckdb.connect(config=CONFIG)
    # A folder of its own: two connections would write the same temporary file names.
    spill = ws.scratch / f"duckdb-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = {sql.text(MEMORY)}")
    connection.execute(f"SET temp_directory = {sql.text(str(spill))}")
    storage(ws).serve(connection)
    return connection


def _lock_down(connection: duckdb.DuckDBPyConnection, listed: Mapping[str, Sequence[Stored]]) -> None:
    paths = [file.place for group in listed.values() for file in group]
    connection.execute(f"SET allowed_paths = {sql.text_list(paths)}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def select_between(ws: Workspace, dataset: Dataset, since: datetime | None, until: datetime | None) -> str:
    """The SELECT of a dataset's events of [since, until) (aware; None: no bound), from the files that may hold some.

    Raises DataError when a catalogued file is gone, UsageError for a time without a zone.
    """
    select = dataset_select(dataset, listed_files(ws, since, until, dataset.name).get(dataset.name, ()))
    column = sql.name(time_column(dataset.name))
    bounds = [f"{column} >= {sql.moment(since)}"] if since is not None else []
    bounds += [f"{column} < {sql.moment(until)}"] if until is not None else []
    return f"SELECT * FROM ({select}) WHERE {' AND '.join(bounds)}" if bounds else select


def select_segments(ws: Workspace, dataset: Dataset, segment_ids: Collection[str]) -> str:
    """The SELECT of a dataset's events (or rejects) that came from these segments, from their files alone.

    Raises DataError when a catalogued file is gone.
    """
    listed = listed_files(ws, dataset=dataset.name, segment_ids=segment_ids)
    select = dataset_select(dataset, listed.get(dataset.name, ()))
    # A merged file holds the events of other segments, too.
    return f"SELECT * FROM ({select}) WHERE segment_id IN (SELECT unnest({sql.text_list(sorted(segment_ids))}))"


def listed_files(
    ws: Workspace,
    since: datetime | None = None,
    until: datetime | None = None,
    dataset: str | None = None,
    segment_ids: Collection[str] | None = None,
) -> dict[str, list[Stored]]:
    """The files that may hold events of [since, until), by dataset. Raises DataError for one that is gone."""
    return _located_files(ws, files_around(ws, since, until, dataset, segment_ids))


def files_around(
    ws: Workspace,
    since: datetime | None = None,
    until: datetime | None = None,
    dataset: str | None = None,
    segment_ids: Collection[str] | None = None,
) -> tuple[LakeFile, ...]:
    """The files that are read for events of [since, until) (aware), as the catalog lists them now."""
    since = since - SLACK if since is not None else None
    until = until + SLACK if until is not None else None
    return files(ws, dataset, since=since, until=until, segment_ids=segment_ids)


def _located_files(ws: Workspace, chosen: Sequence[LakeFile]) -> dict[str, list[Stored]]:
    rests = storage(ws)
    gone = rests.missing(file.path for file in chosen)
    for file in chosen:
        if file.path in gone:
            msg = (
                f"the lake file {file.path} is in the catalog but not in {rests.where}. Restore it from a backup "
                f"(SHA-256 {file.sha256}); `breachwatch lake check` tells what else is gone."
            )
            raise DataError(msg)
    found: dict[str, list[Stored]] = {}
    places = stored(ws, ((file.dataset, file.path, file.shape) for file in chosen))
    for file, place in zip(chosen, places, strict=True):
        found.setdefault(file.dataset, []).append(place)
    return found


def _make_views(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, listed: Mapping[str, Sequence[Stored]], *, empty: bool
) -> None:
    for dataset in (*DATASETS.values(), REJECTS_DATASET):
        if empty or dataset.name in listed or dataset.name == ALWAYS_THERE:
            connection.execute(dataset_view(dataset, listed.get(dataset.name, ())))
    filled = frozenset(listed)
    places = ws.settings.geoip != GeoIP()
    view = authentication_view(filled, ws.settings, places=places)
    if places:
        _locate(ws, connection, [item for item in DATASETS.values() if item.name in filled and item.view in view])
    connection.execute(view)


def _locate(ws: Workspace, connection: duckdb.DuckDBPyConnection, datasets: Sequence[Dataset]) -> None:
    """The table of where the addresses in these datasets are; each distinct address is looked up once."""
    asked = " UNION ".join(
        ["SELECT NULL AS source_ip", *(f"SELECT source_ip FROM {sql.name(item.view)}" for item in datasets)]
    )
    rows = connection.execute(f"SELECT source_ip FROM ({asked}) WHERE source_ip IS NOT NULL ORDER BY ALL").fetchall()
    # What cannot be read is told by the rules that need it: everything else works on without places.
    table, _ = located(ws.settings.geoip, ws.root, (address for (address,) in rows))
    connection.register("located_now", table)
    connection.execute(f"CREATE TABLE {LOCATED} AS SELECT * FROM located_now")
    connection.unregister("located_now")


def dataset_view(dataset: Dataset, files: Sequence[Path | Stored]) -> str:
    """The statement that makes a dataset's view over exactly these files."""
    return f"CREATE VIEW {sql.name(dataset.view)} AS {dataset_select(dataset, files)}"
