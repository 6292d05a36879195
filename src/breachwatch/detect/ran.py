"""How a rule ended: its outcome, its findings, and the rule as it was run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from breachwatch.detect import describing
from breachwatch.detect.loading import RuleText
from breachwatch.detect.provenance import origin_of, origin_of_filter
from breachwatch.detect.rulepack import Rule
from breachwatch.model.finding import CompiledRule, Finding, Match, Outcome, RuleOutcome, make_finding_key

_DATASET_CHARS = 63


@dataclass(frozen=True, slots=True)
class Ran:
    """How a rule ended, what it found, and what it was run as (None where it found nothing)."""

    outcome: RuleOutcome
    findings: tuple[Finding, ...] = ()
    compiled: CompiledRule | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of a single-event rule's result."""

    time: datetime | None
    event_id: str
    observed_at: datetime
    weight: int
    dataset: str
    who: describing.Who
    why: dict[str, str]
    matched: tuple[Match, ...] = ()  # where the rule's own query told it


def finding_of(rule: Rule, revision: str, hit: Hit) -> Finding:
    """A single-event rule's finding."""
    at = (hit.time or hit.observed_at).replace(tzinfo=UTC)
    return Finding(
        key=make_finding_key(rule.id, hit.event_id),
        rule_id=rule.id,
        rule_title=rule.title,
        rule_revision=revision,
        level=rule.level,
        dataset=hit.dataset,
        event_ids=(hit.event_id,),
        first_time=at,
        last_time=at,
        event_count=hit.weight,
        entities=describing.entities([(hit.who, hit.weight)]),
        tags=rule.tags,
        why=hit.why,
        matched=hit.matched,
    )


def matched(rule: Rule, findings: tuple[Finding, ...], total: int, compiled: CompiledRule) -> Ran:
    """A rule that found something; of `total` findings those that the settings allow."""
    more = total - len(findings)
    reason = f"{more} more were left out (detect.max_findings_per_rule is {len(findings)})" if more > 0 else ""
    return Ran(rule.outcome(Outcome.MATCHED, reason, findings=len(findings)), findings, compiled)


def as_run(rule: Rule, filters: Sequence[RuleText], sql: str, datasets: Sequence[str]) -> CompiledRule:
    """The rule with the rules it is over, its filters and its SQL, under one revision: what changes any is another."""
    parts = (*rule.below(), rule)
    texts = [*(part.source for part in parts), *filters]
    text = "---\n".join(_ended(part.text) for part in texts)
    named = ",".join(dict.fromkeys(datasets))
    return CompiledRule(
        rule_id=rule.id,
        title=rule.title,
        revision=hashlib.sha256(f"{text}\0{sql}".encode()).hexdigest(),
        text=text,
        sql=sql,
        dataset=named if len(named) <= _DATASET_CHARS else datasets[0],
        origins=(*map(origin_of, parts), *map(origin_of_filter, filters)),
    )


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
