"""Running analytic rules over the window: their queries, and what they need of places and of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from breachwatch.detect.analytics import Dormant, ImpossibleTravel, Silence, analytic_of
from breachwatch.detect.analytics.history import History
from breachwatch.detect.analytics.impossible_travel import PLACE_COLUMNS
from breachwatch.detect.analytics.parts import BEGINNINGS, SEEN, Part
from breachwatch.detect.compiling import RuleError, Search
from breachwatch.detect.describing import spoken
from breachwatch.detect.mapping import AUTHENTICATION
from breachwatch.detect.rulepack import Rule
from breachwatch.lake import log_beginnings
from breachwatch.lake.places import PLACE_FIELDS, missing, versions
from breachwatch.model.finding import Outcome
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from breachwatch.detect.ran import Ran
    from breachwatch.detect.running import Runner

_PLACES = frozenset(item.name for item in PLACE_FIELDS)


class Analytics:
    """The analytic rules of one run, and what they share."""

    def __init__(self, runner: Runner, ws: Workspace, rules: Sequence[Rule]) -> None:
        self.runner = runner
        self.ws = ws
        self._rules = rules
        self._history = History(runner.window, self._planned)
        self._unserved: dict[frozenset[str], str] = {}

    def run(self, rule: Rule, searches: Sequence[Search], asked: dict[str, tuple[str, ...]]) -> Ran:
        """Run an analytic rule. Raises RuleError and ValueError."""
        analytic = analytic_of(rule.custom)
        assert analytic is not None  # noqa: S101 - the caller asked
        if isinstance(analytic, ImpossibleTravel):
            return self._travel(rule, searches, asked, analytic)
        return self._silence(rule, searches, asked, analytic)

    def plan(self, rule: Rule, searches: Sequence[Search], asked: dict[str, tuple[str, ...]]) -> None:
        """Say beforehand which columns a rule will ask for. Raises ValueError."""
        analytic = analytic_of(rule.custom)
        if analytic is None:
            return
        named = PLACE_COLUMNS if isinstance(analytic, ImpossibleTravel) else ()
        for item in searches:
            part = self._part(item, (*analytic.fields, *named), self.runner.shown(item, asked))
            self.runner.window.plan("wide", item.dataset, "\n".join([_text(part), *part.shown]))

    def unserved(self, rule: Rule, searches: Sequence[Search]) -> str:
        """Why a rule that asks for places cannot be answered; empty where it can, or does not ask."""
        analytic = analytic_of(rule.custom)
        names = {item.name(name) for item in searches if item.dataset == AUTHENTICATION for name in item.fields}
        if isinstance(analytic, ImpossibleTravel):
            names |= {"source_lat", "source_lon"}
        elif analytic is not None:
            names |= {item.name(name) for item in searches for name in analytic.fields}
        wanted = frozenset(names & _PLACES)
        if not wanted:
            return ""
        if wanted not in self._unserved:
            lacking = missing(self.ws.settings.geoip, self.ws.root, wanted)
            # A product's own log may tell the place, too.
            told = all(not self.runner.window.is_unknown(AUTHENTICATION, name) for name in wanted)
            self._unserved[wanted] = "" if told else lacking
        return self._unserved[wanted]

    # --- how long ago -------------------------------------------------------------------------------------------------

    def _silence(
        self, rule: Rule, searches: Sequence[Search], asked: dict[str, tuple[str, ...]], analytic: Silence
    ) -> Ran:
        runner, window = self.runner, self.runner.window
        # What was new is said first.
        named = [
            replace(item, fields={**{name: item.name(name) for name in analytic.fields}, **item.fields})
            for item in searches
        ]
        # Every hit shows which search it is of; the fields differ from table to table.
        parts = []
        for number, search in enumerate(named):
            shown = f"[{', '.join(f'CAST({sql} AS VARCHAR)' for sql in runner.shown(search, asked))}]"
            parts.append(self._part(search, analytic.fields, [str(number), shown]))
        reach = analytic.reach(runner.learning)
        schema, tables = self._history.tables(
            [(item.dataset, _text(part)) for item, part in zip(named, parts, strict=True)], reach
        )
        query = analytic.query(parts, tables, runner.learning)
        if isinstance(analytic, Dormant):
            self._lend_beginnings(analytic.learning_where(runner.learning))
        window.run_in(schema, f"CREATE OR REPLACE TEMP TABLE {SEEN} AS\n{query.before}")
        hits = []
        for event_id, time, number, values, more in self._new(query.sql, dict.fromkeys(item.dataset for item in named)):
            row = (event_id, time, datetime.fromisoformat(values[0]), int(values[1]), *values[2:])
            hit = runner.hit(named[number], row)
            hits.append(replace(hit, why={**hit.why, **_silent(more, time)}))
        return runner.found(rule, hits, len(hits), query.text, named)

    def _new(self, sql: str, datasets: Iterable[str]) -> list[tuple[Any, ...]]:
        """The rows of a query over all events of the window whose event is one to be searched.

        What was searched before is no news, but it was there: it must be seen, too.
        """
        window = self.runner.window
        rows = window.run("whole", sql)
        new = window.new_among(datasets, [row[0] for row in rows])
        return [row for row in rows if row[0] in new]

    def _lend_beginnings(self, gap: timedelta) -> None:
        window = self.runner.window
        known = log_beginnings(self.ws, gap, window.spans.window.end)
        table = pa.table(
            {
                "source": pa.array([source for source, _ in known], pa.string()),
                "began": pa.array([began.replace(tzinfo=None) for _, began in known], pa.timestamp("us")),
            }
        )
        with window.table("beginnings_now", table):
            window.run_in("memory.main", f"CREATE OR REPLACE TEMP TABLE {BEGINNINGS} AS SELECT * FROM beginnings_now")

    def _planned(self, dataset: str, reach: timedelta) -> Iterable[str]:
        """What the other rules of this reach will run over a table."""
        for rule in self._rules:
            try:
                analytic = analytic_of(rule.custom)
                if analytic is None or isinstance(analytic, ImpossibleTravel) or rule.problem:
                    continue
                if analytic.reach(self.runner.learning) == reach:
                    for search in self.runner.compiler.searches(rule):
                        if search.dataset == dataset:
                            yield _text(self._part(search, analytic.fields, []))
            except (RuleError, ValueError):
                continue  # its outcome will say so

    def _part(self, search: Search, fields: Sequence[str], shown: Sequence[str]) -> Part:
        table = self.runner.window.mappings.tables[search.dataset]
        return Part(search.sql, table.sql, [table.column(search.name(name)) for name in fields], shown)

    # --- places -------------------------------------------------------------------------------------------------------

    def _travel(
        self, rule: Rule, searches: Sequence[Search], asked: dict[str, tuple[str, ...]], analytic: ImpossibleTravel
    ) -> Ran:
        other = sorted({item.dataset for item in searches} - {AUTHENTICATION})
        if other:
            reason = f"`impossible_travel` needs the places of sign-ins, which {other[0]} does not have"
            return self.runner.ended(rule, Outcome.NOT_APPLICABLE, reason)
        columns = self.runner.window.mappings.tables[AUTHENTICATION]
        parts = [
            self._part(item, analytic.fields, [columns.column(name).sql for name in PLACE_COLUMNS]) for item in searches
        ]
        located = versions(self.ws.settings.geoip, self.ws.root)
        return self.runner.episodes.run(
            rule, analytic.query(parts), [AUTHENTICATION], asked, {"located by": located} if located else {}
        )


def _text(part: Part) -> str:
    """All SQL of a part that is run over the past."""
    return "\n".join([part.sql, *(column.sql for column in part.columns)])


def _silent(more: str | None, time: datetime) -> dict[str, str]:
    if more is None:
        return {}
    return {
        "seen before that": f"{more} UTC",
        "silent for": spoken(time.replace(microsecond=0) - datetime.fromisoformat(more)),
    }
