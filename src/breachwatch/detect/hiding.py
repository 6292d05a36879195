"""What the filters in force hid in a night: so that nothing is silent, and a filter that hides too much is seen.

Only asked where the city has filters. One that is for more rules than `MOST_RULES` is named and not counted, because
each rule is searched twice; `rules filter-preview` counts it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from breachwatch import lake
from breachwatch.detect.approved import approved_filters
from breachwatch.detect.compiling import Compiler
from breachwatch.detect.filtering import Filters
from breachwatch.detect.previewing import is_meant, tried
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.lake.sql import moment
from breachwatch.model.summary import Hidden
from breachwatch.workspace import Workspace

MOST_RULES = 20
DAY = timedelta(days=1)


def hidden_by_filters(ws: Workspace, until: datetime) -> tuple[Hidden, ...]:
    """For each filter in force: how many events of the day before `until` (aware) its rules would have matched."""
    if not _some(ws):
        return ()
    pack = load_rules(ws)
    before, _ = compiler_for(ws, pack, until)
    applied = before.filters.applied
    if not applied:
        return ()
    since, found = until - DAY, []
    with lake.connect(ws, since=since, until=until) as connection:
        within = f"time >= {moment(since)} AND time < {moment(until)}"
        for item in applied:
            rules = [rule for rule in pack.rules if not rule.is_correlation and is_meant(item, rule)]
            if len(rules) > MOST_RULES:
                problem = f"it is for {len(rules)} rules, and is not counted each night"
                found.append(Hidden(item.title, item.owner, 0, len(rules), problem))
                continue
            others = tuple(known for known in applied if known is not item)
            plain = Compiler(before.mappings, Filters(others, ()), placeholders=before.placeholders)
            with_it = Compiler(before.mappings, Filters(applied, ()), placeholders=before.placeholders)
            events: set[str] = set()
            looked = [tried(connection, rule, (plain, with_it), within, events) for rule in rules]
            problem = next((preview.problem for preview in looked if preview.problem), "")
            found.append(Hidden(item.title, item.owner, len(events), len(rules), problem))
    return tuple(found)


def _some(ws: Workspace) -> bool:
    """Whether there can be a filter at all: reading thousands of rules to find none would cost each night."""
    return bool(ws.settings.detect.filters) or next(iter(approved_filters(ws)), None) is not None
