"""How much was searched when alerts were raised: the lake files that a run marked as searched with its findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from breachwatch.evidence.case import Case
from breachwatch.records import catalog
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Span:
    dataset: str
    searched_at: datetime
    files: int
    rows: int
    first: datetime | None
    last: datetime | None


class Searched:
    """What the runs that raised a case's alerts searched for the first time, by dataset."""

    def __init__(self, ws: Workspace, case: Case) -> None:
        columns = catalog.lake_file.c
        # Findings and the mark "searched" are recorded with one and the same time.
        times = sorted({alert.detected_at for alert in case.alerts})
        query = (
            select(
                columns.dataset,
                columns.scanned_at,
                func.count(),
                func.sum(columns.rows),
                func.min(columns.min_time),
                func.max(columns.max_time),
            )
            .where(columns.scanned_at.in_(times))
            .group_by(columns.dataset, columns.scanned_at)
        )
        with ws.database.read() as connection:
            self._spans = [_Span(*row) for row in connection.execute(query)]

    def told(self, times: Collection[datetime], datasets: Iterable[str] | None) -> dict[str, Any]:
        """Files, rows and span of event time that were new to the runs of `times`; of some datasets, or of all.

        The view `authentication` reads many datasets: of it, as of a dataset without new files, only the total tells.
        """
        wanted = None if datasets is None else set(datasets)
        spans = [
            item for item in self._spans if item.searched_at in times and (wanted is None or item.dataset in wanted)
        ]
        firsts = [item.first for item in spans if item.first is not None]
        lasts = [item.last for item in spans if item.last is not None]
        return {
            "files": sum(item.files for item in spans),
            "rows": sum(item.rows for item in spans),
            "first_time": min(firsts).isoformat() if firsts else None,
            "last_time": max(lasts).isoformat() if lasts else None,
        }
