"""The rules of a run: read, checked one by one, their references resolved.

A rule stays text until it is compiled (see `reading`); what is wrong with it by then is a `RuleOutcome` that names file
and reason and never stops the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breachwatch.detect.cache import NO_CACHE, Cache
from breachwatch.detect.loading import PACKS, LoadProblem, RuleText, read_rules
from breachwatch.detect.packs import Pack, Selection, installed, pack_at, product_of
from breachwatch.detect.reading import CUSTOM_KEY, Head, NoRuleError, head_of, parse_document
from breachwatch.model.finding import Level, Outcome, RuleOutcome

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # a rule's name in a boolean condition


@dataclass(eq=False)
class Rule:
    """One rule document: a rule over single events, or a correlation."""

    source: RuleText
    head: Head
    reports: bool = True  # False: it only serves correlations
    problem: str = ""  # why it cannot run, once known
    refers_to: list[Rule] = field(default_factory=list)
    parsed: dict[str, Any] | None = field(default=None, repr=False)  # the document, where it was read just now

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def title(self) -> str:
        return self.head.title

    @property
    def level(self) -> Level:
        return self.head.level

    @property
    def document(self) -> dict[str, Any]:
        """The whole YAML mapping; parsed when first asked for, by what compiles a rule or shows all of it."""
        if self.parsed is None:
            self.parsed = parse_document(self.source)
        return self.parsed

    @property
    def is_correlation(self) -> bool:
        return self.head.kind == "correlation"

    @property
    def references(self) -> list[str]:
        """Names or ids of the rules that a correlation is over: its list, else those that its condition names."""
        asked = self.head.said["correlation"] if self.is_correlation else {}
        named = asked.get("rules")
        if named is None and isinstance(asked.get("condition"), str):
            words = dict.fromkeys(_WORD.findall(asked["condition"]))
            return [word for word in words if word not in ("and", "or", "not")]
        return [named] if isinstance(named, str) else [str(item) for item in named or ()]

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(str(tag) for tag in self.head.said.get("tags") or ())

    @property
    def author(self) -> str:
        """Who wrote it, as the rule says; to be shown wherever the rule is (Detection Rule License 1.1)."""
        return author_of(self.head.said)

    @property
    def products(self) -> frozenset[str]:
        """The product its log source names, or `none`; of a correlation, those of the rules that it is over."""
        return frozenset(product_of(rule.head.said) for rule in (self.bases() if self.is_correlation else [self]))

    @property
    def custom(self) -> Mapping[str, Any]:
        return self.head.said.get(CUSTOM_KEY) or {}

    @property
    def logsource(self) -> str:
        """The log source as people write it: `product windows, service security`."""
        given = self.head.said.get("logsource")
        given = given if isinstance(given, dict) else {}
        named = (f"{key} {given[key]}" for key in ("product", "category", "service") if given.get(key))
        return ", ".join(named) or "none named"

    def bases(self) -> list[Rule]:
        """The single-event rules that a correlation is over, at any depth, each once."""
        return [rule for rule in _below(self) if not rule.is_correlation]

    def below(self) -> list[Rule]:
        """All rules that a correlation is over, at any depth, each once."""
        return [rule for rule in _below(self) if rule is not self]

    def outcome(self, outcome: Outcome, reason: str = "", **more: Any) -> RuleOutcome:
        """How this rule ended."""
        return RuleOutcome(self.id, self.title, self.level, outcome, reason=reason, author=self.author, **more)


def author_of(said: Mapping[str, Any]) -> str:
    """The authors that a document names."""
    given = said.get("author")
    return ", ".join(map(str, given)) if isinstance(given, list) else str(given or "")


@dataclass
class RulePack:
    """Rules in the order they were read, what could not be read or refers to nothing, and the filter texts."""

    rules: list[Rule] = field(default_factory=list)
    problems: list[RuleOutcome] = field(default_factory=list)
    filters: list[RuleText] = field(default_factory=list)

    def with_id(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def load_pack(
    places: Iterable[str],
    root: Path,
    *,
    filters: Iterable[str] = (),
    minimum_level: Level = Level.INFORMATIONAL,
    heads: Cache = NO_CACHE,
) -> RulePack:
    """Read the rules of all places. Rules below `minimum_level` are left out unless a correlation needs them.

    Filters are read from `filters`, from the filters that come with breachwatch where "builtin" is among the places,
    and from rule folders that hold them. `heads` keeps what was read from run to run; the caller saves it.
    """
    places = tuple(places)
    texts = [text for place in places for text in read_rules(place, root, kept=heads)]
    texts += [text for place in places if place == "builtin" for text in read_rules(place, root, "filters")]
    texts += [text for place in filters for text in read_rules(place, root, "filters")]
    return pack_of(texts, minimum_level, heads, _selections(places, root))


def _selections(places: Iterable[str], root: Path) -> dict[str, Selection]:
    """What of the installed packs runs, by the packs' names."""
    folders = {place: root / Path(place).expanduser() for place in places}
    found = [pack for place in folders for pack in (installed(root) if place == PACKS else [pack_at(folders[place])])]
    return {pack.name: pack.manifest.selection for pack in found if isinstance(pack, Pack)}


def pack_of(
    texts: Iterable[RuleText | LoadProblem],
    minimum_level: Level = Level.INFORMATIONAL,
    heads: Cache = NO_CACHE,
    selections: Mapping[str, Selection] | None = None,
) -> RulePack:
    """A pack of rule texts, whatever place they came from.

    `selections` says which rules of installed packs are taken, by the name of the pack. Filters of such packs are not:
    what is taken out of rules is decided here, not by whoever wrote the pack.
    """
    pack = RulePack()
    by_id: dict[str, Rule] = {}
    for text in texts:
        if isinstance(text, LoadProblem):
            pack.problems.append(failed(text.origin, text.reason))
            continue
        try:
            head, parsed = head_of(text, heads)
        except ValueError as error:
            pack.problems.append(failed(text.origin, str(error), excused=isinstance(error, NoRuleError)))
            continue
        if head.kind == "filter":
            if not text.pack:
                pack.filters.append(text)
            continue
        rule = Rule(text, head, parsed=parsed)
        first = by_id.setdefault(rule.id, rule)
        if first is rule:
            pack.rules.append(rule)
        else:
            reason = f"{text.origin}: has the same id as {first.source.origin}, which was read first"
            pack.problems.append(RuleOutcome(rule.id, rule.title, rule.level, Outcome.COULD_NOT_RUN, reason=reason))
    _resolve(pack)
    _leave_out(pack, minimum_level, selections or {})
    return pack


def failed(origin: str, reason: str, *, excused: bool = False) -> RuleOutcome:
    """The outcome of a text that did not become a rule; its origin stands for id and title."""
    reason = f"{origin}: {reason}"
    return RuleOutcome(origin, origin, Level.MEDIUM, Outcome.COULD_NOT_RUN, reason=reason, excused=excused)


def _resolve(pack: RulePack) -> None:
    names = {str(rule.head.said["name"]): rule for rule in reversed(pack.rules) if "name" in rule.head.said}
    names |= {rule.id: rule for rule in reversed(pack.rules)}
    generated: set[str] = set()
    for rule in pack.rules:
        for reference in rule.references:
            target = names.get(reference) or names.get(reference.lower())
            if target is None:
                rule.problem = f"refers to the rule {reference!r}, which does not exist"
            else:
                rule.refers_to.append(target)
                if rule.head.said["correlation"].get("generate") is True:
                    generated.add(target.id)
                target.reports = False
    for rule in pack.rules:
        rule.reports = rule.reports or rule.id in generated
    for rule in pack.rules:
        if rule.is_correlation and not rule.problem and rule in _below(rule):
            rule.problem = "refers to itself in a circle"
    for rule in pack.rules:
        broken = next((below for below in _below(rule) if below.problem), None)
        if broken is not None and not rule.problem:
            rule.problem = f"refers to {broken.title!r}, which cannot run: {broken.problem}"


def _below(rule: Rule) -> list[Rule]:
    """All rules that a correlation is over, at any depth, each once; the rule itself among them in a circle."""
    found: dict[int, Rule] = {}
    waiting = list(rule.refers_to)
    while waiting:
        target = waiting.pop(0)
        if id(target) not in found:
            found[id(target)] = target
            waiting.extend(target.refers_to)
    return list(found.values())


def _leave_out(pack: RulePack, minimum_level: Level, selections: Mapping[str, Selection]) -> None:
    taken = {id(rule) for rule in pack.rules if rule.level >= minimum_level and _is_selected(rule, selections)}
    for rule in pack.rules:
        rule.reports = rule.reports and id(rule) in taken
    # A rule with a problem stays, to be named: in a circle none of the rules reports.
    wanted = {id(rule) for rule in pack.rules if rule.reports or (rule.problem and id(rule) in taken)}
    for rule in pack.rules:
        if rule.reports:
            wanted |= {id(below) for below in _below(rule)}
    pack.rules = [rule for rule in pack.rules if id(rule) in wanted]


def _is_selected(rule: Rule, selections: Mapping[str, Selection]) -> bool:
    selection = selections.get(rule.source.pack)
    return selection is None or selection.takes(rule.level, rule.head.said, rule.products)
