"""What the simulated city's ground truth says, and what is recorded about it: alerts, and where their events lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from breachwatch import lake
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Level
from breachwatch.model.summary import RunSummary, SourceReport
from breachwatch.records import cases, catalog
from breachwatch.workspace import Workspace


@dataclass(frozen=True)
class Place:
    """Where an event's line lies, as the truth names it."""

    file: str
    line: int


@dataclass(frozen=True)
class Alert:
    """What is recorded of an alert; `incident` is its number or None."""

    key: str
    incident: str | None
    title: str
    level: Level
    event_ids: tuple[str, ...]


@dataclass(frozen=True)
class City:
    """The simulated city, taken in once: its truth, the reports of its sources, the lake before any search."""

    folder: Path
    truth: Mapping[str, Any]
    taken_in: tuple[SourceReport, ...]
    workspace: Path

    def stories(self, *kinds: str) -> list[dict[str, Any]]:
        return [story for kind in kinds for story in self.truth[kind]]


@dataclass(frozen=True)
class Searched:
    """The city after one run over everything."""

    ws: Workspace
    summary: RunSummary
    alerts: tuple[Alert, ...]
    places: Mapping[str, Place]  # of the events of alerts

    def touching(self, story: Mapping[str, Any], at_least: Level) -> list[Alert]:
        """The alerts that hold a line of the story."""
        lines = {Place(line["file"], line["line"]) for line in story["lines"]}
        return [
            alert
            for alert in self.alerts
            if alert.level >= at_least and any(self.places[event] in lines for event in alert.event_ids)
        ]


def alerts_of(ws: Workspace) -> tuple[Alert, ...]:
    """Every recorded alert, those without an incident too."""
    events: dict[str, list[str]] = {}
    with ws.database.read() as connection:
        for row in connection.execute(select(cases.alert_event)):
            events.setdefault(row.alert_key, []).append(row.event_id)
        rows = connection.execute(select(cases.alert)).all()
    return tuple(
        Alert(row.key, row.incident, row.rule_title, Level(row.level), tuple(sorted(events[row.key]))) for row in rows
    )


def places_of(ws: Workspace, folder: Path, wanted: set[str]) -> dict[str, Place]:
    """Where events lie: by the path of their segment's file, and their number in it."""
    with ws.database.read() as connection:
        rows = connection.execute(
            select(catalog.segment.c.segment_id, catalog.log_file.c.path).join(
                catalog.log_file, catalog.log_file.c.file_id == catalog.segment.c.file_id
            )
        )
        file_of = {row.segment_id: Path(row.path).relative_to(folder).as_posix() for row in rows}
    found = {}
    connection = lake.connect(ws)
    for dataset in DATASETS.values():
        query = f'SELECT event_id, segment_id, record_number FROM "{dataset.view}"'
        for event_id, segment_id, number in connection.sql(query).fetchall():
            if event_id in wanted:
                found[event_id] = Place(file_of[segment_id], number)
    connection.close()
    return found
