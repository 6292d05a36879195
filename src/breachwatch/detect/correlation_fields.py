"""The fields that a correlation itself names, beside those of its rules: what it groups by, counts and measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from breachwatch.detect.rulepack import Rule


def named_fields(rule: Rule) -> Iterator[tuple[str, Rule, str]]:
    """Each field as the correlation (or one that it is over) says it, a rule over single events, and its name of it."""
    for correlation in (rule, *rule.below()):
        if not correlation.is_correlation:
            continue
        asked = correlation.head.said["correlation"]
        condition, aliases = asked.get("condition"), asked.get("aliases")
        counted = _listed(condition.get("field")) if isinstance(condition, dict) else []
        for base in correlation.refers_to:
            if not base.is_correlation:
                for name in (*_listed(asked.get("group-by")), *counted):
                    yield name, base, _called(aliases, name, base)


def _called(aliases: Any, name: str, base: Rule) -> str:
    """What a rule calls an aliased field."""
    said = aliases.get(name) if isinstance(aliases, dict) else None
    if not isinstance(said, dict):
        return name
    return next((str(said[known]) for known in (base.head.said.get("name"), base.id) if known in said), name)


def _listed(value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return [name for name in given if isinstance(name, str)]
