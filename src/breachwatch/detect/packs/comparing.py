"""What changes between two sets of rules: which come, go or change, which stop working."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from breachwatch.detect.loading import LoadProblem, RuleText
from breachwatch.detect.packs.manifest import PackProblem, Selection
from breachwatch.detect.rulepack import Rule, RulePack, pack_of
from breachwatch.model.finding import Level

Trial = Callable[[Rule], str]
"""Why a rule cannot run; empty where it can."""

_DIFF_LINES = 400  # of one rule
_SEARCH = ("logsource", "detection", "correlation")
_SHOWN = ("title", "level", "status")


class Kind(StrEnum):
    """What happens to a rule."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    NEW_ID = "new id"  # the same rule under another id: its earlier findings will not be recognised


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that runs on one side only, or otherwise than on the other."""

    kind: Kind
    rule_id: str
    title: str
    level: Level
    author: str
    where: str
    what: tuple[str, ...] = ()
    old_id: str = ""
    stops: str = ""  # why it cannot run from now on; empty where it can, or never could
    text: tuple[str, ...] = ()  # a unified diff of the YAML


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets of rules compared. `worded`: rules that differ only in what no search depends on."""

    old: str
    new: str
    changes: tuple[RuleChange, ...]
    worded: int
    same: int
    unreadable: tuple[PackProblem, ...]

    @property
    def stopping(self) -> tuple[RuleChange, ...]:
        return tuple(change for change in self.changes if change.stops)

    def of(self, kind: Kind) -> tuple[RuleChange, ...]:
        return tuple(change for change in self.changes if change.kind is kind)


@dataclass(frozen=True, slots=True)
class Side:
    """One set of rules: all of them, and the ids of those that are selected."""

    name: str
    rules: RulePack
    selected: frozenset[str]

    @classmethod
    def of(cls, name: str, texts: Iterable[RuleText | LoadProblem], selection: Selection | None = None) -> Side:
        """A side of rule texts. Without a selection every rule counts."""
        pack = pack_of(texts)
        taken = (
            rule.id
            for rule in pack.rules
            if selection is None or selection.takes(rule.level, rule.head.said, rule.products)
        )
        return cls(name, pack, frozenset(taken))


def compare(old: Side, new: Side, trial: Trial) -> Comparison:
    """What `new` changes for whoever runs `old`; only selected rules count as running."""
    before = {rule.id: rule for rule in old.rules.rules}
    after = {rule.id: rule for rule in new.rules.rules}
    changes: list[RuleChange] = []
    worded = same = 0
    for rule_id in sorted(old.selected | new.selected):
        was, now = before.get(rule_id), after.get(rule_id)
        if now is None or rule_id not in new.selected:
            assert was is not None  # noqa: S101 - it is selected on one of the sides
            changes.append(_change(Kind.REMOVED, was, what=_why_selected(was, now), text=_diff(was, now)))
        elif was is None or rule_id not in old.selected:
            text = _diff(was, now)
            changes.append(_change(Kind.ADDED, now, what=_why_selected(was, now), stops=trial(now), text=text))
        elif was.source.text == now.source.text:
            same += 1
        else:
            what = _differences(was, now)
            stops = trial(now)
            if stops and trial(was):
                stops = ""  # it never could run
            worded += not what and not stops
            if what or stops:
                changes.append(_change(Kind.CHANGED, now, what=what, stops=stops, text=_diff(was, now)))
    unreadable = tuple(PackProblem.of(item) for item in new.rules.problems)
    return Comparison(old.name, new.name, tuple(_with_new_ids(changes, before, after)), worded, same, unreadable)


def _change(kind: Kind, rule: Rule, what: tuple[str, ...], text: tuple[str, ...], stops: str = "") -> RuleChange:
    where = rule.source.origin
    return RuleChange(kind, rule.id, rule.title, rule.level, rule.author, where, what, stops=stops, text=text)


def _differences(was: Rule, now: Rule) -> tuple[str, ...]:
    """What differs that an analyst would notice, what it searches for first."""
    found = [key for key in _SEARCH if was.document.get(key) != now.document.get(key)]
    for key in _SHOWN:
        old, new = was.document.get(key), now.document.get(key)
        if old != new:
            found.append(f"{key} {old or 'none'} -> {new or 'none'}")
    if was.tags != now.tags:
        found.append("tags")
    return tuple(found)


def _why_selected(was: Rule | None, now: Rule | None) -> tuple[str, ...]:
    """What brings a rule in or takes it out that both sides hold."""
    if was is None or now is None:
        return ()
    return ("by the selection", *_differences(was, now))


def _diff(was: Rule | None, now: Rule | None) -> tuple[str, ...]:
    old = was.source.text.splitlines() if was else []
    new = now.source.text.splitlines() if now else []
    names = (was.source.origin if was else "nothing", now.source.origin if now else "nothing")
    lines = list(difflib.unified_diff(old, new, *names, lineterm=""))
    more = len(lines) - _DIFF_LINES
    return (*lines[:_DIFF_LINES], f"... and {more} lines more") if more > 0 else tuple(lines)


def _with_new_ids(changes: list[RuleChange], before: dict[str, Rule], after: dict[str, Rule]) -> Iterable[RuleChange]:
    """A rule that went and one that came with the same search or title are one rule under another id."""
    gone: dict[object, RuleChange] = {}
    for change in changes:
        if change.kind is Kind.REMOVED and change.rule_id not in after:
            for mark in _marks(before[change.rule_id]):
                gone.setdefault(mark, change)
    met: dict[str, RuleChange] = {}
    taken: set[str] = set()
    for change in changes:
        if change.kind is Kind.ADDED and change.rule_id not in before:
            twin = next((gone[mark] for mark in _marks(after[change.rule_id]) if mark in gone), None)
            if twin is not None and twin.rule_id not in taken:
                taken.add(twin.rule_id)
                met[change.rule_id] = twin
    for change in changes:
        if change.rule_id in met:
            was, now = before[met[change.rule_id].rule_id], after[change.rule_id]
            yield RuleChange(
                Kind.NEW_ID, now.id, now.title, now.level, now.author, change.where, _differences(was, now),
                old_id=was.id, stops=change.stops, text=_diff(was, now),
            )  # fmt: skip
        elif change.rule_id not in taken:
            yield change


def _marks(rule: Rule) -> tuple[str, ...]:
    """By what a rule is known again under another id."""
    search = repr([rule.document.get(key) for key in _SEARCH])
    return (f"search {search}", f"title {rule.title.casefold()}")
