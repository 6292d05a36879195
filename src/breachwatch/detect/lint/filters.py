"""What is wrong with filters that do apply: nobody answers for them, they never end, they are for no rule.

Filters that do not apply (unreadable, expired, keeping what they should take out) are told by `load_filters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from breachwatch.detect.problems import RuleProblem, Severity
from breachwatch.detect.reading import CUSTOM_KEY, parse_document
from breachwatch.detect.rulepack import Rule, RulePack

SOON = timedelta(days=14)
_KEYS = frozenset({"owner", "reason", "expires"})
CHECK = "breachwatch_filter"


def check_filters(pack: RulePack, until: datetime) -> list[RuleProblem]:
    """The problems of a pack's filters, in their order; `until` says how far off their expiry is."""
    names = {name.casefold() for rule in pack.rules for name in _names(rule)}
    found: list[RuleProblem] = []
    for text in pack.filters:
        try:
            document = parse_document(text)
        except ValueError:
            continue  # told by load_filters
        title = f"filter: {document.get('title') or text.origin}"
        found += [
            RuleProblem(severity, text.origin, title, text.origin, message, CHECK)
            for severity, message in _problems(document, names, until.date())
        ]
    return found


def _problems(document: Mapping[str, Any], names: set[str], today: date) -> Iterator[tuple[Severity, str]]:
    given = document.get(CUSTOM_KEY)
    custom = given if isinstance(given, dict) else {}
    for key in ("owner", "reason"):
        if not str(custom.get(key) or "").strip():
            yield Severity.WARNING, f"has no {key}: write `{CUSTOM_KEY}: {{{key}: ...}}`, so that it can be asked about"
    unknown = sorted(str(key) for key in set(custom) - _KEYS)
    if unknown:
        known = ", ".join(sorted(_KEYS))
        yield Severity.WARNING, f"`{CUSTOM_KEY}` has the unknown key {unknown[0]!r} (known: {known})"
    expires = custom.get("expires")
    expires = expires.date() if isinstance(expires, datetime) else expires
    if expires is None:
        yield Severity.NOTE, "never expires: what is known good today may not be next year"
    elif isinstance(expires, date) and today < expires <= today + SOON:
        yield Severity.WARNING, f"expires on {expires.isoformat()}; renew it or let it go"
    for name in _missing(document.get("filter"), names):
        yield Severity.WARNING, f"is for the rule {name!r}, which does not run here"


def _missing(asked: object, names: set[str]) -> Iterable[str]:
    rules = asked.get("rules") if isinstance(asked, dict) else None
    listed = [rules] if isinstance(rules, str) else rules if isinstance(rules, list) else []
    return [str(name) for name in listed if str(name).casefold() not in names | {"any"}]


def _names(rule: Rule) -> Iterator[str]:
    yield rule.id
    if rule.head.said.get("name"):
        yield str(rule.head.said["name"])
