"""What the events of an alert matched, as the JSON that records and evidence keep."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields

from breachwatch.model.finding import Finding, Match, Part


def to_json(matched: Iterable[Match], parts: Iterable[Part]) -> str:
    """`{"matched": [...], "parts": [...]}` with the fields of the two types, ASCII only; what is empty is left out."""
    said = [{name: value for name, value in asdict(match).items() if value} for match in matched]
    told = [asdict(part) for part in parts]
    return json.dumps({key: value for key, value in (("matched", said), ("parts", told)) if value})


def from_json(text: str) -> tuple[tuple[Match, ...], tuple[Part, ...]]:
    """The opposite of `to_json`."""
    data = json.loads(text)
    names = [item.name for item in fields(Match)]
    matched = tuple(Match(**{name: match.get(name, "") for name in names}) for match in data.get("matched", ()))
    parts = (Part(part["rule_id"], part["rule_title"], tuple(part["event_ids"])) for part in data.get("parts", ()))
    return matched, tuple(parts)


def grown(before: str, finding: Finding) -> str:
    """The JSON of an alert that gained events: what the finding says now, and the events its parts had before."""
    had = {part.rule_id: part for part in from_json(before)[1]}
    now = {part.rule_id: part for part in finding.parts}
    parts = [
        Part(
            rule, (now.get(rule) or had[rule]).rule_title, tuple(dict.fromkeys(_events(had, rule) + _events(now, rule)))
        )
        for rule in {**had, **now}
    ]
    return to_json(finding.matched or from_json(before)[0], parts)


def _events(parts: dict[str, Part], rule: str) -> tuple[str, ...]:
    return parts[rule].event_ids if rule in parts else ()
