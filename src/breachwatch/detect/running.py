"""Running one rule over the window: its SQL, its findings, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import duckdb

from breachwatch.detect import describing
from breachwatch.detect.analytics import analytic_of
from breachwatch.detect.analytics.running import Analytics
from breachwatch.detect.compiling import Compiler, RuleError, Search
from breachwatch.detect.correlation import CorrelationSql
from breachwatch.detect.episodes import Episodes
from breachwatch.detect.mapping import AUTHENTICATION
from breachwatch.detect.ran import Hit, Ran, as_run, finding_of, matched
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.why import explained, told, told_by_values
from breachwatch.detect.why_told import Explanation
from breachwatch.detect.window import LakeWindow
from breachwatch.lake import spans
from breachwatch.model.finding import Match, Outcome, RuleOutcome
from breachwatch.workspace import Workspace

_SHOWN = 9
"""Of a row so many values stand before those of the rule's fields."""


class Runner:
    """Runs rules over one window of the lake."""

    def __init__(self, ws: Workspace, window: LakeWindow, compiler: Compiler, rules: Sequence[Rule] = ()) -> None:
        """`rules` are all rules of the run, so that what they share is made once."""
        self.ws = ws
        self.window = window
        self.compiler = compiler
        self.limit = ws.settings.detect.max_findings_per_rule
        self.learning = timedelta(days=ws.settings.detect.learning_days)
        self.episodes = Episodes(window, compiler, self.limit, timedelta(days=ws.settings.detect.lookback_days))
        self.analytics = Analytics(self, ws, rules)
        self._rules = rules
        self._matches: dict[str, int] = {}
        self._known: dict[str, list[Search] | RuleOutcome] = {}

    def prepare(self) -> None:
        """Find out for all rules at once what they cannot match, and say what they will ask for."""
        found: list[tuple[Search, str]] = []
        self._look_for_logs()
        for rule in self._rules:
            try:
                if rule.is_correlation:
                    self._plan_correlation(rule)
                elif isinstance(searches := self._searches(rule), list):
                    asked = describing.asked_entities(rule.custom)
                    self.analytics.plan(rule, searches, asked)
                    found += [(item, "\n".join(self.shown(item, asked))) for item in searches]
            except (RuleError, ValueError, duckdb.Error):
                continue  # its outcome will say so
        self.window.sift(found)

    def _look_for_logs(self) -> None:
        """Find out for all rules at once which of their logs there are."""
        try:
            asked = dict.fromkeys(
                (route.dataset, self.compiler.picks(route))
                for rule in self._rules
                if not rule.problem and not rule.is_correlation
                for route in self.compiler.routes(rule)
            )
            self.window.look_for(asked)
        except (RuleError, ValueError, duckdb.Error):
            return  # rule by rule, then, so that the outcome of the one that cannot be asked says so

    def _plan_correlation(self, rule: Rule) -> None:
        sql = self.compiler.correlation(rule).sql
        for dataset in {route.dataset for base in rule.bases() for route in self.compiler.routes(base)}:
            self.window.plan("wide", dataset, sql)

    def run(self, rule: Rule) -> Ran:
        """Run a rule. Whatever is wrong with it ends up in its outcome."""
        try:
            if rule.is_correlation:
                return self._with_why(rule, self._correlation(rule))
            asked = describing.asked_entities(rule.custom)
            searches = self._searches(rule)
            if isinstance(searches, RuleOutcome):
                return Ran(searches)
            unknown = self._unknown_fields(searches)
            if not rule.reports:
                return Ran(replace(self._serving(rule, searches), unknown_fields=unknown))
            analytic = analytic_of(rule.custom)
            if self.window.place(searches) is None:
                ran = self.ended(rule, Outcome.NO_MATCH, "")
            elif analytic:
                ran = self._with_why(rule, self.analytics.run(rule, searches, asked))
            else:
                ran = self._events(rule, searches, asked)
            return replace(ran, outcome=replace(ran.outcome, unknown_fields=unknown))
        except (RuleError, ValueError) as error:
            excused = isinstance(error, RuleError) and error.waits
            return Ran(rule.outcome(Outcome.COULD_NOT_RUN, f"{rule.source.origin}: {error}", excused=excused))
        except duckdb.Error as error:
            reason = str(error).strip().splitlines()[0][:300]
            return Ran(rule.outcome(Outcome.COULD_NOT_RUN, f"{rule.source.origin}: DuckDB refuses it: {reason}"))

    def _with_why(self, rule: Rule, ran: Ran) -> Ran:
        """The findings with what their events matched. One that cannot be explained is a finding all the same."""
        try:
            return replace(ran, findings=explained(self.window, self.compiler, rule, ran.findings))
        except (RuleError, duckdb.Error) as error:
            reason = f"why they match cannot be told: {str(error).strip().splitlines()[0][:300]}"
            return replace(
                ran, outcome=replace(ran.outcome, reason="; ".join(filter(None, (ran.outcome.reason, reason))))
            )

    def _searches(self, rule: Rule) -> list[Search] | RuleOutcome:
        """The searches of those tables that hold anything the rule is for, or why there is none."""
        if rule.id not in self._known:
            self._known[rule.id] = self._find_searches(rule)
        return self._known[rule.id]

    def _find_searches(self, rule: Rule) -> list[Search] | RuleOutcome:
        if rule.problem:
            raise RuleError(rule.problem)
        routes = self.compiler.routes(rule)
        if not routes:
            reason = f"no dataset is mapped to its log source ({rule.logsource})"
            return rule.outcome(Outcome.NOT_APPLICABLE, reason)
        filled = [self.window.has_rows(route, self.compiler.picks(route)) for route in routes]
        if not any(filled):
            datasets = ", ".join(dict.fromkeys(route.dataset for route in routes))
            return rule.outcome(Outcome.NOT_APPLICABLE, f"no such events in the window ({datasets})")
        searches = [item for item, some in zip(self.compiler.searches(rule), filled, strict=True) if some]
        unserved = self.analytics.unserved(rule, searches)
        return rule.outcome(Outcome.NOT_APPLICABLE, unserved) if unserved else searches

    def _unknown_fields(self, searches: Sequence[Search]) -> tuple[str, ...]:
        names = dict.fromkeys(name for search in searches for name in search.fields)
        return tuple(
            name
            for name in names
            if all(self.window.is_unknown(item.dataset, item.fields[name]) for item in searches if name in item.fields)
        )

    def _serving(self, rule: Rule, searches: Sequence[Search]) -> RuleOutcome:
        """A rule that only serves correlations raises no findings; its matches are counted all the same."""
        count = self._count(rule, searches)
        reason = f"{count} events; it serves correlations and raises no findings of its own"
        return rule.outcome(Outcome.MATCHED if count else Outcome.NO_MATCH, reason)

    def _count(self, rule: Rule, searches: Sequence[Search]) -> int:
        """How many of the events to be searched a rule matches."""
        if rule.id not in self._matches:
            self._matches[rule.id] = 0
            for search in searches:
                place = self.window.place([search])
                if place is not None:
                    sql = f"SELECT count(*) FROM ({search.sql})"
                    self._matches[rule.id] += self.window.run(place, sql)[0][0]
        return self._matches[rule.id]

    # --- single events ------------------------------------------------------------------------------------------------

    def _events(self, rule: Rule, searches: Sequence[Search], asked: dict[str, tuple[str, ...]]) -> Ran:
        hits: list[Hit] = []
        ran: list[Search] = []
        telling = self._told_by_values(rule)
        for search in searches:
            place = self.window.place([search])
            if place is None:
                continue
            values = [telling.plain.fields] if telling and telling.plain else []
            shown = ", ".join([*self.shown(search, asked), *values])
            sql = (
                f"SELECT event_id, time, {shown} FROM (\n{search.sql}\n) ORDER BY time, event_id LIMIT {self.limit + 1}"
            )
            found = self._hits(rule, search, self.window.run(place, sql), telling)
            hits += found
            ran += [search] if found else []
        total = len(hits)
        if total > self.limit:
            total = self._count(rule, ran)
        made = self.found(rule, hits, total, ";\n\n".join(search.sql for search in ran), ran)
        return made if telling else self._with_why(rule, made)

    def _told_by_values(self, rule: Rule) -> Explanation | None:
        """What tells why a rule's events match from values that its own query brings; None: that takes a query."""
        try:
            return told_by_values(self.window, self.compiler, rule)
        except RuleError:
            return None  # the outcome will say so, if there is anything to be told

    def _hits(
        self, rule: Rule, search: Search, rows: Sequence[Sequence[Any]], telling: Explanation | None
    ) -> list[Hit]:
        if telling is None:
            return [self.hit(search, row) for row in rows]
        # The values stand last.
        values = [row[_SHOWN + len(search.fields) :] for row in rows]
        matches = told(telling, rule.id, [row[0] for row in rows], values)
        return [self.hit(search, row, matches.get(row[0], ())) for row in rows]

    def shown(self, search: Search, asked: dict[str, tuple[str, ...]]) -> list[str]:
        table = self.window.mappings.tables[search.dataset]
        dataset = "dataset" if search.dataset == AUTHENTICATION else f"'{search.dataset}'"
        fields = [f"left({table.column(name).text}, 300)" for name in search.fields.values()]
        named = {kind: [search.name(name) for name in names] for kind, names in asked.items()}
        who = describing.entity_columns(table, named)
        return ["observed_at", "repeat_count", dataset, *who, *fields]

    def hit(self, search: Search, row: Sequence[Any], matched: tuple[Match, ...] = ()) -> Hit:
        """The hit of a row that begins with id, time, and what is `shown` of the search."""
        event_id, time, observed_at, weight, dataset, user, source_ip, host, other, *values = row
        why = describing.matched_fields(list(search.fields), values[: len(search.fields)])
        return Hit(time, event_id, observed_at, weight, dataset, (user, source_ip, host, other), why, matched)

    def found(self, rule: Rule, hits: list[Hit], total: int, sql: str, ran: Sequence[Search]) -> Ran:
        if not hits:
            return Ran(rule.outcome(Outcome.NO_MATCH))
        hits.sort(key=lambda hit: (hit.time or hit.observed_at, hit.event_id))
        compiled = as_run(rule, self.compiler.filters_of(rule), sql, [search.dataset for search in ran])
        findings = tuple(finding_of(rule, compiled.revision, hit) for hit in hits[: self.limit])
        return matched(rule, findings, total, compiled)

    # --- correlations -------------------------------------------------------------------------------------------------

    def _correlation(self, rule: Rule) -> Ran:
        if rule.problem:
            raise RuleError(rule.problem)
        asked = describing.asked_entities(rule.custom)
        bases = list(rule.bases())
        # DuckDB binds every table that the query names, whether the window holds rows of it or not.
        datasets = dict.fromkeys(route.dataset for base in bases for route in self.compiler.routes(base))
        if not datasets:
            named = "; ".join(dict.fromkeys(base.logsource for base in bases))
            return Ran(rule.outcome(Outcome.NOT_APPLICABLE, f"no dataset is mapped to its log source ({named})"))
        rows = [self.window.rows(dataset) for dataset in datasets]
        compiled = self.compiler.correlation(rule)
        if not rule.reports:
            return Ran(rule.outcome(Outcome.NO_MATCH, "it serves other correlations and raises no findings of its own"))
        found = [self._searches(base) for base in bases]
        if not compiled.ahead:
            if not sum(rows) or not any(isinstance(searches, list) for searches in found):
                reason = f"no such events in the window ({', '.join(datasets) or 'no dataset is mapped'})"
                return Ran(rule.outcome(Outcome.NOT_APPLICABLE, reason))
            pairs = [(base, item) for base, item in zip(bases, found, strict=True) if isinstance(item, list)]
            if not any(self._count(base, searches) for base, searches in pairs):
                return Ran(rule.outcome(Outcome.NO_MATCH))
        unheard = self._unheard(bases, compiled)
        if unheard:
            return Ran(rule.outcome(Outcome.NOT_APPLICABLE, unheard))
        return self.episodes.run(rule, compiled, list(datasets), asked)

    def _unheard(self, bases: Sequence[Rule], compiled: CorrelationSql) -> str:
        """Which rule's absence would mean nothing, because the lake has no log it would be in; else empty."""
        if not compiled.absent:
            return ""
        kept = {AUTHENTICATION, *spans(self.ws)}
        for base in bases:
            if base.id in compiled.absent and not any(route.dataset in kept for route in self.compiler.routes(base)):
                return f"that {base.title!r} is absent cannot be told: there is no such log ({base.logsource})"
        return ""

    def ended(self, rule: Rule, outcome: Outcome, reason: str) -> Ran:
        """A rule that found nothing, and why."""
        return Ran(rule.outcome(outcome, reason))
