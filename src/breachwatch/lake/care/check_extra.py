"""What lies in the workspace and is in no catalog: leftovers of killed processes, and what nobody of ours wrote.

A process that is killed leaves a file only together with what explains it: the scratch folder of its landing or merge,
a segment that is planned, a row of `lake_retired`. What nothing explains was put there by somebody else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from breachwatch.errors import EnvironmentFault
from breachwatch.lake.care.differences import CheckReport, Kind
from breachwatch.lake.storage import storage
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

_REMOVE = "Nothing reads it. Find out who put it there; then remove it."
_NEXT_RUN = "The next run finishes or removes it; nothing reads it."
_OWN_SCRATCH = re.compile(
    r"(land|merge|lot-[a-z0-9_.-]+)-[0-9a-f]{32}|[0-9a-f]{32}\.zst\.part|spool-.*|duckdb-(?P<pid>\d+)-[0-9a-f]{8}"
)
_LOT = re.compile(r"lot-[0-9a-f]{32}")
_PORTION = 500


def check_lake_folder(ws: Workspace, report: CheckReport) -> None:
    """Tell of every file where the lake rests that the catalog does not list."""
    names = (item.name for item in storage(ws).names())
    while portion := list(islice(names, _PORTION)):
        listed = _listed(ws, portion)
        for name in portion:
            if name not in listed:
                kind, what, remedy = _explained(ws, name)
                if name not in _listed(ws, [name]):  # nor has it landed just now
                    report.tell(kind, f"lake/{name}", what, remedy)


def _listed(ws: Workspace, paths: list[str]) -> set[str]:
    column = catalog.lake_file.c.path
    with ws.database.read() as connection:
        return set(connection.execute(select(column).where(column.in_(paths))).scalars())


def _explained(ws: Workspace, path: str) -> tuple[Kind, str, str]:
    """What an uncatalogued file of the lake is."""
    retired, segment = catalog.lake_retired.c, catalog.segment.c
    stem = Path(path).stem
    with ws.database.read() as connection:
        gone = connection.execute(select(retired.why).where(retired.path == f"lake/{path}")).scalar()
        state = connection.execute(select(segment.state).where(segment.segment_id == stem)).scalar()
    if gone is not None:
        return Kind.LEFTOVER, f"{gone}: it waits to be removed", _NEXT_RUN
    if (ws.scratch / f"land-{stem}").is_dir():
        return Kind.LEFTOVER, "a landing of this segment was broken off, or is going on", _NEXT_RUN
    if _LOT.fullmatch(stem) and any(ws.scratch.glob(f"lot-*-{stem.removeprefix('lot-')}")):
        return Kind.LEFTOVER, "a landing of several segments was broken off, or is going on", _NEXT_RUN
    if (ws.scratch / f"merge-{stem.removeprefix('merged-')}").is_dir():
        return Kind.LEFTOVER, "a merge was broken off, or is going on", _NEXT_RUN
    if state == SegmentState.LANDED.value:
        what = "it carries the name of a segment that has landed, and the catalog does not list it"
        return Kind.EXTRA, what, _REMOVE
    return Kind.EXTRA, "it is not in the catalog, and no process of ours explains it", _REMOVE


def check_segment_folder(ws: Workspace, report: CheckReport) -> None:
    """Tell of everything in the folder `segments` that the catalog does not know as stored."""
    for source in _entries(ws.segments):
        if not source.is_dir(follow_symlinks=False):
            report.tell(Kind.EXTRA, f"segments/{source.name}", "it is no folder of a source", _REMOVE)
            continue
        names = [entry.name for entry in _entries(source)]
        for start in range(0, len(names), _PORTION):
            _stored(ws, report, source.name, names[start : start + _PORTION])


def _stored(ws: Workspace, report: CheckReport, source: str, names: list[str]) -> None:
    column = catalog.segment.c
    query = select(column.segment_id, column.state, column.pruned_at).where(
        column.source == source, column.segment_id.in_([name.removesuffix(".zst") for name in names])
    )
    with ws.database.read() as connection:
        known = {f"{row.segment_id}.zst": row for row in connection.execute(query)}
    for name in names:
        path = f"segments/{source}/{name}"
        row = known.get(name)
        if row is None:
            report.tell(Kind.EXTRA, path, "it is no segment that the catalog knows", _REMOVE)
        elif row.pruned_at is not None:
            report.tell(Kind.LEFTOVER, path, "pruned: it waits to be removed", _NEXT_RUN)
        elif row.state == SegmentState.PLANNED.value:
            report.tell(Kind.LEFTOVER, path, "storing it was broken off, or is going on", _NEXT_RUN)
        elif row.state == SegmentState.LOST.value:
            report.tell(Kind.EXTRA, path, "the catalog says that its bytes were lost", _REMOVE)


def check_scratch(ws: Workspace, report: CheckReport) -> None:
    """Tell of unfinished files. Those of a process that is at work are not told apart from a killed one's."""
    for entry in _entries(ws.scratch):
        known = _OWN_SCRATCH.fullmatch(entry.name)
        if known and known["pid"] and _alive(int(known["pid"])):
            continue
        what = "unfinished: its process was killed, or is at work" if known else "it lies in scratch space"
        remedy = _NEXT_RUN if known and not known["pid"] else "While nothing runs, it can be removed."
        report.tell(Kind.LEFTOVER, f"state/scratch/{entry.name}", what, remedy)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _entries(folder: Path | os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    """What a folder holds, in order of name; links are not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        msg = f"cannot look into {os.fspath(folder)}: {error.strerror}. Give the account that runs breachwatch access."
        raise EnvironmentFault(msg) from error
    yield from entries
