"""Correlations on hand-made timelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from breachwatch.detect import scan
from breachwatch.model.finding import Finding, Outcome
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, mark_scanned, pack

UNTIL = at(60 * 24)

BASES = """
title: failure
name: failure
logsource: {category: authentication}
detection: {s: {outcome: failure}, condition: s}
---
title: success
name: success
logsource: {category: authentication}
detection: {s: {outcome: success}, condition: s}
---
"""


def correlation(body: str, title: str = "episode", name: str = "") -> str:
    lines = "\n".join("  " + line.strip() for line in body.strip().splitlines())
    named = f"name: {name}\n" if name else ""
    return f"title: {title}\n{named}correlation:\n{lines}\n"


BRUTE = correlation(
    """type: event_count
    rules: failure
    group-by: [source_ip]
    timespan: 10m
    condition: {gte: 3}"""
)


def found(ws: Workspace, rules: str, rows: list[dict[str, Any]]) -> list[Finding]:
    land(ws, "linux.auth", rows)
    result = scan(ws, UNTIL, pack=pack(BASES + rules))
    problems = [outcome.reason for outcome in result.outcomes if outcome.outcome is Outcome.COULD_NOT_RUN]
    assert problems == []
    return list(result.findings)


def ids(findings: list[Finding]) -> list[list[str]]:
    return [list(finding.event_ids) for finding in findings]


def test_the_window_slides(ws: Workspace) -> None:
    """Three in ten minutes, though no ten minutes that begin on a round time hold three."""
    rows = [failure("1.1.1.1", minute) for minute in (8, 12, 16)]
    assert ids(found(ws, BRUTE, rows)) == [["f8", "f12", "f16"]]


def test_too_slow_is_no_episode(ws: Workspace) -> None:
    assert found(ws, BRUTE, [failure("1.1.1.1", minute) for minute in (0, 6, 12, 18, 24)]) == []


def test_both_ends_of_the_window_count(ws: Workspace) -> None:
    assert len(found(ws, BRUTE, [failure("1.1.1.1", minute) for minute in (0, 5, 10)])) == 1


def test_groups_are_apart_and_events_without_one_take_no_part(ws: Workspace) -> None:
    rows = [failure("1.1.1.1", 1), failure("1.1.1.1", 2), failure("2.2.2.2", 3), failure("2.2.2.2", 4)]
    rows += [{**failure("x", minute), "source_ip": None, "id": f"n{minute}"} for minute in (1, 2, 3, 4)]
    assert found(ws, BRUTE, rows) == []


def test_overlapping_windows_are_one_episode_and_distant_ones_are_not(ws: Workspace) -> None:
    rows = [failure("1.1.1.1", minute) for minute in (0, 1, 2, 3, 9, 60, 61, 62)]
    findings = found(ws, BRUTE, rows)
    assert ids(findings) == [["f0", "f1", "f2", "f3", "f9"], ["f60", "f61", "f62"]]
    assert findings[0].why == {"source_ip": "1.1.1.1", "events": "5", "span": "9 min"}
    assert findings[0].first_time == at(0)
    assert findings[0].last_time == at(9)
    assert {str(entity) for entity in findings[0].entities} == {"user:mira", "source_ip:1.1.1.1", "host:web01"}
    assert findings[0].dataset == "linux.auth"


def test_a_repeated_line_counts_as_what_it_stands_for(ws: Workspace) -> None:
    findings = found(ws, BRUTE, [failure("1.1.1.1", 1), failure("1.1.1.1", 2, repeat_count=5)])
    assert ids(findings) == [["f1", "f2"]]
    assert findings[0].event_count == 6


def test_value_count_counts_distinct_values(ws: Workspace) -> None:
    spray = correlation(
        """type: value_count
        rules: failure
        group-by: [source_ip]
        timespan: 10m
        condition: {field: user, gte: 3}"""
    )
    rows = [failure("1.1.1.1", n, user=user) for n, user in enumerate(["a", "b", "b", "b", None])]
    rows += [failure("2.2.2.2", n + 20, user=user) for n, user in enumerate(["a", "b", "b", "c"])]
    assert ids(found(ws, spray, rows)) == [["f20", "f21", "f22", "f23"]]


def test_value_count_over_two_fields(ws: Workspace) -> None:
    pairs = correlation(
        """type: value_count
        rules: failure
        timespan: 10m
        condition: {field: [user, host], gte: 3}"""
    )
    rows = [failure("1.1.1.1", n, user=u, host=h) for n, (u, h) in enumerate([("a", "x"), ("a", "y"), ("b", "x")])]
    rows += [failure("1.1.1.1", n + 30, user="a", host="x") for n in range(5)]
    assert ids(found(ws, pairs, rows)) == [["f0", "f1", "f2"]]


def test_temporal_needs_each_rule_in_any_order_and_finds_recurrences(ws: Workspace) -> None:
    both = correlation(
        """type: temporal
        rules: [failure, success]
        group-by: [user]
        timespan: 10m"""
    )
    rows = [
        logon("1.1.1.1", 0),
        failure("1.1.1.1", 5),
        failure("1.1.1.1", 100),
        logon("1.1.1.1", 200),
        failure("1", 201),
    ]
    assert ids(found(ws, both, rows)) == [["s0", "f5"], ["s200", "f201"]]


ORDERED = correlation(
    """type: temporal_ordered
    rules: [failure, success]
    group-by: [user]
    timespan: 10m"""
)


def test_temporal_ordered_checks_the_order(ws: Workspace) -> None:
    rows = [logon("1.1.1.1", 0), failure("1.1.1.1", 5), failure("1.1.1.1", 100), logon("1.1.1.1", 105)]
    assert ids(found(ws, ORDERED, rows)) == [["f100", "s105"]]


def test_events_of_one_second_have_the_order_of_their_log(ws: Workspace) -> None:
    rows = [logon("1", 5, user="a"), failure("1", 5, user="a"), failure("1", 7, user="b"), logon("1", 7, user="b")]
    assert ids(found(ws, ORDERED, rows)) == [["f7", "s7"]]


def test_an_event_does_not_follow_itself(ws: Workspace) -> None:
    twice = correlation(
        """type: temporal_ordered
        rules: [failure, failure]
        group-by: [user]
        timespan: 10m"""
    )
    assert ids(found(ws, twice, [failure("1", 1), failure("1", 50), failure("1", 52)])) == [["f50", "f52"]]


CHAIN = (
    correlation(
        """type: event_count
        rules: failure
        group-by: [source_ip]
        timespan: 5m
        condition: {gte: 3}""",
        "many failures",
        "many",
    )
    + "---\n"
    + correlation(
        """type: temporal_ordered
        rules: [many, success]
        group-by: [source_ip]
        timespan: 10m""",
        "then success",
    )
)


def test_brute_force_then_success(ws: Workspace) -> None:
    rows = [failure("1.1.1.1", minute) for minute in (0, 1, 2)] + [logon("1.1.1.1", 10)]
    rows += [failure("2.2.2.2", minute) for minute in (20, 21, 22)] + [logon("3.3.3.3", 24)]
    rows += [logon("4.4.4.4", 40)] + [failure("4.4.4.4", minute) for minute in (41, 42, 43)]
    findings = found(ws, CHAIN, rows)
    assert [finding.rule_title for finding in findings] == ["then success"]
    assert ids(findings) == [["f0", "f1", "f2", "s10"]]
    assert findings[0].event_count == 4


def test_generate_lets_the_inner_rule_report_too(ws: Workspace) -> None:
    rules = CHAIN.replace("rules: [many, success]", "rules: [many, success]\n  generate: true")
    rows = [failure("1.1.1.1", minute) for minute in (0, 1, 2)] + [logon("1.1.1.1", 4)]
    titles = sorted(finding.rule_title for finding in found(ws, rules, rows))
    assert titles == ["many failures", "success", "then success"]


def test_no_group_by_takes_all_events_together(ws: Workspace) -> None:
    rules = BRUTE.replace("  group-by: [source_ip]\n", "")
    assert ids(found(ws, rules, [failure(f"1.1.1.{n}", n) for n in (1, 2, 3)])) == [["f1", "f2", "f3"]]


def test_aliases_join_fields_of_different_names(ws: Workspace) -> None:
    rules = """
title: sudo
name: sudo
logsource: {product: linux, service: sudo}
detection: {s: {program: sudo}, condition: s}
---
""" + correlation(
        """type: temporal_ordered
        rules: [success, sudo]
        aliases: {machine: {success: host, sudo: working_directory}}
        group-by: [machine]
        timespan: 10m"""
    )
    rows = [logon("1.1.1.1", 1, host="h1"), logon("1.1.1.1", 2, host="h2")]
    sudo = {"id": "sudo", "time": at(5), "program": "sudo", "working_directory": "h2", "action": "privilege-used"}
    assert ids(found(ws, rules, [*rows, sudo])) == [["s2", "sudo"]]


@pytest.mark.parametrize(
    ("kind", "condition", "numbers", "fires"),
    [
        ("value_sum", "gte: 100", [40, 60], True),
        ("value_sum", "gte: 101", [40, 60], False),
        ("value_avg", "gt: 49.5", [40, 60], True),
        ("value_median", "gte: 60", [1, 60, 70], True),
        ("value_percentile", "gte: 90, percentile: 95", [10, 95, 100], True),
        ("value_percentile", "gte: 90, percentile: 10", [10, 10, 100], False),
    ],
)
def test_measures_of_numbers(ws: Workspace, kind: str, condition: str, numbers: list[int], fires: bool) -> None:
    rules = correlation(
        f"""type: {kind}
        rules: failure
        group-by: [source_ip]
        timespan: 10m
        condition: {{field: session_id, {condition}}}"""
    )
    rows = [failure("1.1.1.1", minute, session_id=str(number)) for minute, number in enumerate(numbers)]
    assert bool(found(ws, rules, rows)) is fires


def test_a_range_of_counts(ws: Workspace) -> None:
    rules = BRUTE.replace("{gte: 3}", "{gte: 3, lte: 4}")
    rows = [failure("1.1.1.1", minute) for minute in (0, 1, 2)]
    rows += [failure("2.2.2.2", minute / 10, id=f"b{minute}", repeat_count=5) for minute in (0, 1)]
    assert ids(found(ws, rules, rows)) == [["f0", "f1", "f2"]]


def boolean(text: str, condition: str) -> str:
    text = text.replace("type: event_count", "type: temporal").replace("{gte: 3}", condition)
    return text.replace("rules: failure", "rules: [failure, success]")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("rules: failure", "rules: nobody"), "'nobody', which does not exist"),
        (
            lambda text: text.replace("title: episode", "title: episode\nname: failure2").replace(
                "rules: failure", "rules: failure2"
            ),
            "circle",
        ),
        (lambda text: text.replace("timespan: 10m", "timespan: 10 minutes"), "Timespan"),
        (lambda text: text.replace("timespan: 10m", "timespan: 999999999y"), "longer than 3660 days"),
        (lambda text: text.replace("event_count", "odd_count"), "odd_count"),
        (lambda text: boolean(text, "not failure or not success"), "nothing happens"),
        (lambda text: boolean(text, "failure or not success"), "nothing happens"),
        (lambda text: boolean(text, "failure and success and not success"), "never hold"),
        (lambda text: boolean(text, "failure and nobody and success"), "nobody"),
        (lambda text: boolean(text, "failure and (success"), "parse"),
        (lambda text: boolean(text, "{lt: 2}").replace("temporal", "temporal_ordered"), "takes `gte`"),
        (lambda text: boolean(text, "{gte: 3}").replace("temporal", "temporal_ordered"), "takes `gte`"),
        (lambda text: text.replace("{gte: 3}", "failure and failure"), "xtended conditions"),
        (
            lambda text: (
                text.replace("{gte: 3}", "{gte: 3, field: [uid, host]}")
                .replace("event_c", "value_s")
                .replace("ount", "um", 1)
            ),
            "several",
        ),
    ],
)
def test_what_cannot_run_says_why(ws: Workspace, change: Callable[[str], str], reason: str) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", 1)])
    result = scan(ws, UNTIL, pack=pack(BASES + change(BRUTE)))
    reasons = [item.reason for item in result.outcomes if item.outcome is Outcome.COULD_NOT_RUN]
    assert len(reasons) == 1
    assert reason in reasons[0]
    assert "rules.yml" in reasons[0]


ABSENCE = """
title: sudo
name: sudo
logsource: {product: linux, service: sudo}
detection: {s: {program: sudo}, condition: s}
---
""" + correlation(
    """type: temporal
    rules: [success, sudo]
    group-by: [host]
    timespan: 10m
    condition: success and not sudo"""
)
SUDO = {"program": "sudo", "action": "privilege-used"}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (lambda text: text.replace("group-by: [source_ip]", "group-by: [source_ip, Nonsense]"), ("Nonsense",)),
        (lambda text: text.replace("event_count", "value_count").replace("{gte: 3}", "{gte: 3, field: N.o}"), ("N.o",)),
        (
            lambda text: text.replace("[source_ip]", "[ip]\n  aliases: {ip: {failure: Wrong}}"),
            ("ip",),
        ),
        (lambda text: text.replace("[source_ip]", "[ip]\n  aliases: {ip: {failure: source_ip}}"), ()),
    ],
)
def test_fields_that_no_event_has_are_told(
    ws: Workspace, change: Callable[[str], str], fields: tuple[str, ...]
) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", minute) for minute in range(5)])
    text = change(BASES + BRUTE)
    assert text != BASES + BRUTE
    ended = next(item for item in scan(ws, UNTIL, pack=pack(text)).outcomes if item.title == "episode")
    assert ended.unknown_fields == fields
    assert ended.outcome is (Outcome.NO_MATCH if fields else Outcome.MATCHED)


def test_a_correlation_over_a_log_that_no_dataset_is_for_is_not_applicable(ws: Workspace) -> None:
    text = BASES.replace("category: authentication", "product: toaster")
    land(ws, "linux.auth", [failure("1.1.1.1", minute) for minute in range(5)])
    ended = next(item for item in scan(ws, UNTIL, pack=pack(text + BRUTE)).outcomes if item.title == "episode")
    assert (ended.outcome, "product toaster" in ended.reason) == (Outcome.NOT_APPLICABLE, True)


def test_absence_counts_once_its_time_is_over(ws: Workspace) -> None:
    sudo = [{"id": f"sudo{host}", "time": at(minute), "host": host, **SUDO} for host, minute in (("h1", 5), ("h2", 25))]
    rows = [logon("1.1.1.1", 0, host="h1"), logon("1.1.1.1", 10, host="H2"), logon("1.1.1.1", 1435, host="h3")]
    land(ws, "linux.auth", [*rows, *sudo])
    first = scan(ws, UNTIL, pack=pack(BASES + ABSENCE))
    assert [item.event_ids for item in first.findings] == [("s10",)]
    assert first.findings[0].why["host"] == "H2"
    mark_scanned(ws, first)
    second = scan(ws, at(60 * 24 + 30), pack=pack(BASES + ABSENCE))
    new = [item.event_ids for item in second.findings if item.key not in {found.key for found in first.findings}]
    assert new == [("s1435",)]


def test_nothing_is_absent_from_a_log_that_is_not_there(ws: Workspace) -> None:
    land(ws, "linux.auth", [logon("1.1.1.1", 0, host="h1")])
    elsewhere = ABSENCE.replace("product: linux, service: sudo", "product: windows, service: security")
    result = scan(ws, UNTIL, pack=pack(BASES + elsewhere))
    assert result.findings == ()
    (told,) = [item for item in result.outcomes if item.title == "episode"]
    assert told.outcome is Outcome.NOT_APPLICABLE
    assert "cannot be told" in told.reason


def test_a_condition_alone_names_the_rules(ws: Workspace) -> None:
    rules = ABSENCE.replace("  rules: [success, sudo]\n", "")
    assert rules != ABSENCE
    sudo = {"id": "sudo", "time": at(50), "host": "h9", **SUDO}
    assert ids(found(ws, rules, [logon("1.1.1.1", 0, host="h1"), sudo])) == [["s0"]]


def test_groups_are_one_whatever_the_case_and_shown_as_written_first(ws: Workspace) -> None:
    rows = [failure("1.1.1.1", minute, user=user) for minute, user in enumerate(["Admin", "ADMIN", "admin"])]
    findings = found(ws, BRUTE.replace("source_ip", "user"), rows)
    assert ids(findings) == [["f0", "f1", "f2"]]
    assert findings[0].why["user"] == "Admin"


def test_the_order_of_two_logs_in_one_second_counts_as_kept(ws: Workspace) -> None:
    land(ws, "linux.auth", [logon("1", 5, user="a")], source="one")
    land(ws, "linux.auth", [failure("1", 5, user="a")], source="two")
    result = scan(ws, UNTIL, pack=pack(BASES + ORDERED))
    assert [item.event_ids for item in result.findings] == [("f5", "s5")]
