"""The rules that a person means: by file or folder, by id, or by title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from breachwatch.detect.engine import load_rules
from breachwatch.detect.loading import read_rules
from breachwatch.detect.rulepack import Rule, RulePack, pack_of
from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.workspace import Workspace


def chosen_rules(ws: Workspace, named: Sequence[str], root: Path) -> RulePack:
    """A pack of the rules that are named, and of those they are over; the settings' filters apply.

    A name is a file, folder or zip (relative to `root`), or the id or title of a rule of the settings. A rule from a
    file takes the place of one of the settings with the same id, and may refer to rules of the settings. What is wrong
    with a file is among the pack's problems. Raises UnknownNameError, and UsageError for a title that several have.
    """
    places = [name for name in named if (root / Path(name).expanduser()).exists()]
    texts = [text for place in places for text in read_rules(place, root)]
    alone = pack_of(texts)
    ours = load_rules(ws)
    origins = {text.origin for text in texts}
    # Read first, what was named comes before a rule of the settings with the same id.
    both = pack_of([*texts, *(rule.source for rule in ours.rules)]) if texts else ours
    meant = {rule.id for rule in alone.rules if rule.reports or rule.problem}
    asked = [rule for rule in both.rules if rule.id in meant and rule.source.origin in origins]
    asked += [_named(ours.rules, name) for name in named if name not in places]
    filters = {text.revision: text for text in (*ours.filters, *alone.filters)}
    return RulePack(_with_those_below(asked), list(alone.problems), list(filters.values()))


def _named(rules: Sequence[Rule], name: str) -> Rule:
    wanted = name.strip().casefold()
    found = [rule for rule in rules if rule.id.casefold() == wanted]
    found = found or [rule for rule in rules if rule.title.casefold() == wanted]
    if not found:
        raise UnknownNameError("rule, file or folder", name, [rule.title for rule in rules])
    if len(found) > 1:
        ids = ", ".join(rule.id for rule in found)
        msg = f"{len(found)} rules have the title {name!r}. Name the one you mean by its id: {ids}."
        raise UsageError(msg)
    return found[0]


def _with_those_below(asked: Iterable[Rule]) -> list[Rule]:
    """The rules asked for, each after those it is over; only the ones asked for report."""
    reporting = {rule.id for rule in asked}
    ordered: dict[str, Rule] = {}
    for rule in asked:
        for part in (*rule.below(), rule):
            ordered.setdefault(part.id, replace(part, reports=part.id in reporting))
    return list(ordered.values())
