"""Correlations three ways over the same few events: our SQL, a plain Python model, and the reference backend's SQL."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import duckdb
import pyarrow as pa
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule

from breachwatch.detect.backend import DuckDBBackend, Scope
from breachwatch.detect.compiling import Compiler
from breachwatch.detect.correlation import OBSERVED_UNTIL, READ_FROM, BaseSearch, CorrelationSql, correlation_sql
from breachwatch.detect.filtering import load_filters
from breachwatch.detect.mapping import load_mappings
from tests.unit.detect.making import DAY, pack

ZERO = datetime(2026, 11, 20)  # noqa: DTZ001 - times in the lake are UTC without a zone
BASES = "".join(
    f"title: {kind}\nname: {kind}\nlogsource: {{product: x}}\ndetection: {{s: {{kind: {kind}}}, condition: s}}\n---\n"
    for kind in "abc"
)


@dataclass(frozen=True)
class Event:
    """One event; `t` in seconds."""

    t: int
    kind: str
    user: str | None = "u"
    host: str | None = "h"
    num: int | None = 1
    source: str = "s"
    weight: int = 1
    id: str = ""


def numbered(events: Iterable[Event]) -> list[Event]:
    """The events with ids in the order of their logs."""
    return [Event(**{**vars(event), "id": f"e{number:03d}"}) for number, event in enumerate(events)]


@dataclass(frozen=True, order=True)
class Episode:
    group: tuple[str, ...]
    ids: tuple[str, ...]  # sorted
    start: int
    first_match: str


# --- ours -------------------------------------------------------------------------------------------------------------


SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("time", pa.timestamp("us")),
        ("source", pa.string()),
        ("record_number", pa.int64()),
        ("repeat_count", pa.int32()),
        *((name, pa.string()) for name in ("kind", "user", "host", "num")),
    ]
)


@lru_cache
def compiled(rules: str) -> CorrelationSql:
    """The correlation that stands last in the text, over the table `events`."""
    compiler = Compiler(load_mappings(), load_filters((), DAY))
    rule = compiler.translator.parse(pack(BASES + rules).rules[-1])
    assert isinstance(rule, SigmaCorrelationRule)
    return correlation_sql(rule, lambda base: [_search(base)])


def ours(rules: str, events: Sequence[Event], until: int | None = None, read_from: int | None = None) -> list[Episode]:
    rows = [
        (e.id, _at(e.t), e.source, place, e.weight, e.kind, e.user, e.host, None if e.num is None else str(e.num))
        for place, e in enumerate(events)
        if read_from is None or e.t >= read_from
    ]
    columns = [pa.array([row[n] for row in rows], item.type) for n, item in enumerate(SCHEMA)]
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("events", pa.table(columns, schema=SCHEMA))
        for name, moment in ((OBSERVED_UNTIL, until), (READ_FROM, read_from)):
            if moment is not None:
                connection.execute(f"SET VARIABLE {name} = TIMESTAMP '{_at(moment)}'")
        rows = connection.execute(compiled(rules).sql).fetchall()
    found = []
    for group, first, last, count, ids, named, _, start, first_match in rows:
        times = [event.t for event in events if event.id in ids]
        assert (first, last) == (_at(min(times)), _at(max(times)))
        assert count == sum(event.weight for event in events if event.id in ids)
        assert len(ids) == len(set(ids))
        assert [str(name).lower() for name in named] == group
        found.append(Episode(tuple(group), tuple(sorted(ids)), int((start - ZERO).total_seconds()), first_match))
    return sorted(found)


def _at(seconds: int) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def _search(base: Any) -> BaseSearch:
    scope = Scope()
    return BaseSearch(f"SELECT * FROM events WHERE {DuckDBBackend().condition(base, scope)}", scope.column)


# --- the model --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Match:
    """A match of step `step`; `ids` are the events it brings along."""

    t: int
    step: int
    group: tuple[str, ...]
    id: str
    ids: frozenset[str]
    value: Any = None
    weight: int = 1
    source: str = ""
    place: int = 0


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    group: tuple[str, ...]
    taken: tuple[Match, ...]
    anchor: Match


Steps = Sequence["str | Model"]


@dataclass(frozen=True)
class Model:
    """What a correlation means. `holds` judges a window; alternatives are (wanted steps, absent steps)."""

    rules: Steps
    span: int
    by: tuple[str, ...] = ("user",)
    holds: Callable[[Sequence[Match]], bool] | None = None
    value: Callable[[Event], Any] = lambda _: None
    once: bool = True
    ordered: bool = False
    alternatives: Sequence[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)

    def matches(self, events: Sequence[Event], until: int) -> list[Match]:
        found: dict[Any, Match] = {}
        for step, rule in enumerate(self.rules, 1):
            if isinstance(rule, Model):
                moments: dict[tuple[Any, int], list[Span]] = {}
                for span in rule.windows(events, until):
                    moments.setdefault((span.group, span.end), []).append(span)
                for (whole, end), spans in moments.items():
                    group = tuple(whole[rule.by.index(name)] for name in self.by)
                    anchor = min((span.anchor for span in spans), key=lambda match: match.id)
                    ids = frozenset().union(*(match.ids for span in spans for match in span.taken))
                    key = (whole, end, step)
                    place = max(span.anchor.place for span in spans if span.anchor.id == anchor.id)
                    found[key] = Match(end, step, group, anchor.id, ids, None, 1, anchor.source, place)
                continue
            for place, event in enumerate(events):
                group = [getattr(event, name) for name in self.by]
                value = self.value(event)
                if event.kind != rule or None in group or (value is None and self.holds is not None and self._valued):
                    continue
                key = (event.id, "once" if self.once else step)
                folded = tuple(name.lower() for name in group)
                match = Match(
                    event.t, step, folded, event.id, frozenset({event.id}), value, event.weight, event.source, place
                )
                found.setdefault(key, match)
        return list(found.values())

    @property
    def _valued(self) -> bool:
        return self.value is not Model.value

    def windows(self, events: Sequence[Event], until: int) -> list[Span]:
        matches = self.matches(events, until)
        ahead = len(self.alternatives) > 1 or any(absent for _, absent in self.alternatives)
        spans = []
        for x in matches:
            mine = [m for m in matches if m.group == x.group]
            back = [m for m in mine if x.t - self.span <= m.t <= x.t]
            fore = [m for m in mine if x.t <= m.t <= x.t + self.span]
            if self.holds is not None and self.holds(back):
                spans.append(Span(min(m.t for m in back), x.t, x.group, tuple(back), x))
            for wanted, absent in self.alternatives:
                near = [m for m in (fore if ahead else back) if m.step in wanted]
                if ahead:
                    holds = self._fulfilled(near, wanted, x if self.ordered else None)
                    holds &= not any(m.step in absent for m in fore) and x.t + self.span < until
                    if holds and x.step in (wanted[:1] if self.ordered else wanted):
                        spans.append(Span(x.t, x.t + self.span, x.group, tuple(near), x))
                elif self.ordered:
                    if x.step == wanted[-1] and any(_in_order([*middle, x]) for middle in _paths(near, wanted[:-1])):
                        start = min(m.t for m in near if m.step == wanted[0])
                        spans.append(Span(start, x.t, x.group, tuple(m for m in near if m.t >= start), x))
                elif x.step in wanted and self._fulfilled(near, wanted, None):
                    spans.append(Span(min(m.t for m in near), x.t, x.group, tuple(near), x))
        return spans

    def _fulfilled(self, near: Sequence[Match], wanted: tuple[int, ...], first: Match | None) -> bool:
        if not self.ordered:
            return {m.step for m in near} == set(wanted)
        return any(_in_order(path) and (first is None or path[0].t >= first.t) for path in _paths(near, wanted))


def _paths(near: Sequence[Match], wanted: Sequence[int]) -> list[list[Match]]:
    paths: list[list[Match]] = [[]]
    for step in wanted:
        paths = [[*path, m] for path in paths for m in near if m.step == step and (not path or _precedes(path[-1], m))]
    return paths


def _precedes(a: Match, b: Match) -> bool:
    if a.t != b.t or a.source != b.source:
        return a.t <= b.t
    return a.place < b.place


def _in_order(path: Sequence[Match]) -> bool:
    return all(_precedes(a, b) for a, b in pairwise(path))


def modelled(model: Model, events: Sequence[Event], until: int = 10**9) -> list[Episode]:
    """The model's episodes: overlapping windows of a group merged."""
    found: list[Episode] = []
    spans = sorted(model.windows(events, until), key=lambda span: (span.group, span.start, span.end))
    while spans:
        merged = [spans.pop(0)]
        while spans and spans[0].group == merged[0].group and spans[0].start <= max(span.end for span in merged):
            merged.append(spans.pop(0))
        taken = {match for span in merged for match in span.taken}
        first = min(taken, key=lambda match: (match.t, match.id))
        ids = tuple(sorted(frozenset().union(*(match.ids for match in taken))))
        found.append(Episode(merged[0].group, ids, first.t, first.id))
    return sorted(found)


def percentile(numbers: Sequence[float], share: float) -> float:
    """Linear interpolation between the closest ranks."""
    ranked = sorted(numbers)
    at = (len(ranked) - 1) * share
    low = int(at)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (at - low)


median = statistics.median


# --- the reference backend --------------------------------------------------------------------------------------------


def reference(rules: str, events: Sequence[Event], until: int = 10**9) -> list[tuple[str, tuple[str, ...], int, int]]:
    """Its alerts, one an anchor: group values as JSON, event ids, begin and end of the window."""
    backend = sqliteBackend(
        table="events",
        timestamp_field="time",
        timestamp_format="unix",
        event_id_field="event_id",
        observation_end=until,
        collate_nocase=True,
    )
    collection = SigmaCollection.from_yaml(BASES + rules)
    query = backend.convert(collection)[-1]
    with sqlite3.connect(":memory:") as connection:
        connection.execute(
            "CREATE TABLE events (event_id TEXT, time INTEGER, kind TEXT, user TEXT, host TEXT, num INTEGER)"
        )
        rows = [(event.id, event.t, event.kind, event.user, event.host, event.num) for event in events]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        alerts = [dict(zip(names, row, strict=True)) for row in cursor]
    return [
        (
            alert["group_keys"],
            tuple(sorted(item.split(":", 1)[1] for item in json.loads(alert["event_ids"]))),
            int(alert["window_start"]),
            int(alert["window_end"]),
        )
        for alert in alerts
    ]
