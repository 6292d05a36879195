"""What comes before a search: the rules that the settings name, and what compiles them, each from its cache."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from breachwatch.detect.approved import approved_filters
from breachwatch.detect.cache import Cache, program_revision
from breachwatch.detect.loading import RuleText
from breachwatch.detect.rulepack import RulePack, failed, load_pack
from breachwatch.model.finding import Level, RuleOutcome

if TYPE_CHECKING:
    from breachwatch.detect.backend import LocalTime
    from breachwatch.detect.compiling import Compiler
    from breachwatch.settings import Settings
    from breachwatch.workspace import Workspace

READ = "read-rules.cache"
READ_BESIDE = "read-beside.cache"
"""What was read beside the rules: mappings and filters."""
COMPILED = "compiled-rules.cache"


def load_rules(ws: Workspace) -> RulePack:
    """The rules that the settings name."""
    detect = ws.settings.detect
    level = Level.parse(detect.minimum_level)
    heads = Cache(ws.state / READ, ws.keys, (program_revision(),))
    pack = load_pack(detect.rules, ws.root, filters=detect.filters, minimum_level=level, heads=heads)
    heads.save()
    for text in approved_filters(ws):
        if isinstance(text, RuleText):
            pack.filters.append(text)
        else:
            pack.problems.append(failed(text.origin, text.reason))
    for rule in pack.rules:
        if rule.id in detect.levels:
            rule.head = replace(rule.head, level=Level.parse(detect.levels[rule.id]))
    return pack


def compiler_for(ws: Workspace, pack: RulePack, until: datetime) -> tuple[Compiler, tuple[RuleOutcome, ...]]:
    """The compiler of a run, and the outcomes of filters that do not apply."""
    # Of the tables that rules search, what only lists rules needs to know nothing.
    from breachwatch.detect.compiling import Compiler
    from breachwatch.detect.filtering import load_filters
    from breachwatch.detect.mapping import load_mappings
    from breachwatch.detect.placeholders import load_placeholders

    placeholders = load_placeholders(ws.settings.detect.placeholders, ws.root)
    beside = Cache(ws.state / READ_BESIDE, ws.keys, (program_revision(), placeholders.revision))
    filters = load_filters(pack.filters, until.astimezone(ws.settings.city.zone), placeholders.of, beside)
    mappings = load_mappings(local_time(ws.settings), beside)
    beside.save()
    valid_for = (program_revision(), mappings.revision, placeholders.revision, *filters.revisions)
    cache = Cache(ws.state / COMPILED, ws.keys, valid_for)
    problems = tuple(failed(origin, reason) for origin, reason in placeholders.problems)
    return Compiler(mappings, filters, cache, placeholders), (*problems, *filters.problems)


def local_time(settings: Settings) -> LocalTime:
    """The city's clock and working hours."""
    from breachwatch.detect.backend import LocalTime

    return LocalTime(settings.city.time_zone, settings.detect.working_hours, settings.detect.working_days)
