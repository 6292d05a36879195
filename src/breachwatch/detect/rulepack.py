"""The rules of a run: read, checked one by one, their references resolved.

A rule stays YAML data until it is compiled; what is wrong with it by then is a `RuleOutcome` that names file and reason
and never stops the others.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.rule.base import SigmaYAMLLoader, check_alias_expansion

from breachwatch.detect.loading import LoadProblem, RuleText, read_rules
from breachwatch.model.finding import Level, Outcome, RuleOutcome

CUSTOM_KEY = "breachwatch"
"""The custom attribute of a rule that holds what Sigma has no word for (`first_seen`, `entities`)."""

_CUSTOM_KEYS = frozenset({"first_seen", "entities", "guide"})


@dataclass(eq=False)
class Rule:
    """One rule document: a rule over single events, or a correlation."""

    source: RuleText
    document: dict[str, Any]
    id: str
    title: str
    level: Level
    reports: bool = True  # False: it only serves correlations
    problem: str = ""  # why it cannot run, once known
    refers_to: list[Rule] = field(default_factory=list)

    @property
    def is_correlation(self) -> bool:
        return "correlation" in self.document

    @property
    def references(self) -> list[str]:
        """Names or ids of the rules that a correlation is over."""
        named = self.document["correlation"].get("rules") if self.is_correlation else None
        return [named] if isinstance(named, str) else [str(item) for item in named or ()]

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(str(tag) for tag in self.document.get("tags") or ())

    @property
    def custom(self) -> Mapping[str, Any]:
        return self.document.get(CUSTOM_KEY) or {}

    @property
    def logsource(self) -> str:
        """The log source as people write it: `product windows, service security`."""
        given = self.document.get("logsource")
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
        return RuleOutcome(self.id, self.title, self.level, outcome, reason=reason, **more)


_DEPTH = 100  # SigmaHQ's deepest rule has 7 levels
_MUCH_INDENTED = re.compile(rf"^[ \t?:-]{{{_DEPTH},}}", re.MULTILINE)


@dataclass
class RulePack:
    """Rules in the order they were read, what could not be read or refers to nothing, and the filter texts."""

    rules: list[Rule] = field(default_factory=list)
    problems: list[RuleOutcome] = field(default_factory=list)
    filters: list[RuleText] = field(default_factory=list)

    def with_id(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def load_pack(
    places: Iterable[str], root: Path, *, filters: Iterable[str] = (), minimum_level: Level = Level.INFORMATIONAL
) -> RulePack:
    """Read the rules of all places. Rules below `minimum_level` are left out unless a correlation needs them.

    Filters are read from `filters`, from the filters that come with breachwatch where "builtin" is among the places,
    and from rule folders that hold them.
    """
    places = tuple(places)
    texts = [text for place in places for text in read_rules(place, root)]
    texts += [text for place in places if place == "builtin" for text in read_rules(place, root, "filters")]
    texts += [text for place in filters for text in read_rules(place, root, "filters")]
    return pack_of(texts, minimum_level)


def pack_of(texts: Iterable[RuleText | LoadProblem], minimum_level: Level = Level.INFORMATIONAL) -> RulePack:
    """A pack of rule texts, whatever place they came from."""
    pack = RulePack()
    by_id: dict[str, Rule] = {}
    for text in texts:
        if isinstance(text, LoadProblem):
            pack.problems.append(failed(text.origin, text.reason))
            continue
        try:
            document = _document(text)
            if "filter" in document:
                pack.filters.append(text)
                continue
            rule = _rule(text, document)
        except ValueError as error:
            pack.problems.append(failed(text.origin, str(error)))
            continue
        first = by_id.setdefault(rule.id, rule)
        if first is rule:
            pack.rules.append(rule)
        else:
            reason = f"{text.origin}: has the same id as {first.source.origin}, which was read first"
            pack.problems.append(RuleOutcome(rule.id, rule.title, rule.level, Outcome.COULD_NOT_RUN, reason=reason))
    _resolve(pack)
    _leave_out(pack, minimum_level)
    return pack


def failed(origin: str, reason: str) -> RuleOutcome:
    """The outcome of a text that did not become a rule; its origin stands for id and title."""
    return RuleOutcome(origin, origin, Level.MEDIUM, Outcome.COULD_NOT_RUN, reason=f"{origin}: {reason}")


def parse_document(text: RuleText) -> dict[str, Any]:
    """The YAML mapping of a rule or filter text. Raises ValueError that says what is wrong."""
    return _document(text)


def _check_depth(text: str) -> None:
    """Refuse nesting that would exhaust the stack of libyaml's composer, which ends the process without an error.

    Depth comes from brackets or from indentation; only a text with much of either is looked at event by event.
    """
    if text.count("[") + text.count("{") <= _DEPTH and not _MUCH_INDENTED.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=SigmaYAMLLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            msg = f"it is nested deeper than {_DEPTH} levels"
            raise ValueError(msg)


def _document(text: RuleText) -> dict[str, Any]:
    try:
        _check_depth(text.text)
        document = yaml.load(text.text, Loader=SigmaYAMLLoader)  # noqa: S506 - a safe loader that refuses double keys
        check_alias_expansion(document)
    except (yaml.YAMLError, SigmaError, ValueError, RecursionError) as error:
        msg = f"is not valid YAML: {' '.join(str(error).split())}"
        raise ValueError(msg) from error
    if not isinstance(document, dict):
        msg = "is no Sigma rule: a mapping with title and detection is expected"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that is wrong with a text
    if "action" in document:
        msg = "uses rule collections (`action: ...`), which Sigma 2 no longer has; write each rule out"
        raise ValueError(msg)
    if not any(isinstance(document.get(key), dict) for key in ("detection", "correlation", "filter")):
        msg = "is no Sigma rule: it has neither detection nor correlation nor filter"
        raise ValueError(msg)
    return document


def _rule(text: RuleText, document: dict[str, Any]) -> Rule:
    title = document.get("title")
    if not isinstance(title, str) or not title.strip():
        msg = "has no title"
        raise ValueError(msg)
    level = document.get("level")
    if level is not None and str(level).upper() not in Level.__members__:
        msg = f"has the unknown level {level!r}"
        raise ValueError(msg)
    custom = document.get(CUSTOM_KEY)
    if custom is not None and not isinstance(custom, dict):
        msg = f"`{CUSTOM_KEY}` is no mapping"
        raise ValueError(msg)
    unknown = sorted(str(key) for key in set(custom or ()) - _CUSTOM_KEYS)
    if unknown:
        msg = f"`{CUSTOM_KEY}` has the unknown key {unknown[0]!r} (known: {', '.join(sorted(_CUSTOM_KEYS))})"
        raise ValueError(msg)
    return Rule(text, document, _identity(text, document), title.strip(), Level.parse(level))


def _identity(text: RuleText, document: Mapping[str, Any]) -> str:
    """The rule's id; its name where it has none; else a hash of its text, which changes with every edit."""
    given = document.get("id")
    if given is not None:
        try:
            return str(uuid.UUID(str(given)))
        except ValueError:
            msg = f"has the id {str(given)[:60]!r}, which is no UUID"
            raise ValueError(msg) from None
    name = document.get("name")
    if isinstance(name, str) and 0 < len(name) <= 60:
        return name
    return f"text-{text.revision[:16]}"


def _resolve(pack: RulePack) -> None:
    names = {str(rule.document["name"]): rule for rule in reversed(pack.rules) if "name" in rule.document}
    names |= {rule.id: rule for rule in reversed(pack.rules)}
    generated: set[str] = set()
    for rule in pack.rules:
        for reference in rule.references:
            target = names.get(reference) or names.get(reference.lower())
            if target is None:
                rule.problem = f"refers to the rule {reference!r}, which does not exist"
            else:
                rule.refers_to.append(target)
                if rule.document["correlation"].get("generate") is True:
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


def _leave_out(pack: RulePack, minimum_level: Level) -> None:
    for rule in pack.rules:
        rule.reports = rule.reports and rule.level >= minimum_level
    # A rule with a problem stays, to be named: in a circle none of the rules reports.
    wanted = {id(rule) for rule in pack.rules if rule.reports or (rule.problem and rule.level >= minimum_level)}
    for rule in pack.rules:
        if rule.reports:
            wanted |= {id(below) for below in _below(rule)}
    pack.rules = [rule for rule in pack.rules if id(rule) in wanted]
