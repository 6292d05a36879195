"""When each source was heard: from the catalog, and of those that may be silent from their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    asked_of = list(_maybe_silent(ws, until, asked))
    since = until - 2 * asked.history
    events = _events_sql(ws, [source.name for source in asked_of], since)
    heard = _heard(connection, events) if events else {}
    for source in asked_of:
        if source.name in heard:
            found = _look(ws, connection, source, heard[source.name], until, asked)
            if found is not None:
                yield found


def _maybe_silent(ws: Workspace, until: datetime, asked: Silence) -> Iterator[Source]:
    """The sources of which the catalog alone does not tell that they were heard in time."""
    counts = {item.source: item for item in lake.counts(ws)}
    for source in ws.settings.sources:
        count = counts.get(source.name)
        if not source.enabled or source.silent_after_hours == 0 or count is None or count.last_event is None:
            continue
        heard_in_time = count.last_landed is None or count.last_event <= count.last_landed + _CLOCKS
        if heard_in_time and until - count.last_event < _floor(source, asked):
            continue
        yield source


def _floor(source: Source, asked: Silence) -> timedelta:
    limit = source.silent_after_hours
    return asked.floor if limit == "usual" else timedelta(hours=limit)


def _look(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, source: Source, heard: Heard, until: datetime, asked: Silence
) -> SilentSource | None:
    if source.silent_after_hours == "usual":
        silent = is_silent(heard, until, ws.settings.city.zone, asked)
    else:
        silent = _by_settings(source, until - heard.newest, asked)
    if silent is None:
        return None
    events = _events_sql(ws, [source.name], until - 2 * asked.history)
    last = connection.execute(
        f"SELECT time, event_id, segment_id, dataset FROM ({events}) ORDER BY time DESC, event_id LIMIT 1"
    ).fetchall()[0]
    hosts = connection.execute(
        f"SELECT DISTINCT host FROM ({events}) WHERE host IS NOT NULL AND host <> '' LIMIT 2"
    ).fetchall()
    return SilentSource(source.name, silent, At(*last), tuple(host for (host,) in hosts), events)


def _events_sql(ws: Workspace, sources: Sequence[str], since: datetime) -> str:
    """The events of sources from `since` on (aware), over the files alone that hold some of them; empty without any.

    A clock that runs ahead does not keep a source alive: no event is later than its reading.
    """
    segments = [item.segment_id for item in held_of_sources(ws, sources)]
    holding = listed_files(ws, since, segment_ids=segments)
    return "\nUNION ALL\n".join(
        f"SELECT source, least(time, observed_at) AS time, observed_at, event_id, segment_id, host, "
        f"{text(name)} AS dataset FROM ({dataset_select(DATASETS[name], places)}) "
        f"WHERE source IN ({', '.join(map(text, sources))}) AND time >= {moment(since)}"
        for name, places in holding.items()
        if name in DATASETS
    )


def _heard(connection: duckdb.DuckDBPyConnection, events: str) -> dict[str, Heard]:
    """When each source was heard, in one look at the events of all; those that have some."""
    rows = connection.execute(
        f"SELECT source, date_trunc('hour', time) AS hour, observed_at, max(time) FROM ({events}) "
        "GROUP BY source, hour, observed_at"
    ).fetchall()
    hours: dict[str, set[datetime]] = {}
    brought: dict[str, dict[datetime, datetime]] = {}
    for source, hour, looked, newest in rows:
        hours.setdefault(source, set()).add(hour.replace(tzinfo=UTC))
        known = brought.setdefault(source, {})
        known[looked] = max(newest, known.get(looked, newest))
    return {
        source: Heard(
            source,
            max(known.values()).replace(tzinfo=UTC),
            frozenset(hours[source]),
            tuple((looked.replace(tzinfo=UTC), newest.replace(tzinfo=UTC)) for looked, newest in known.items()),
        )
        for source, known in brought.items()
    }


def _by_settings(source: Source, lasts: timedelta, asked: Silence) -> Silent | None:
    """The silence by the source's own `silent_after_hours`; one that is longer than the history is an old story."""
    if source.silent_after_hours == "usual":
        return None
    limit = timedelta(hours=source.silent_after_hours)
    return Silent(lasts) if limit < lasts <= max(asked.history, 2 * limit) else None
