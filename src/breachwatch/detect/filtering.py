"""Sigma Filters: the way to tune rules without editing them.

A filter's condition is joined to the condition of the rules it names with `and`, so it must say what is to be *kept*:
`not selection`. A condition that describes what to leave out (`selection`) would keep only that; it is refused with an
explanation. `breachwatch: {owner, reason, expires}` says who wants it, why and until when (a date; on it the filter no
longer applies).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetections, SigmaRule

from breachwatch.detect.backend.detections import ValuesOf, detections_of, no_values
from breachwatch.detect.loading import RuleText
from breachwatch.detect.reading import CUSTOM_KEY, parse_document
from breachwatch.detect.rulepack import failed
from breachwatch.model.finding import Level, Outcome, RuleOutcome


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters that apply, the texts they came from, and the outcomes of those that do not."""

    applied: tuple[SigmaFilter, ...]
    revisions: tuple[str, ...]
    problems: tuple[RuleOutcome, ...]

    def on(self, rule: SigmaRule) -> SigmaRule:
        """The rule with every filter that is meant for it; the rule itself is changed."""
        for item in self.applied:
            item.apply_on_rule(rule)
        return rule


def load_filters(texts: Iterable[RuleText], until: datetime, values_of: ValuesOf = no_values) -> Filters:
    """The filters of a run that searches events before `until`; `values_of` fills in their placeholders."""
    applied: list[SigmaFilter] = []
    revisions: list[str] = []
    problems: list[RuleOutcome] = []
    for text in texts:
        try:
            document = parse_document(text)
            parsed = _parsed(document, values_of)
            expires = _expiry(document.get(CUSTOM_KEY))
            _refuse_keeping(parsed)
        except (SigmaError, ValueError) as error:
            problems.append(failed(text.origin, f"the filter is not applied: {error}"))
            continue
        if expires is not None and expires <= until.date():
            reason = f"{text.origin}: the filter expired on {expires.isoformat()} and is no longer applied"
            title = f"filter: {parsed.title}"
            problems.append(RuleOutcome(text.origin, title, Level.LOW, Outcome.NOT_APPLICABLE, reason=reason))
            continue
        applied.append(parsed)
        revisions.append(text.revision)
    return Filters(tuple(applied), tuple(revisions), tuple(problems))


def _parsed(document: Mapping[str, Any], values_of: ValuesOf) -> SigmaFilter:
    """A filter, its selections read as those of rules are."""
    said = document["filter"]
    named = {name: part for name, part in said.items() if name not in ("rules", "condition")}
    read_by_pysigma = {**said, **{name: {"field": "value"} for name in named}}
    parsed = SigmaFilter.from_dict({**document, "filter": read_by_pysigma})
    if named:
        parsed.filter.detections = detections_of({**named, "condition": parsed.filter.condition}, values_of).detections
    return parsed


def _expiry(custom: object) -> date | None:
    if not isinstance(custom, dict):
        return None
    expires = custom.get("expires")
    if isinstance(expires, datetime):
        return expires.date()
    if expires is not None and not isinstance(expires, date):
        msg = f"`expires` is {expires!r}, no date like 2026-12-31"
        raise ValueError(msg)
    return expires


def _refuse_keeping(parsed: SigmaFilter) -> None:
    """An event that no selection of the filter describes must still be reported."""
    probe = {name: {"field": "value"} for name in parsed.filter.detections}
    detections = SigmaDetections.from_dict({**probe, "condition": parsed.filter.condition})
    if not all(_holds_for_others(condition.parsed) for condition in detections.parsed_condition):
        msg = (
            f"its condition `{parsed.filter.condition[0]}` would keep only the events it describes and hide all "
            "others. Sigma joins it to the rule with `and`: write what to keep, as in `not selection`."
        )
        raise ValueError(msg)


def _holds_for_others(condition: object) -> bool:
    """The condition's value where every selection is false."""
    if isinstance(condition, ConditionNOT):
        return not _holds_for_others(condition.args[0])
    if isinstance(condition, ConditionAND):
        return all(_holds_for_others(arg) for arg in condition.args)
    if isinstance(condition, ConditionOR):
        return any(_holds_for_others(arg) for arg in condition.args)
    return False
