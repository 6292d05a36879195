"""The whole query: a correlation's stages put together, the innermost first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaCorrelationRuleError
from sigma.rule import SigmaRule

from breachwatch.detect.correlation import episodes
from breachwatch.detect.correlation.matches import Searches, base_matches, inner_matches, once
from breachwatch.detect.correlation.plan import MAX_RULES, plan
from breachwatch.detect.correlation.query import CorrelationSql
from breachwatch.detect.correlation.stage import Stage
from breachwatch.detect.correlation.windows import anchors

MAX_DEPTH = 8


def correlation_sql(rule: SigmaCorrelationRule, searches: Searches) -> CorrelationSql:
    """Compile a correlation whose references are resolved (`reference.rule` set). Raises SigmaError."""
    builder = _Builder(searches)
    top = builder.stage(rule, 1)
    if top.seconds > LONGEST.total_seconds():
        msg = f"its windows, those of inner correlations included, are longer than {LONGEST.days} days"
        raise SigmaCorrelationRuleError(msg)
    builder.add(top.cte("members"), episodes.episodes(top))
    builder.evidence(top)
    parts = ",\n".join(f"{name} AS MATERIALIZED (\n{body}\n)" for name, body in builder.ctes)
    sql = f"WITH {parts}\n{episodes.result(top, builder.stages)}"
    ahead = any(stage.plan.ahead for stage in builder.stages)
    return CorrelationSql(sql, top.plan.group_by, top.seconds, ahead, tuple(sorted(set(_absent(builder.stages)))))


def _absent(stages: Iterable[Stage]) -> Iterator[str]:
    """The rules over single events that must not match, or that a correlation is over which must not hold."""
    for stage in stages:
        for step in {step for term in stage.plan.terms for step in term.absent}:
            yield from _bases(stage.plan.references[step - 1].rule)


def _bases(rule: SigmaRule | SigmaCorrelationRule) -> Iterator[str]:
    if isinstance(rule, SigmaCorrelationRule):
        for reference in rule.rules or rule.referenced_rules:
            yield from _bases(reference.rule)
    else:
        yield str(rule.id or rule.name)


LONGEST = timedelta(days=3660)
"""A window is no longer: as far back as any rule may look. What a time can hold ends soon after."""


@dataclass
class _Builder:
    searches: Searches
    ctes: list[tuple[str, str]] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)

    def add(self, name: str, body: str) -> None:
        self.ctes.append((name, body))

    def stage(self, rule: SigmaCorrelationRule, depth: int) -> Stage:
        """The matches and anchors of a correlation, after those of the ones inside it."""
        asked = plan(rule)
        stage = Stage(f"c{len(self.stages) + 1}", asked, asked.span)
        self.stages.append(stage)
        if depth > MAX_DEPTH or len(self.stages) > MAX_RULES:
            msg = f"correlations nest deeper than {MAX_DEPTH} or are more than {MAX_RULES}"
            raise SigmaCorrelationRuleError(msg)
        selects: list[str] = []
        for step, reference in enumerate(asked.references, 1):
            if isinstance(reference.rule, SigmaCorrelationRule):
                inner = self.stage(reference.rule, depth + 1)
                stage.inner.append((step, inner))
                selects.append(inner_matches(asked, reference, step, inner.plan, inner.cte("anchors")))
            else:
                selects += [base_matches(asked, reference, step, item) for item in self.searches(reference.rule)]
        if not selects:
            msg = "no table holds what the correlation's rules look for"
            raise SigmaCorrelationRuleError(msg)
        stage.seconds += max((inner.seconds for _, inner in stage.inner), default=0)
        self.add(stage.cte("matches"), once(asked, selects))
        self.add(stage.cte("anchors"), anchors(asked, stage.cte("matches"), stage.seconds))
        return stage

    def evidence(self, stage: Stage) -> None:
        """The matches that took part in the episodes, down to the events of inner correlations."""
        for part in (episodes.spans, episodes.moments, episodes.taken):
            self.add(stage.cte(part.__name__), part(stage))
        for step, inner in stage.inner:
            self.add(inner.cte("members"), episodes.inner_members(stage, inner, step))
            self.evidence(inner)
