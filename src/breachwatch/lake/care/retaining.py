"""Retention: what is older than its period is disposed of, unless a hold or an incident that is not closed covers it.

Whole files go, each of one dataset and one day in UTC. The period counts from the end of that day, or from the landing
of the newest segment in the file where that is later: a log of long ago that was brought in for an inquiry is not gone
the same night. In doubt a file stays, and the doubt is told: no run has searched it, its bytes are not those that were
written, the clock is far ahead of the last landing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import groupby, islice

import duckdb
from sqlalchemy import func, select

from breachwatch.errors import EnvironmentFault, SettingsError, TransientError, UsageError
from breachwatch.lake.care.check_files import listed
from breachwatch.lake.care.compacting import LOCK
from breachwatch.lake.care.differences import Progress, quiet
from breachwatch.lake.care.disposing import Due, Retained, dispose
from breachwatch.lake.care.keepers import clear, keepers_of_files
from breachwatch.lake.care.retaining_bytes import retain_bytes
from breachwatch.lake.care.retired import remove_retired
from breachwatch.lake.catalog import LakeFile
from breachwatch.lake.connection import connect_bare
from breachwatch.lake.partition import UNKNOWN
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.people import Actor
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

CLOCK_MAY_LEAD = timedelta(days=31)
"""A clock that is further ahead of the last landing may be wrong, and everything would seem to be past its period."""

_PORTION = 100


def retain(
    ws: Workspace, *, by: Actor, dry_run: bool = False, sure_of_clock: bool = False, progress: Progress = quiet
) -> Retained:
    """Dispose of what is past its period; with `dry_run` tell what would be. Doing it again disposes of nothing more.

    Raises SettingsError for periods that detection needs, UsageError where the clock is in doubt, EnvironmentFault
    where a file cannot be removed (the next call goes on), BusyError while a search, a merge or another call runs.
    """
    _fits_detection(ws)
    done = Retained(dry_run)
    with ws.lock(LOCK), ws.lock("search"):
        if not dry_run:
            done.removed += remove_retired(ws).files  # what a killed call has left
        if not sure_of_clock and any(ws.settings.lake.retention.values()):
            _check_clock(ws)
        with closing(connect_bare(ws)) as duck:
            for _, day in groupby(_past(ws), key=lambda due: (due.file.dataset, due.file.date)):
                while portion := list(islice(day, _PORTION)):
                    progress("files past their period", done.files + sum(done.kept.values()), 0)
                    _portion(ws, duck, portion, done, by)
        retain_bytes(ws, done, by, progress)
        if not dry_run:
            done.removed += remove_retired(ws).files
    return done


def _portion(ws: Workspace, duck: duckdb.DuckDBPyConnection, portion: Sequence[Due], done: Retained, by: Actor) -> None:
    certain = []
    for due in portion:
        doubt = _doubt(ws, due.file)
        if doubt:
            done.keep(f"lake/{due.file.path}", doubt, doubted=True)
        else:
            certain.append(due)
    try:
        clear(ws, duck, [due.file for due in certain])
    except duckdb.Error:
        for due in certain:
            done.keep(f"lake/{due.file.path}", "a file of its day cannot be read for the names in holds", doubted=True)
        return
    with ws.database.read() as connection:
        keepers = keepers_of_files(connection, [due.file.path for due in certain])
    for due in certain:
        if due.file.path in keepers:
            done.keep(f"lake/{due.file.path}", ", ".join(keepers[due.file.path]))
    dispose(ws, [due for due in certain if due.file.path not in keepers], done, by)


def _past(ws: Workspace) -> Iterator[Due]:
    """The files whose period is over."""
    now, limits = ws.clock.now(), ws.settings.lake
    files = listed(ws)
    while portion := list(islice(files, _PORTION)):
        landed = _landed(ws, [file.path for file in portion if limits.days(file.dataset)])
        for file in portion:
            days = limits.days(file.dataset)
            if not days:
                continue
            before = now - timedelta(days=days)
            day_is_over = file.date == UNKNOWN or file.date < before.date().isoformat()
            at = landed.get(file.path)
            if day_is_over and at is not None and at < before:
                yield Due(file, days)


def _landed(ws: Workspace, paths: list[str]) -> dict[str, datetime]:
    """When the newest segment of each file landed."""
    part, segment = catalog.lake_part.c, catalog.segment.c
    query = (
        select(part.path, func.max(segment.landed_at))
        .join(catalog.segment, segment.segment_id == part.segment_id)
        .where(part.path.in_(paths))
        .group_by(part.path)
        .having(func.count() == func.count(segment.landed_at))
    )
    with ws.database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def _doubt(ws: Workspace, file: LakeFile) -> str:
    """Why a file past its period stays all the same; empty where nothing is in doubt."""
    if file.dataset != REJECTS_DATASET.name and file.scanned_at is None:
        return "no run has searched it yet"
    times = [moment.date().isoformat() for moment in (file.min_time, file.max_time) if moment is not None]
    if file.date != UNKNOWN and any(day != file.date for day in times):
        return "the catalog gives it events of other days than its own"
    try:
        found = storage(ws).sha256(file.path)
    except FileNotFoundError:
        return "it is gone, and not by retention: see `breachwatch lake check`"
    except TransientError:
        raise
    except EnvironmentFault as error:
        return f"it cannot be read: {error}"
    return "" if found == file.sha256 else "its bytes are not those that were written: see `breachwatch lake check`"


def _check_clock(ws: Workspace) -> None:
    with ws.database.read() as connection:
        last = connection.execute(select(func.max(catalog.segment.c.landed_at))).scalar()
    now = ws.clock.now()
    if last is not None and now - last > CLOCK_MAY_LEAD:
        msg = (
            f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, and nothing has landed since {last:%Y-%m-%d}. "
            "Nothing was disposed of: a wrong clock would take everything. If it is right, say --clock-is-right."
        )
        raise UsageError(msg)


def _fits_detection(ws: Workspace) -> None:
    needed = ws.settings.detect.lookback_days
    for name, days in ws.settings.lake.retention.items():
        if 0 < days < needed:
            msg = (
                f"lake.retention: {name} = {days} is less than detect.lookback_days = {needed}, which every night "
                f"reads. Keep at least {needed} days, or lower the look-back."
            )
            raise SettingsError(msg)
