"""What the lake uses: files, rows, bytes and growth of each dataset, and what else lies in the workspace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Integer, case, cast, func, select

from breachwatch.lake.care.forecast import Forecast, Growth, forecast
from breachwatch.lake.partition import UNKNOWN
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

BASIS_DAYS = 28
"""Growth is what the events of so many days before today take, or of fewer where the lake is younger."""


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """What one dataset uses. Times are aware UTC; `days` is its period of retention, 0: for ever.

    `bytes_per_day` and `rows_per_day` are means over the `basis_days` before today; None where there are none.
    """

    dataset: str
    files: int
    small_files: int
    rows: int
    bytes: int
    first_event: datetime | None
    last_event: datetime | None
    basis_days: int
    rows_per_day: int | None
    bytes_per_day: int | None
    days: int


@dataclass(frozen=True, slots=True)
class LakeUse:
    """What the workspace uses, in bytes. `retired_bytes` wait to be removed; `disk_*` are of the workspace's disk."""

    where: str
    datasets: tuple[DatasetUse, ...]
    lake_bytes: int
    segment_files: int
    segment_bytes: int
    vault_bytes: int
    other_bytes: int
    retired_bytes: int
    disk_total: int
    disk_free: int
    quota_bytes: int
    forecast: Forecast


def statistics(ws: Workspace) -> LakeUse:
    """Count from the catalog, and measure the folders; no lake file is opened."""
    from breachwatch.lake.storage import storage

    today = ws.clock.now().astimezone(UTC).date()
    by_day = _by_day(ws)
    used = tuple(_use(ws, name, days, today) for name, days in sorted(by_day.items()))
    segment_files, segment_bytes = _measured(ws.segments)
    lake_bytes = sum(item.bytes for item in used)
    with ws.database.read() as connection:
        retired = connection.execute(select(func.coalesce(func.sum(catalog.lake_retired.c.bytes), 0))).scalar_one()
    disk = shutil.disk_usage(ws.root)
    elsewhere = ws.settings.lake.store is not None
    _, vault_bytes = _measured(ws.vault)
    _, other_bytes = _measured(ws.state)
    on_disk = segment_bytes + vault_bytes + other_bytes + (0 if elsewhere else lake_bytes + int(retired))
    growths = [
        Growth(item.bytes_per_day or 0, item.days, {day: row.bytes for day, row in by_day[item.dataset].items()})
        for item in used
    ]
    return LakeUse(
        where=storage(ws).where,
        datasets=used,
        lake_bytes=lake_bytes,
        segment_files=segment_files,
        segment_bytes=segment_bytes,
        vault_bytes=vault_bytes,
        other_bytes=other_bytes,
        retired_bytes=int(retired),
        disk_total=disk.total,
        disk_free=disk.free,
        quota_bytes=ws.settings.lake.quota_bytes,
        forecast=forecast(
            today,
            growths,
            basis_days=max((item.basis_days for item in used), default=0),
            segment_ratio=segment_bytes / lake_bytes if lake_bytes else 0.0,
            segment_days=ws.settings.lake.segment_days,
            # Without a quota the disk is the limit: what grows elsewhere does not count.
            lake_counts=bool(ws.settings.lake.quota_bytes) or not elsewhere,
            room=_room(ws, on_disk + (lake_bytes if elsewhere else 0), disk.free),
            limit="quota" if ws.settings.lake.quota_bytes else "disk",
        ),
    )


def _room(ws: Workspace, used: int, free: int) -> int:
    quota = ws.settings.lake.quota_bytes
    return quota - used if quota else free


@dataclass(frozen=True, slots=True)
class _Day:
    files: int
    small: int
    rows: int
    bytes: int
    first: datetime | None
    last: datetime | None


def _by_day(ws: Workspace) -> dict[str, dict[str, _Day]]:
    """Sums of each dataset and day."""
    file = catalog.lake_file.c
    small = case((file.bytes < ws.settings.lake.small_file_bytes, 1), else_=0)
    query = select(
        file.dataset,
        file.date,
        func.count(),
        cast(func.sum(small), Integer),
        func.sum(file.rows),
        func.sum(file.bytes),
        func.min(file.min_time),
        func.max(file.max_time),
    ).group_by(file.dataset, file.date)
    found: dict[str, dict[str, _Day]] = {}
    with ws.database.read() as connection:
        for dataset, day, files, few, rows, size, first, last in connection.execute(query):
            found.setdefault(dataset, {})[day] = _Day(files, int(few), int(rows), int(size), first, last)
    return found


def _use(ws: Workspace, name: str, days: dict[str, _Day], today: date) -> DatasetUse:
    recent, basis = _recent(sorted(days), today)
    return DatasetUse(
        dataset=name,
        files=sum(day.files for day in days.values()),
        small_files=sum(day.small for day in days.values()),
        rows=sum(day.rows for day in days.values()),
        bytes=sum(day.bytes for day in days.values()),
        first_event=min((day.first for day in days.values() if day.first), default=None),
        last_event=max((day.last for day in days.values() if day.last), default=None),
        basis_days=basis,
        rows_per_day=round(sum(days[day].rows for day in recent) / basis) if basis else None,
        bytes_per_day=round(sum(days[day].bytes for day in recent) / basis) if basis else None,
        days=ws.settings.lake.days(name),
    )


def _recent(days: Sequence[str], today: date) -> tuple[list[str], int]:
    """The days of the basis that have events, and how many days the basis is; today, which is not over, is left out."""
    begin = (today - timedelta(days=BASIS_DAYS)).isoformat()
    recent = [day for day in days if day != UNKNOWN and begin <= day < today.isoformat()]
    if not recent:
        return [], 0
    older = any(day < begin for day in days)
    first = begin if older else recent[0]
    return recent, (today - date.fromisoformat(first)).days


def _measured(folder: Path) -> tuple[int, int]:
    """Files in a folder and their bytes; links are not followed."""
    files = size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                continue  # a run is at work
            files += 1
    return files, size
