"""A dry run of one source: what it gives today, read and parsed in a workspace that is thrown away.

Nothing is stored and no checkpoint moves. Every kind of source is tried by its own collector, in a scratch workspace;
of files only the beginnings of the newest ones are read, of journals and services the last hours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from breachwatch import collect, parse
from breachwatch.collect import sampling
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.segment import Collected, Problem
from breachwatch.model.tried import Tried, TriedRecord
from breachwatch.settings import Database
from breachwatch.settings_lake import Lake
from breachwatch.settings_sources import Source
from breachwatch.workspace import FOLDERS, PRIVATE_DIR, Workspace

RECORDS = 10
_ALL_BYTES = 64 * 1024 * 1024
_HOURS = 24.0


def try_source(ws: Workspace, source: Source, records: int = RECORDS) -> Tried:
    """Try a source. Raises what its collector raises; what cannot be read of it is told as a problem."""
    with tempfile.TemporaryDirectory(prefix="breachwatch-dry-run-") as folder:
        dry = _scratch(ws, Path(folder))
        try:
            got, files, problems = _collected(dry, source, Path(folder) / "sample")
            return _told(dry, source, got, files, problems, records)
        finally:
            if "database" in dry.__dict__:
                dry.database.engine.dispose()


@dataclass(frozen=True)
class _DryWorkspace(Workspace):
    """Reads settings, paths and secrets of the real workspace, and keeps everything else in a folder of its own."""

    place: Path

    @property
    def segments(self) -> Path:
        return self.place / "segments"

    @property
    def lake(self) -> Path:
        return self.place / "lake"

    @property
    def vault(self) -> Path:
        return self.place / "vault"

    @property
    def state(self) -> Path:
        return self.place / "state"

    @property
    def scratch(self) -> Path:
        return self.place / "state" / "scratch"


def _scratch(ws: Workspace, place: Path) -> _DryWorkspace:
    for name in FOLDERS:
        (place / name).mkdir(mode=PRIVATE_DIR, parents=True)
    limits = ws.settings.limits
    limits = limits.model_copy(update={"expanded_bytes": min(limits.expanded_bytes, _ALL_BYTES)})
    settings = ws.settings.model_copy(update={"database": Database(), "lake": Lake(), "limits": limits})
    return _DryWorkspace(ws.root, settings, ws.clock, place)


def _collected(dry: Workspace, source: Source, folder: Path) -> tuple[Collected, tuple[str, ...], list[Problem]]:
    """What the source gives when it has less to read: the beginnings of its newest files, or its last hours."""
    if source.kind not in sampling.KINDS:
        hours = min(source.since_hours, _HOURS)
        return collect.collect(dry, source.model_copy(update={"since_hours": hours})), (), []
    files, problems = sampling.copy_beginnings(dry, source, folder)
    if not files:
        return Collected(source.name, (), 0, 0, ()), (), problems
    here = {"kind": "files", "paths": (str(folder / "*"),), "settle_seconds": 0.0, "ssh": None, "objects": None}
    return collect.collect(dry, source.model_copy(update=here)), files, problems


def _told(
    dry: Workspace,
    source: Source,
    got: Collected,
    files: tuple[str, ...],
    problems: list[Problem],
    most: int,
) -> Tried:
    formats: dict[str, None] = {}
    paths: dict[str, None] = dict.fromkeys(files)
    found: list[tuple[int, int, TriedRecord]] = []
    rows = rejected = 0
    for number, segment_id in enumerate(got.segment_ids):
        segment = collect.segment(dry, segment_id)
        formats[segment.format] = None
        if not files:
            paths[segment.path] = None
        with collect.open_segment(dry, segment) as data:
            for batch in parse.parse(segment, data, dry.settings.limits):
                is_reject = batch.dataset == REJECTS_DATASET.name
                rejected += batch.table.num_rows if is_reject else 0
                rows += 0 if is_reject else batch.table.num_rows
                first = batch.table.slice(0, most).to_pylist()
                found += [(number, row["record_number"], _record(batch.dataset, row)) for row in first]
    found.sort(key=lambda item: item[:2])
    every = [item for *_, item in found]
    told = [item for item in got.problems if not files or not item.where.startswith(tempfile.gettempdir())]
    return Tried(
        source=source.name,
        kind=source.kind,
        formats=tuple(formats),
        files=tuple(paths),
        records=tuple(item for item in every if not item.reason)[:most],
        rejects=tuple(item for item in every if item.reason)[:most],
        rows=rows,
        rejected=rejected,
        problems=(*problems, *told, *_of_samples(source, files, got.problems)),
    )


def _of_samples(source: Source, files: tuple[str, ...], problems: tuple[Problem, ...]) -> Iterator[Problem]:
    """Problems of the copies, told of the files that they are copies of."""
    for item in problems:
        name = Path(item.where).name
        if files and item.where.startswith(tempfile.gettempdir()) and name.isdecimal() and int(name) < len(files):
            yield Problem(source.name, files[int(name)], item.what, item.lost_data)


def _record(dataset: str, row: dict[str, Any]) -> TriedRecord:
    if dataset == REJECTS_DATASET.name:
        raw = bytes(row["raw"][:200]).decode("utf-8", "backslashreplace")
        return TriedRecord(None, dataset, "", "", raw, row["reason"])
    time = row["time"].replace(tzinfo=UTC) if row["time"] else None
    who = " from ".join(str(row[name]) for name in ("user", "source_ip") if row[name])
    did = " ".join(str(row[name]) for name in ("action", "outcome") if row[name])
    return TriedRecord(time, dataset, row["host"] or "", who, did or (row["message"] or "")[:200])
