"""Why each finding's events matched: its rule's explanation, asked about those events alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any, TypeAlias

import pyarrow as pa

from breachwatch.detect.compiling import Compiler
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.why_told import Explanation
from breachwatch.detect.window import LakeWindow, Span
from breachwatch.model.finding import MOST_MATCHES, Finding, Match, Part

EVENTS_EXPLAINED = 6
"""Of each rule in a correlation's finding, so many events are explained one by one, half of them the last ones."""
Held: TypeAlias = tuple[Explanation, str, Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]] | None]
"""An event, the tests of an explanation that it passes, and the places of keywords among them."""

_OF_OTHERS = 8  # matches told of such an event but of the first, which passed the same tests


def explained(window: LakeWindow, compiler: Compiler, rule: Rule, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of a rule with what their events matched; of a correlation, which rule each event matched too."""
    if not findings:
        return ()
    if rule.is_correlation:
        return tuple(_episodes(window, compiler, rule, findings))
    events = [finding.event_ids[0] for finding in findings]
    place = window.place(compiler.searches(rule)) or "search"
    explanations = _explanations(window, compiler, rule)
    matches = _matches(window, place, rule, explanations, events)
    return tuple(replace(found, matched=matches.get(found.event_ids[0], ())) for found in findings)


def told_by_values(window: LakeWindow, compiler: Compiler, rule: Rule) -> Explanation | None:
    """The explanation of a rule over single events, if `told` can give it from values that the rule's query brings.

    Raises RuleError.
    """
    explanations = _explanations(window, compiler, rule)
    return explanations[0] if len(explanations) == 1 and explanations[0].plain is not None else None


def told(
    item: Explanation, rule_id: str, events: Sequence[str], values: Sequence[Sequence[Any]]
) -> dict[str, tuple[Match, ...]]:
    """What each of these events, all of them the rule's, matched; `values` are those of the plain tests' fields."""
    held = item.plain.held(values) if item.plain else [[] for _ in events]
    return _by_event(rule_id, ((item, event, one, ()) for event, one in zip(events, held, strict=True)))


def _explanations(window: LakeWindow, compiler: Compiler, rule: Rule) -> list[Explanation]:
    return [item for item in compiler.explanations(rule) if window.rows(item.dataset)]


def _episodes(window: LakeWindow, compiler: Compiler, rule: Rule, findings: Sequence[Finding]) -> Iterator[Finding]:
    asked = list(dict.fromkeys(event for finding in findings for event in finding.event_ids))
    of_rule: dict[str, tuple[Rule, set[str], dict[str, tuple[Match, ...]]]] = {}
    for base in rule.bases():
        explanations = compiler.explanations(base)
        mine = _members(window, explanations, asked)
        shown = {event for finding in findings for event in _told([e for e in finding.event_ids if e in mine])}
        of_rule[base.id] = base, mine, _matches(window, "wide", base, explanations, sorted(shown))
    for finding in findings:
        parts: list[Part] = []
        matched: list[Match] = []
        for base, mine, matches in of_rule.values():
            events = tuple(event for event in finding.event_ids if event in mine)
            if events:
                parts.append(Part(base.id, base.title, events))
            # Of each rule the same room: one that fails ten times leaves some for one that succeeds then.
            for event, most in zip(_told(events), chain([MOST_MATCHES], repeat(_OF_OTHERS)), strict=False):
                matched += matches.get(event, ())[:most]
        yield replace(finding, parts=tuple(parts), matched=tuple(matched))


def _told(events: Sequence[str]) -> Sequence[str]:
    """The first events and the last: how it began, and what it came to."""
    half = EVENTS_EXPLAINED // 2
    return events if len(events) <= EVENTS_EXPLAINED else [*events[:half], *events[-half:]]


def _members(window: LakeWindow, explanations: Sequence[Explanation], asked: Sequence[str]) -> set[str]:
    """The asked events that match the rule."""
    found: set[str] = set()
    with window.table("asked_events", pa.table({"event_id": pa.array(asked, pa.string())})):
        for item in explanations:
            found.update(event for (event,) in window.run("wide", f"SELECT event_id FROM (\n{item.sql}\n)"))
    return found


def _matches(
    window: LakeWindow, span: Span, rule: Rule, explanations: Sequence[Explanation], asked: Sequence[str]
) -> dict[str, tuple[Match, ...]]:
    """What each of the asked events matched."""
    with window.table("asked_events", pa.table({"event_id": pa.array(asked, pa.string())})):
        # Of several searches nobody knows yet which one found an event.
        known = len(explanations) == 1
        return _by_event(rule.id, (row for item in explanations for row in _held(window, span, item, known=known)))


def _held(window: LakeWindow, span: Span, item: Explanation, *, known: bool) -> Iterator[Held]:
    """What an explanation tells of the asked events; `known`: that all of them match."""
    if item.plain is None or not known:
        for event, held, places in window.run(span, item.sql):
            yield item, event, held, places
    else:
        rows = window.run(span, item.plain.sql)
        for row, held in zip(rows, item.plain.held([row[1:] for row in rows]), strict=True):
            yield item, row[0], held, ()


def _by_event(rule_id: str, rows: Iterable[Held]) -> dict[str, tuple[Match, ...]]:
    found: dict[str, dict[Match, None]] = {}
    for item, event, held, places in rows:
        found.setdefault(event, {}).update(dict.fromkeys(_of(item, rule_id, event, held, places)))
    return {event: tuple(matches)[:MOST_MATCHES] for event, matches in found.items()}


def _of(
    item: Explanation,
    rule_id: str,
    event: str,
    held: Sequence[Mapping[str, Any]],
    places: Sequence[Mapping[str, Any]] | None,
) -> Iterator[Match]:
    where = {place["test"]: place for place in places or ()}
    for one in held:
        selection, field, test, pattern = item.tests[one["test"] - 1]
        cell = where.get(one["test"], one)
        yield Match(
            rule_id=rule_id,
            event_id=event,
            selection=selection,
            field=cell.get("name", field),
            test=test,
            pattern=pattern,
            value=cell["value"] or "",
            found=cell["found"] or "",
        )
