"""Sigma Filters: the way to tune rules without editing them.

A filter's condition is joined to the condition of the rules it names with `and`, so it must say what is to be *kept*:
`not selection`. A condition that describes what to leave out (`selection`) would keep only that; it is refused with an
explanation. `breachwatch: {owner, reason, expires}` says who wants it, why and until when (a date of the city's
calendar; on it the filter no longer applies).

A filter applies to rules over single events, wherever they are used: to a correlation through the rules that it is
over. It is joined once to each rule that it names (or to `any`) and whose log source it covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyparsing
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
class Filter:
    """A filter that applies, and what it says of itself; an owner or a reason that it does not name is ""."""

    text: RuleText
    parsed: SigmaFilter
    owner: str = ""
    reason: str = ""
    expires: date | None = None

    @property
    def title(self) -> str:
        return str(self.parsed.title)

    def is_for(self, rule: SigmaRule) -> bool:
        """Whether it names the rule and covers its log source."""
        return bool(self.parsed._should_apply_on_rule(rule))


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters that apply, and the outcomes of those that do not."""

    applied: tuple[Filter, ...]
    problems: tuple[RuleOutcome, ...]

    @property
    def revisions(self) -> tuple[str, ...]:
        """SHA-256 of each filter's text."""
        return tuple(item.text.revision for item in self.applied)

    def on(self, rule: SigmaRule) -> SigmaRule:
        """The rule with every filter that is meant for it; the rule itself is changed."""
        for item in self.applied:
            item.parsed.apply_on_rule(rule)
        return rule

    def texts_for(self, rules: Iterable[SigmaRule]) -> list[RuleText]:
        """The texts of the filters that are meant for any of some rules, in their order."""
        listed = list(rules)
        return [item.text for item in self.applied if any(item.is_for(rule) for rule in listed)]


def load_filters(texts: Iterable[RuleText], until: datetime, values_of: ValuesOf = no_values) -> Filters:
    """The filters of a run that searches events before `until`, in the city's time zone: its date ends filters.

    `values_of` fills in their placeholders.
    """
    applied: list[Filter] = []
    problems: list[RuleOutcome] = []
    for text in texts:
        try:
            item = read_filter(text, values_of)
        except ValueError as error:
            problems.append(failed(text.origin, f"the filter is not applied: {error}"))
            continue
        if item.expires is not None and item.expires <= until.date():
            asked = f"; ask {item.owner} whether it is still wanted" if item.owner else ""
            reason = f"{text.origin}: the filter expired on {item.expires.isoformat()} and is no longer applied{asked}"
            title = f"filter: {item.title}"
            problems.append(RuleOutcome(text.origin, title, Level.LOW, Outcome.NOT_APPLICABLE, reason=reason))
            continue
        applied.append(item)
    return Filters(tuple(applied), tuple(problems))


def read_filter(text: RuleText, values_of: ValuesOf = no_values) -> Filter:
    """One filter, expired or not. Raises ValueError that says why it cannot be applied."""
    document = parse_document(text)
    if not isinstance(document.get("filter"), dict):
        msg = "it is no Sigma filter: a mapping under `filter` is expected"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that is wrong with a text
    try:
        parsed = _parsed(document, values_of)
        _refuse_keeping(parsed)
    except (SigmaError, pyparsing.ParseBaseException) as error:
        raise ValueError(" ".join(str(error).split())) from error
    given = document.get(CUSTOM_KEY)
    custom = given if isinstance(given, dict) else {}
    owner, reason = (_words(custom, key) for key in ("owner", "reason"))
    return Filter(text, parsed, owner, reason, _expiry(custom.get("expires")))


def _words(custom: Mapping[str, Any], key: str) -> str:
    value = custom.get(key)
    if value is not None and not isinstance(value, str):
        msg = f"`{CUSTOM_KEY}.{key}` is {value!r}, no text"
        raise ValueError(msg)
    return " ".join((value or "").split())


def _parsed(document: Mapping[str, Any], values_of: ValuesOf) -> SigmaFilter:
    """A filter, its selections read as those of rules are."""
    said = document["filter"]
    named = {name: part for name, part in said.items() if name not in ("rules", "condition")}
    read_by_pysigma = {**said, **{name: {"field": "value"} for name in named}}
    parsed = SigmaFilter.from_dict({**document, "filter": read_by_pysigma})
    if named:
        parsed.filter.detections = detections_of({**named, "condition": parsed.filter.condition}, values_of).detections
    return parsed


def _expiry(expires: object) -> date | None:
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
