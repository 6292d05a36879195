"""A dry run of one source: what it gives today, read and parsed in a workspace that is thrown away.

Nothing is stored and no checkpoint moves. Every kind of source is tried by its own collector, in a scratch workspace;
of files only the beginnings of the newest ones are read, of journals and services the last hours.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from breachwatch import collect, parse
from breachwatch.collect.paths import expand, shown
from breachwatch.collect.stream import LogFile
from breachwatch.errors import BreachwatchError
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.model.segment import Problem
from breachwatch.model.tried import Tried, TriedRecord
from breachwatch.settings import Database
from breachwatch.settings_sources import Source
from breachwatch.workspace import FOLDERS, PRIVATE_DIR, Workspace

RECORDS = 10
_FILES = 3  # so many of the newest files are looked into
_FILE_BYTES = 512 * 1024
_ALL_BYTES = 64 * 1024 * 1024
_HOURS = 24.0


def try_source(ws: Workspace, source: Source, records: int = RECORDS) -> Tried:
    """Try a source. Raises what its collector raises; what cannot be read of it is told as a problem."""
    with tempfile.TemporaryDirectory(prefix="breachwatch-dry-run-") as folder:
        dry = _scratch(ws, Path(folder))
        try:
            with _sampled(ws, source, Path(folder) / "sample") as (sample, files, problems):
                got = collect.collect(dry, sample)
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
    settings = ws.settings.model_copy(update={"database": Database(), "limits": limits})
    return _DryWorkspace(ws.root, settings, ws.clock, place)


@contextmanager
def _sampled(ws: Workspace, source: Source, folder: Path) -> Iterator[tuple[Source, tuple[str, ...], list[Problem]]]:
    """The source with less to read: the beginnings of its newest files, or its last hours."""
    if source.kind != "files":
        yield source.model_copy(update={"since_hours": min(source.since_hours, _HOURS)}), (), []
        return
    found = expand(ws, source)
    problems = list(found.problems)
    newest = sorted(found.paths, key=_modified, reverse=True)[:_FILES]
    folder.mkdir(mode=PRIVATE_DIR)
    for number, path in enumerate(newest):
        try:
            _copy_beginning(ws, path, folder / f"{number}")
        except BreachwatchError as error:
            problems.append(Problem(source.name, shown(path), str(error), lost_data=True))
    sample = source.model_copy(update={"paths": (str(folder / "*"),), "settle_seconds": 0.0})
    yield sample, tuple(shown(path) for path in newest), problems


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116 - the name may be no text
    except OSError:
        return 0.0


def _copy_beginning(ws: Workspace, path: str, target: Path) -> None:
    """The first bytes of a file, uncompressed, up to the end of a line where there is one."""
    with LogFile(path, ws.settings.limits) as file:
        stream = file.stream()
        held = bytearray()
        while len(held) <= _FILE_BYTES and (piece := stream.read()):
            held += piece
        if len(held) > _FILE_BYTES:
            end = held.rfind(b"\n", 0, _FILE_BYTES) + 1
            del held[end or _FILE_BYTES :]
        target.write_bytes(held)
        os.utime(target, ns=(file.look.mtime_ns, file.look.mtime_ns))


def _told(
    dry: Workspace,
    source: Source,
    got: Any,
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
