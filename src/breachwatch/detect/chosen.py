"""The rules that a person means: by file or folder, by id, or by title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from breachwatch.detect.loading import read_rules
from breachwatch.detect.rulepack import Rule, RulePack, pack_of
from breachwatch.detect.starting import load_rules
from breachwatch.errors import UnknownNameError
from breachwatch.workspace import Workspace

_LISTED = 8


def chosen_rules(ws: Workspace, named: Sequence[str], root: Path) -> RulePack:
    """A pack of the rules that are named, and of those they are over; the settings' filters apply.

    A name is a file, folder or zip (relative to `root`), or means a rule of the settings, as `find_rule` says. A rule
    from a file takes the place of one of the settings with the same id, and may refer to rules of the settings. What is
    wrong with a file is among the pack's problems. Raises UnknownNameError.
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
    asked += [find_rule(ours.rules, name, "rule, file or folder") for name in named if name not in places]
    filters = {text.revision: text for text in (*ours.filters, *alone.filters)}
    return RulePack(_with_those_below(asked), list(alone.problems), list(filters.values()))


def find_rule(rules: Sequence[Rule], named: str, kind: str = "rule") -> Rule:
    """The rule of that id, the beginning of an id, name, file or title. Raises UnknownNameError.

    `kind` is what the error calls it.
    """
    wanted = named.casefold()
    for fits in (_is_exactly, _begins_with, _holds):
        found = [rule for rule in rules if fits(rule, wanted)]
        if len(found) == 1:
            return found[0]
        reporting = [rule for rule in found if rule.reports]
        if len(reporting) == 1:
            return reporting[0]
        if found:
            shown = "; ".join(f"{rule.id} {rule.title}" for rule in found[:_LISTED])
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            raise UnknownNameError(f"single {kind}", named, hint=f"{len(found)} rules fit; give the id: {shown}{more}.")
    raise UnknownNameError(kind, named, (rule.title for rule in rules))


def _with_those_below(asked: Iterable[Rule]) -> list[Rule]:
    """The rules asked for, each after those it is over; only the ones asked for report."""
    reporting = {rule.id for rule in asked}
    ordered: dict[str, Rule] = {}
    for rule in asked:
        for part in (*rule.below(), rule):
            ordered.setdefault(part.id, replace(part, reports=part.id in reporting))
    return list(ordered.values())


def _is_exactly(rule: Rule, wanted: str) -> bool:
    stem = rule.source.origin.split(",", maxsplit=1)[0].rsplit("/", 1)[-1].rsplit(".", 1)[0]
    names = (rule.id, rule.title, str(rule.head.said.get("name") or ""), stem, rule.source.origin)
    return wanted in {name.casefold() for name in names if name}


def _begins_with(rule: Rule, wanted: str) -> bool:
    return len(wanted) >= 4 and rule.id.startswith(wanted)


def _holds(rule: Rule, wanted: str) -> bool:
    return wanted in rule.title.casefold()
