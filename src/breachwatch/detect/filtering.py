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
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from breachwatch.detect.cache import NO_CACHE, Cache
from breachwatch.detect.loading import RuleText
from breachwatch.detect.placeholders import ValuesOf, no_values
from breachwatch.detect.reading import CUSTOM_KEY, parse_document
from breachwatch.detect.rulepack import failed
from breachwatch.model.finding import Level, Outcome, RuleOutcome

if TYPE_CHECKING:
    from sigma.filters import SigmaFilter
    from sigma.rule import SigmaRule


@dataclass(frozen=True)
class Filter:
    """A filter that applies, and what it says of itself; an owner or a reason that it does not name is ""."""

    text: RuleText
    title: str
    owner: str = ""
    reason: str = ""
    expires: date | None = None
    values_of: ValuesOf = field(default=no_values, repr=False)

    @cached_property
    def parsed(self) -> SigmaFilter:
        """The filter as pySigma's object. Raises ValueError that says why it cannot be applied."""
        from breachwatch.detect.filter_condition import filter_of

        return filter_of(parse_document(self.text), self.values_of)

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

    def texts_for(self, rule: SigmaRule) -> list[RuleText]:
        """The texts of the filters that are meant for a rule, in their order."""
        return [item.text for item in self.applied if item.is_for(rule)]


def load_filters(
    texts: Iterable[RuleText], until: datetime, values_of: ValuesOf = no_values, kept: Cache = NO_CACHE
) -> Filters:
    """The filters of a run that searches events before `until`, in the city's time zone: its date ends filters.

    `values_of` fills in their placeholders. `kept` keeps what was read of them from run to run, for these values.
    """
    applied: list[Filter] = []
    problems: list[RuleOutcome] = []
    for text in texts:
        try:
            item = _known(text, values_of, kept)
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


def _known(text: RuleText, values_of: ValuesOf, kept: Cache) -> Filter:
    """A filter, read only if no run before has. Raises ValueError that says why it cannot be applied."""
    name = f"{text.revision}.filter"
    said = kept.get(name)
    if isinstance(said, str):
        raise ValueError(said)  # noqa: TRY004 - one kind of error for all that is wrong with a text
    if said is None:
        try:
            item = read_filter(text, values_of)
        except ValueError as error:
            kept.put(name, str(error))
            raise
        kept.put(name, [item.title, item.owner, item.reason, item.expires.isoformat() if item.expires else None])
        return item
    title, owner, reason, expires = said
    return Filter(text, title, owner, reason, date.fromisoformat(expires) if expires else None, values_of)


def read_filter(text: RuleText, values_of: ValuesOf = no_values) -> Filter:
    """One filter, expired or not. Raises ValueError that says why it cannot be applied."""
    document = parse_document(text)
    if not isinstance(document.get("filter"), dict):
        msg = "it is no Sigma filter: a mapping under `filter` is expected"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that is wrong with a text
    from breachwatch.detect.filter_condition import filter_of

    parsed = filter_of(document, values_of)
    given = document.get(CUSTOM_KEY)
    custom = given if isinstance(given, dict) else {}
    owner, reason = (_words(custom, key) for key in ("owner", "reason"))
    return Filter(text, str(parsed.title), owner, reason, _expiry(custom.get("expires")), values_of)


def _words(custom: Mapping[str, Any], key: str) -> str:
    value = custom.get(key)
    if value is not None and not isinstance(value, str):
        msg = f"`{CUSTOM_KEY}.{key}` is {value!r}, no text"
        raise ValueError(msg)
    return " ".join((value or "").split())


def _expiry(expires: object) -> date | None:
    if isinstance(expires, datetime):
        return expires.date()
    if expires is not None and not isinstance(expires, date):
        msg = f"`expires` is {expires!r}, no date like 2026-12-31"
        raise ValueError(msg)
    return expires
