"""When each source was heard: from the catalog, and of those that may be silent from their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from breachwatch import lake
from breachwatch.detect.health.kinds import Silence
from breachwatch.detect.health.logs import At, held_of_sources
from breachwatch.detect.health.silence import Heard, Silent, is_silent
from breachwatch.lake.connection import listed_files
from breachwatch.lake.shapes import dataset_select
from breachwatch.lake.sql import moment, text
from breachwatch.model.datasets import DATASETS
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_CLOCKS = timedelta(hours=1)  # an event may be stamped so much later than it was read: two clocks


@dataclass(frozen=True, slots=True)
class SilentSource:
    """A source that is silent, its last record, the hosts that wrote it, and the query that told."""

    source: str
    silent: Silent
    last: At
    hosts: tuple[str, ...]
    sql: str


def silent_sources(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, until: datetime, asked: Silence
) -> Iterator[SilentSource]:
    """The configured sources that are silent at `until` (aware). Only those that may be are looked at closely."""
    counts = {item.source: item for item in lake.counts(ws)}
    for source in ws.settings.sources:
        count = counts.get(source.name)
        if not source.enabled or source.silent_after_hours == 0 or count is None or count.last_event is None:
            continue
        heard_in_time = count.last_landed is None or count.last_event <= count.last_landed + _CLOCKS
        if heard_in_time and until - count.last_event < _floor(source, asked):
            continue
        found = _look(ws, connection, source, until, asked)
        if found is not None:
            yield found


def _floor(source: Source, asked: Silence) -> timedelta:
    limit = source.silent_after_hours
    return asked.floor if limit == "usual" else timedelta(hours=limit)


def _look(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, source: Source, until: datetime, asked: Silence
) -> SilentSource | None:
    events = _events_sql(ws, source.name, until - 2 * asked.history)
    if not events:
        return None
    heard = _heard(connection, source.name, events)
    if heard is None:
        return None
    if source.silent_after_hours == "usual":
        silent = is_silent(heard, until, ws.settings.city.zone, asked)
    else:
        silent = _by_settings(source, until - heard.newest, asked)
    if silent is None:
        return None
    last = connection.execute(
        f"SELECT time, event_id, segment_id, dataset FROM ({events}) ORDER BY time DESC, event_id LIMIT 1"
    ).fetchall()[0]
    hosts = connection.execute(
        f"SELECT DISTINCT host FROM ({events}) WHERE host IS NOT NULL AND host <> '' LIMIT 2"
    ).fetchall()
    return SilentSource(source.name, silent, At(*last), tuple(host for (host,) in hosts), events)


def _events_sql(ws: Workspace, source: str, since: datetime) -> str:
    """The events of a source from `since` on (aware), over the files alone that hold some of it; empty without any.

    A clock that runs ahead does not keep a source alive: no event is later than its reading.
    """
    segments = [item.segment_id for item in held_of_sources(ws, [source])]
    holding = listed_files(ws, since, segment_ids=segments)
    return "\nUNION ALL\n".join(
        f"SELECT least(time, observed_at) AS time, observed_at, event_id, segment_id, host, {text(name)} AS dataset "
        f"FROM ({dataset_select(DATASETS[name], places)}) "
        f"WHERE source = {text(source)} AND time >= {moment(since)}"
        for name, places in holding.items()
        if name in DATASETS
    )


def _heard(connection: duckdb.DuckDBPyConnection, source: str, events: str) -> Heard | None:
    """When a source was heard, in one look at its events; None where it has none."""
    rows = connection.execute(
        f"SELECT date_trunc('hour', time) AS hour, observed_at, max(time) FROM ({events}) GROUP BY hour, observed_at"
    ).fetchall()
    if not rows:
        return None
    brought: dict[datetime, datetime] = {}
    for _, looked, newest in rows:
        brought[looked] = max(newest, brought.get(looked, newest))
    return Heard(
        source,
        max(brought.values()).replace(tzinfo=UTC),
        frozenset(hour.replace(tzinfo=UTC) for hour, _, _ in rows),
        tuple((looked.replace(tzinfo=UTC), newest.replace(tzinfo=UTC)) for looked, newest in brought.items()),
    )


def _by_settings(source: Source, lasts: timedelta, asked: Silence) -> Silent | None:
    """The silence by the source's own `silent_after_hours`; one that is longer than the history is an old story."""
    if source.silent_after_hours == "usual":
        return None
    limit = timedelta(hours=source.silent_after_hours)
    return Silent(lasts) if limit < lasts <= max(asked.history, 2 * limit) else None
