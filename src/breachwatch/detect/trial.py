"""A lake for a moment: log lines parsed and landed in a workspace that is thrown away, to try rules on."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from sqlalchemy import insert

from breachwatch import lake, parse
from breachwatch.clock import FixedClock
from breachwatch.model.segment import Landed, Segment, SegmentState, make_segment_id
from breachwatch.records import catalog
from breachwatch.settings import Settings
from breachwatch.workspace import FOLDERS, PRIVATE_DIR, Workspace

AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)
"""An `until` that leaves nothing out."""


@dataclass(frozen=True)
class TrialLog:
    """The bytes of one log and what a source's settings would say of it."""

    name: str
    format: str
    data: bytes
    host: str = ""
    time_zone: str = "UTC"
    file_time: datetime = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


class Trials:
    """Makes one empty workspace after the other; the records database is made once and copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def workspace(self, settings: Settings) -> Workspace:
        """A fresh workspace with an empty lake."""
        self._made += 1
        root = self.folder / f"{self._made:04d}"
        for name in FOLDERS:
            (root / name).mkdir(mode=PRIVATE_DIR, parents=True)
        blank = self.folder / "records.db"
        if blank.exists():
            shutil.copyfile(blank, root / "state" / "records.db")
        made = Workspace(root, settings, FixedClock(AFTER_ALL))
        if not blank.exists():
            made.database.engine.dispose()
            shutil.copyfile(root / "state" / "records.db", blank)
        return made

    def drop(self, made: Workspace) -> None:
        """Delete a workspace that was made here."""
        made.database.engine.dispose()
        shutil.rmtree(made.root)


@contextmanager
def trials() -> Iterator[Trials]:
    """Room for trials, deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="breachwatch-trial-") as folder:
        yield Trials(Path(folder))


def land(ws: Workspace, log: TrialLog) -> Landed:
    """Parse and land one log whole. Raises what parsing and landing raise."""
    digest = hashlib.sha256(f"{log.name}\0".encode() + log.data).hexdigest()
    segment = Segment(
        segment_id=make_segment_id(log.name, digest[:32], 0, len(log.data)),
        source=log.name,
        file_id=digest[:32],
        path=log.name,
        format=log.format,
        start=0,
        end=len(log.data),
        first_record=1,
        modified_at=log.file_time,
        planned_at=log.file_time,
        time_zone=log.time_zone,
        host=log.host,
        after=0,
        state=SegmentState.STORED,
        sha256=hashlib.sha256(log.data).hexdigest(),
    )
    _enter(ws, segment)
    return lake.land(ws, segment, parse.parse(segment, BytesIO(log.data), ws.settings.limits))


def _enter(ws: Workspace, segment: Segment) -> None:
    columns = [column.name for column in catalog.segment.columns]
    row = {name: getattr(segment, name) for name in columns if hasattr(segment, name)}
    with ws.database.write() as connection:
        connection.execute(
            insert(catalog.log_file).values(
                file_id=segment.file_id,
                source=segment.source,
                path=segment.path,
                format=segment.format,
                identity_bytes=0,
                identity_sha256="",
                end=segment.end,
                records=0,
            )
        )
        connection.execute(insert(catalog.segment).values(**{**row, "state": segment.state.value}))
