"""When each source was heard: from the catalog, and of those that may be silent from their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from breachwatch import lake
from breachwatch.detect.health.kinds import Silence
from breachwatch.detect.health.logs import At
from breachwatch.detect.health.silence import Heard, Silent, is_silent
from breachwatch.lake.sql import text
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
    since = until - 2 * asked.history
    filled = [name for name in lake.spans(ws) if name in DATASETS]
    # A clock that runs ahead does not keep a source alive: no event is later than its reading.
    events = "\nUNION ALL\n".join(
        f"SELECT least(time, observed_at) AS time, observed_at, event_id, segment_id, host, {text(name)} AS dataset "
        f"FROM ({lake.select_between(ws, DATASETS[name], since, None)}) "
        f"WHERE source = {text(source.name)} AND time IS NOT NULL"
        for name in filled
    )
    if not filled:
        return None
    last = connection.execute(
        f"SELECT time, event_id, segment_id, dataset FROM ({events}) ORDER BY time DESC, event_id LIMIT 1"
    ).fetchone()
    if last is None:
        return None
    newest = last[0].replace(tzinfo=UTC)
    silent = _by_settings(source, until - newest, asked)
    if source.silent_after_hours == "usual":
        hours = connection.execute(f"SELECT DISTINCT date_trunc('hour', time) FROM ({events})").fetchall()
        arrivals = connection.execute(f"SELECT observed_at, max(time) FROM ({events}) GROUP BY observed_at").fetchall()
        heard = Heard(
            source.name,
            newest,
            frozenset(hour.replace(tzinfo=UTC) for (hour,) in hours),
            tuple((looked.replace(tzinfo=UTC), brought.replace(tzinfo=UTC)) for looked, brought in arrivals),
        )
        silent = is_silent(heard, until, ws.settings.city.zone, asked)
    if silent is None:
        return None
    hosts = connection.execute(
        f"SELECT DISTINCT host FROM ({events}) WHERE host IS NOT NULL AND host <> '' LIMIT 2"
    ).fetchall()
    return SilentSource(source.name, silent, At(*last), tuple(host for (host,) in hosts), events)


def _by_settings(source: Source, lasts: timedelta, asked: Silence) -> Silent | None:
    """The silence by the source's own `silent_after_hours`; one that is longer than the history is an old story."""
    if source.silent_after_hours == "usual":
        return None
    limit = timedelta(hours=source.silent_after_hours)
    return Silent(lasts) if limit < lasts <= max(asked.history, 2 * limit) else None
