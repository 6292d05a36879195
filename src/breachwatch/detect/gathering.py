"""One scan of the scans of several pieces of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from breachwatch.model.finding import CompiledRule, Finding, Outcome, RuleOutcome, Scan, Window

_RANK = (Outcome.COULD_NOT_RUN, Outcome.MATCHED, Outcome.NO_MATCH, Outcome.NOT_APPLICABLE)


def gathered(window: Window, scans: Iterable[Scan]) -> Scan:
    """The scan of a window of the scans of its pieces, in their order; a finding of several is one."""
    findings: dict[str, Finding] = {}
    outcomes: dict[str, RuleOutcome] = {}
    rules: dict[str, CompiledRule] = {}
    events = 0
    for scan in scans:
        for found in scan.findings:
            known = findings.get(found.key)
            findings[found.key] = found if known is None else _grown(known, found)
        for ended in scan.outcomes:
            known_outcome = outcomes.get(ended.rule_id)
            outcomes[ended.rule_id] = ended if known_outcome is None else _worse(known_outcome, ended)
        rules |= {rule.revision: rule for rule in scan.rules}
        events += scan.events_in_window
    found_by: dict[str, int] = {}
    for found in findings.values():
        found_by[found.rule_id] = found_by.get(found.rule_id, 0) + 1
    return Scan(
        window=window,
        findings=tuple(sorted(findings.values(), key=lambda found: (found.first_time, found.rule_id, found.key))),
        outcomes=tuple(replace(item, findings=found_by.get(item.rule_id, 0)) for item in outcomes.values()),
        rules=tuple(rules.values()),
        events_in_window=events,
    )


def _grown(before: Finding, after: Finding) -> Finding:
    """An episode that went on: as the later piece tells it, with the events of both."""
    if after.last_time < before.last_time:
        before, after = after, before
    return replace(
        after,
        event_ids=tuple(dict.fromkeys((*before.event_ids, *after.event_ids))),
        event_count=max(before.event_count, after.event_count),
        first_time=min(before.first_time, after.first_time),
        entities=tuple(dict.fromkeys((*before.entities, *after.entities))),
    )


def _worse(one: RuleOutcome, other: RuleOutcome) -> RuleOutcome:
    """How a rule ended over both: what needs a person's eye comes first."""
    chosen = min(one, other, key=lambda item: _RANK.index(item.outcome))
    if Outcome.NOT_APPLICABLE in (one.outcome, other.outcome):
        return chosen
    unknown = tuple(name for name in one.unknown_fields if name in other.unknown_fields)
    return replace(chosen, unknown_fields=unknown)
