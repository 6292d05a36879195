"""Episodes of correlations: the events of the window run through a correlation's query, and what it found told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from breachwatch.detect import describing
from breachwatch.detect.compiling import Compiler
from breachwatch.detect.correlation import OBSERVED_UNTIL, READ_FROM, CorrelationSql
from breachwatch.detect.correlation_fields import named_fields
from breachwatch.detect.mapping import AUTHENTICATION
from breachwatch.detect.ran import Ran, as_run, matched
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.sources import earlier
from breachwatch.detect.window import LakeWindow
from breachwatch.lake.sql import moment as timestamp
from breachwatch.model.finding import Finding, Outcome, make_finding_key

_People = tuple[str, list[tuple[describing.Who, int]]]
"""The dataset of most of an episode's events, and who took part how often."""


class Episodes:
    """Finds the episodes of a window."""

    def __init__(self, window: LakeWindow, compiler: Compiler, limit: int, lookback: timedelta) -> None:
        """`limit`: findings of a rule at most. `lookback`: how far an attack that goes on is followed back."""
        self.window = window
        self.compiler = compiler
        self.limit = limit
        self.lookback = lookback

    def run(
        self,
        rule: Rule,
        compiled: CorrelationSql,
        datasets: Sequence[str],
        asked: dict[str, tuple[str, ...]],
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Ran:
        """The findings of a query for episodes; `more` is said of each of them."""
        episodes = self._episodes(compiled, datasets)
        unknown = self._unknown_fields(rule)
        if not episodes:
            return Ran(rule.outcome(Outcome.NO_MATCH, unknown_fields=unknown))
        kept = episodes[: self.limit]
        ran_as = as_run(rule, self.compiler.filters_of(rule), compiled.sql, datasets)
        people = self._people(kept, datasets, asked)
        findings = tuple(_episode_findings(rule, ran_as.revision, compiled.group_by, kept, people))
        findings = tuple(replace(found, why={**found.why, **more}) for found in findings)
        ran = matched(rule, findings, len(episodes), ran_as)
        return replace(ran, outcome=replace(ran.outcome, unknown_fields=unknown))

    def _unknown_fields(self, rule: Rule) -> tuple[str, ...]:
        """The fields that it groups by, counts or measures, and that no event of its rules' logs has."""
        known: dict[str, bool] = {}
        for name, base, called in named_fields(rule) if rule.is_correlation else ():
            for route in self.compiler.routes(base):
                if self.window.rows(route.dataset):
                    unknown = self.window.is_unknown(route.dataset, route.fields.get(called, called))
                    known[name] = known.get(name, False) or not unknown
        return tuple(name for name, seen in known.items() if not seen)

    def _episodes(self, compiled: CorrelationSql, datasets: Sequence[str]) -> list[tuple[Any, ...]]:
        """The episodes with a new event, from those on whose beginning is known (see `engine`)."""
        window, span = self.window, timedelta(seconds=compiled.seconds)
        ahead = compiled.ahead
        begin = window.spans.window.start
        least = begin - min(begin, window.searched_until()) + 2 * span if ahead else 2 * span
        longest = max(least, min(window.spans.correlation, self.lookback))
        for by in (least, longest):
            back = window.reach_back(by)
            start, end = window.wide()
            for name, moment in ((READ_FROM, start), (OBSERVED_UNTIL, end)):
                window.connection.execute(f"SET VARIABLE {name} = {timestamp(moment)}")
            since = earlier(begin, back - span).replace(tzinfo=None)
            found = window.run("wide", compiled.sql)
            found = found if ahead else self._with_new(found, datasets)
            if by == longest or all(row[7] >= since for row in found):
                break
        return [row for row in found if row[7] >= since]

    def _with_new(self, episodes: Sequence[tuple[Any, ...]], datasets: Sequence[str]) -> list[tuple[Any, ...]]:
        """Those of some episodes that an event to be searched takes part in."""
        new = self.window.new_among(datasets, [event_id for row in episodes for event_id in row[4]])
        return [row for row in episodes if not new.isdisjoint(row[4])]

    def _people(
        self, episodes: Sequence[tuple[Any, ...]], datasets: Sequence[str], asked: dict[str, tuple[str, ...]]
    ) -> list[_People]:
        """For each episode the dataset of most of its events, and who took part how often."""
        pairs = [(number, event_id) for number, row in enumerate(episodes) for event_id in row[4]]
        events = pa.table({"episode": [item[0] for item in pairs], "event_id": [item[1] for item in pairs]})
        rows: list[list[tuple[describing.Who, int]]] = [[] for _ in episodes]
        sizes: list[dict[str, int]] = [{} for _ in episodes]
        with self.window.table("episode_events", events):
            for dataset in datasets:
                table = self.window.mappings.tables[dataset]
                who = ", ".join(
                    f"{sql} AS {kind}"
                    for kind, sql in zip(
                        ("who", "address", "machine", "other"), describing.entity_columns(table, asked), strict=True
                    )
                )
                name = "dataset" if dataset == AUTHENTICATION else f"'{dataset}'"
                sql = (
                    f"SELECT episode, {name} AS dataset, {who}, sum(repeat_count)::BIGINT\n"
                    f"FROM {table.sql} JOIN episode_events USING (event_id)\nGROUP BY ALL ORDER BY ALL"
                )
                for number, found, user, address, machine, other, count in self.window.run("wide", sql):
                    rows[number].append(((user, address, machine, other), count))
                    sizes[number][found] = sizes[number].get(found, 0) + count
        return [
            (min(size, key=lambda name: (-size[name], name), default=datasets[0]), row)
            for size, row in zip(sizes, rows, strict=True)
        ]


def _episode_findings(
    rule: Rule, revision: str, group_by: Sequence[str], episodes: Sequence[tuple[Any, ...]], people: Sequence[_People]
) -> Iterator[Finding]:
    for row, (dataset, who) in zip(episodes, people, strict=True):
        group, first, last, count, event_ids, named, more, _, first_match = row
        yield Finding(
            key=make_finding_key(rule.id, *group, first_match),
            rule_id=rule.id,
            rule_title=rule.title,
            rule_revision=revision,
            level=rule.level,
            dataset=dataset,
            event_ids=tuple(event_ids),
            first_time=first.replace(tzinfo=UTC),
            last_time=last.replace(tzinfo=UTC),
            event_count=count,
            entities=describing.entities(who),
            tags=rule.tags,
            why=describing.episode(group_by, named, count, first, last) | describing.said(more),
        )
