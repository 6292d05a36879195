"""Segments of one source that land together, and what a killed landing of theirs leaves behind.

Many small logs would become many small files, each with a transaction: together they become one file a dataset and
day, and one transaction. The files of a lot carry a name of its own, made of the segments in it, so that landing the
same segments in other company never writes over them. Its scratch folder names the source: whoever holds that source
next removes what a killed landing put into the lake and did not enter in the catalog.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from breachwatch.errors import DataError
from breachwatch.lake.faults import faults_at
from breachwatch.lake.storage import storage
from breachwatch.model.segment import Segment
from breachwatch.records import catalog
from breachwatch.workspace import Workspace


class ApartError(DataError):
    """Segments that cannot land together; each can by itself."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Segments of one source in the order in which they count: of a record that several hold, the first one's lands."""

    segments: tuple[Segment, ...]

    @property
    def source(self) -> str:
        return self.segments[0].source

    @property
    def ids(self) -> list[str]:
        return [segment.segment_id for segment in self.segments]

    @property
    def stem(self) -> str:
        """The name of its lake files: the segment's id, or one that the same segments always have."""
        if len(self.segments) == 1:
            return self.segments[0].segment_id
        return f"lot-{self._digest}"

    def folder(self, ws: Workspace) -> Path:
        """Where its files are written before they are put into the lake."""
        if len(self.segments) == 1:
            return ws.scratch / f"land-{self.stem}"
        return ws.scratch / f"lot-{self.source}-{self._digest}"

    @property
    def _digest(self) -> str:
        return hashlib.sha256("\0".join(["lot", *self.ids]).encode()).hexdigest()[:32]


def sweep_broken_off(ws: Workspace, source: str, segment_ids: Sequence[str]) -> bool:
    """Remove what landings left that were broken off: of lots of a source, and of these segments of it by themselves.

    Tells whether there were any. Call it while nobody else lands segments of that source. Raises EnvironmentFault.
    """
    lot = re.compile(re.escape(f"lot-{source}-") + "([0-9a-f]{32})")
    alone = {f"land-{segment_id}": segment_id for segment_id in segment_ids}
    broken_off: dict[str, Path] = {}
    for folder in ws.scratch.glob("l*-*"):
        if match := lot.fullmatch(folder.name):
            broken_off[f"lot-{match[1]}"] = folder
        elif folder.name in alone:
            broken_off[alone[folder.name]] = folder
    if broken_off:
        remove_unlisted(ws, list(broken_off))
    for folder in broken_off.values():
        remove_folder(folder)
    return bool(broken_off)


def remove_unlisted(ws: Workspace, stems: list[str]) -> None:
    """Remove lake files of these names that the catalog does not list. Raises EnvironmentFault."""
    lake, column = storage(ws), catalog.lake_file.c.path
    ends = tuple(f"/{stem}.parquet" for stem in stems)
    found = [item.name for item in lake.names() if item.name.endswith(ends)]
    with ws.database.read() as connection:
        strays = [path for path in found if connection.execute(select(column).where(column == path)).first() is None]
    lake.remove(strays)


def remove_folder(folder: Path) -> None:
    """Remove a scratch folder, whatever a killed landing left in it. Raises EnvironmentFault."""
    with faults_at(folder):
        if folder.exists():
            shutil.rmtree(folder)
