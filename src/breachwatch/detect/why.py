"""Why each finding's events matched: its rule's explanation, asked about those events alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import pyarrow as pa

from breachwatch.detect.compiling import Compiler
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.why_told import Explanation
from breachwatch.detect.window import LakeWindow, Span
from breachwatch.model.finding import MOST_MATCHES, Finding, Match, Part

EVENTS_EXPLAINED = 6
"""Of each rule in a correlation's finding, so many events are explained one by one, half of them the last ones."""
_OF_OTHERS = 8  # matches told of such an event but of the first, which passed the same tests


def explained(window: LakeWindow, compiler: Compiler, rule: Rule, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of a rule with what their events matched; of a correlation, which rule each event matched too."""
    if not findings:
        return ()
    if rule.is_correlation:
        return tuple(_episodes(window, compiler, rule, findings))
    events = [finding.event_ids[0] for finding in findings]
    place = window.place(compiler.searches(rule)) or "search"
    explanations = [item for item in compiler.explanations(rule) if window.rows(item.dataset)]
    matches = _matches(window, place, rule, explanations, events)
    return tuple(replace(found, matched=matches.get(found.event_ids[0], ())) for found in findings)


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
    found: dict[str, dict[Match, None]] = {}
    with window.table("asked_events", pa.table({"event_id": pa.array(asked, pa.string())})):
        for item in explanations:
            # Of several searches nobody knows yet which one found an event.
            for event, held, places in _held(window, span, item, known=len(explanations) == 1):
                known = found.setdefault(event, {})
                known.update(dict.fromkeys(_of(item, rule.id, event, held, places)))
    return {event: tuple(matches)[:MOST_MATCHES] for event, matches in found.items()}


def _held(window: LakeWindow, span: Span, item: Explanation, *, known: bool) -> Iterator[tuple[str, Any, Any]]:
    """The rows of an explanation about the asked events; `known`: that all of them match."""
    if item.plain is None or not known:
        yield from window.run(span, item.sql)
    else:
        for row in window.run(span, item.plain.sql):
            yield row[0], item.plain.held(row), None


def _of(
    item: Explanation, rule_id: str, event: str, held: Sequence[Mapping[str, Any]], places: Sequence[Mapping[str, Any]]
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
