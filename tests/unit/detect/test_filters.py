"""Filters: what they are for, what they say of themselves, how they reach correlations and evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from breachwatch.detect import scan
from breachwatch.detect.compiling import Compiler
from breachwatch.detect.filtering import load_filters, read_filter
from breachwatch.detect.loading import RuleText
from breachwatch.detect.mapping import load_mappings
from breachwatch.model.finding import Outcome, Scan
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, pack

UNTIL = at(60 * 24)
RULES = """
title: failure
name: failure
id: 66666666-6666-4666-8666-666666666666
logsource: {category: authentication}
detection: {s: {outcome: failure}, condition: s}
---
title: many
id: 66666666-6666-4666-8666-666666666667
correlation: {type: event_count, rules: failure, group-by: [source_ip], timespan: 10m, condition: {gte: 3}}
---
"""
FILTER = """
title: the backup robot
logsource: {category: authentication}
filter: {rules: RULES, robot: {user: robot}, condition: not robot}
breachwatch: {owner: IT operations, reason: a known wrong password, expires: 2026-12-31}
"""
ROWS = [failure("10.0.0.5", minute, user="robot" if minute < 2 else "mira") for minute in range(4)]


def run(ws: Workspace, text: str) -> Scan:
    return scan(ws, UNTIL, pack=pack(RULES + text))


@pytest.mark.parametrize(
    ("named", "source", "hides"),
    [
        ("any", "{category: authentication}", True),
        ("[]", "{category: authentication}", True),
        ("failure", "{category: authentication}", True),
        ("[nobody, 66666666-6666-4666-8666-666666666666]", "{category: authentication}", True),
        ("[66666666-6666-4666-8666-666666666667]", "{category: authentication}", False),  # a correlation has no events
        ("[nobody]", "{category: authentication}", False),
        ("any", "{product: windows, category: authentication}", False),  # covers less than the rule's log source
        ("any", "{category: process_creation}", False),
    ],
)
def test_a_filter_is_for_the_rules_it_names_and_covers(ws: Workspace, named: str, source: str, hides: bool) -> None:
    land(ws, "linux.auth", ROWS)
    text = FILTER.replace("RULES", named).replace("{category: authentication}", source)
    result = run(ws, text)
    assert [item.reason for item in result.outcomes if item.outcome is Outcome.COULD_NOT_RUN] == []
    assert bool(result.findings) is not hides  # two failures are left of four: no longer three


def test_a_filter_reaches_a_correlation_through_its_rules_and_goes_with_the_evidence(ws: Workspace) -> None:
    land(ws, "linux.auth", [*ROWS, *(failure("10.0.0.6", minute, id=f"x{minute}") for minute in range(3))])
    plain, filtered = run(ws, ""), run(ws, FILTER.replace("RULES", "any"))
    assert [found.event_ids for found in plain.findings] == [("f0", "f1", "f2", "f3"), ("x0", "x1", "x2")]
    assert [found.event_ids for found in filtered.findings] == [("x0", "x1", "x2")]
    (rule,) = filtered.rules
    assert rule.text.endswith(FILTER.replace("RULES", "any"))
    assert "robot" not in plain.rules[0].text
    assert rule.revision != plain.rules[0].revision


def test_a_filter_is_joined_once_however_many_correlations_use_the_rule() -> None:
    again = RULES.split("---")[1].replace("667", "668").replace("many", "again")
    rules = pack(f"{RULES}{again}---\n{FILTER.replace('RULES', 'any')}")
    compiler = Compiler(load_mappings(), load_filters(rules.filters, UNTIL))
    for rule in rules.rules[1:]:
        assert compiler.correlation(rule).sql.count("'robot'") == 1


def test_a_filter_leaves_rules_that_say_all_of_their_selections_alone(ws: Workspace) -> None:
    land(ws, "linux.auth", ROWS)
    rules = RULES.replace(
        "detection: {s: {outcome: failure}, condition: s}", "detection: {s: {outcome: failure}, condition: CONDITION}"
    )
    for condition in ("all of them", "1 of them", "1 of s*", "all of *", "1 of *"):
        text = rules.replace("CONDITION", condition) + FILTER.replace("RULES", "any").replace(
            "{user: robot}", "{user: nobody}"
        )
        assert len(scan(ws, UNTIL, pack=pack(text)).findings) == 1, condition


def text(change: Callable[[str], str] = lambda text: text) -> RuleText:
    return RuleText("tuning.yml", change(FILTER.replace("RULES", "any")))


def test_owner_reason_and_expiry_are_read() -> None:
    found = read_filter(text())
    assert (found.title, found.owner, found.reason, found.expires) == (
        "the backup robot",
        "IT operations",
        "a known wrong password",
        date(2026, 12, 31),
    )
    bare = read_filter(text(lambda text: text.split("breachwatch")[0]))
    assert (bare.owner, bare.reason, bare.expires) == ("", "", None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("not robot", "robot"), "would keep only"),
        (lambda text: text.replace("not robot", "not robot and robot"), "would keep only"),
        (lambda text: text.replace("not robot", "1 of robot*"), "would keep only"),
        (lambda text: text.replace("not robot", "not (robot"), "parenthes"),
        (lambda text: text.replace("IT operations", "[1]"), "owner"),
        (lambda text: text.replace("2026-12-31", "soon"), "no date"),
        (lambda text: text.replace("filter: {", "detection: {"), "no Sigma filter"),
        (lambda text: text.replace("rules: any, ", ""), "rules"),
        (lambda text: text.replace("logsource", "source"), "log source"),
    ],
)
def test_what_is_wrong_with_a_filter_is_named(change: Callable[[str], str], reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_filter(text(change))
    assert reason.lower() in str(raised.value).lower()


def test_a_filter_ends_on_its_day_by_the_city_s_calendar(make_ws: Callable[..., Workspace]) -> None:
    ending = FILTER.replace("RULES", "any").replace("2026-12-31", "2026-11-21")
    for zone, ended in (("UTC", True), ("America/Chicago", False)):
        ws = make_ws(f'[city]\ntime_zone = "{zone}"\n', folder=zone.replace("/", "-"))
        land(ws, "linux.auth", ROWS)
        result = run(ws, ending)  # until midnight of the 21st, UTC
        assert bool(result.findings) is ended
        told = [item.reason for item in result.outcomes if "expired" in item.reason]
        assert len(told) == int(ended)
        assert not told or "ask IT operations" in told[0]
