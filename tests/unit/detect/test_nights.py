"""The same findings whatever nights the time is cut into: nothing twice, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from breachwatch.detect import scan, search_past
from breachwatch.detect.window import LakeWindow
from breachwatch.model.finding import Finding, Window
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, mark_scanned, pack
from tests.unit.detect.test_correlation import BASES, BRUTE, CHAIN, ORDERED, correlation

DAYS = 12
ROOT = """
title: any failure
logsource: {category: authentication}
detection: {s: {outcome: failure}, condition: s}
"""
RULES = BASES + "---\n".join(
    [
        BRUTE.replace("title: episode", "title: brute"),
        correlation(
            """type: value_count
            rules: failure
            group-by: [source_ip]
            timespan: 3h
            condition: {field: user, gte: 3}""",
            "spray",
        ),
        ORDERED.replace("title: episode", "title: ordered").replace("timespan: 10m", "timespan: 2h"),
        correlation(
            """type: event_count
            rules: success
            group-by: [source_ip]
            timespan: 30m
            condition: {lt: 2}""",
            "lonely",
        ),
        CHAIN,
    ]
)


def timeline(seed: int) -> list[dict[str, Any]]:
    """Twelve days of bursts, singles, and one attack that does not stop for days."""
    random = Random(seed)
    rows: list[dict[str, Any]] = []
    for burst in range(30):
        begin, ip = random.uniform(0, DAYS * 1440), f"10.0.0.{random.randrange(4)}"
        for step in range(random.randrange(1, 9)):
            minute = begin + step * random.uniform(0.5, 6)
            make = logon if random.random() < 0.2 else failure
            rows.append(make(ip, minute, id=f"{burst}-{step}", user=random.choice("abc")))
    rows += [failure("10.9.9.9", 2000 + n * 4, id=f"long-{n}", user="a") for n in range(1200)]
    return [row for row in rows if row["time"] < at(DAYS * 1440)]


def essence(finding: Finding) -> tuple[str, str]:
    return finding.rule_title, finding.event_ids[0]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "nights", "days"), [(1, 13.0, 2), (2, 24.0, 2), (3, 31.0, 3), (4, 24.0, 1)])
def test_any_cut_into_nights_finds_the_same(
    make_ws: Callable[..., Workspace], seed: int, nights: float, days: int
) -> None:
    rows = timeline(seed)
    whole = make_ws(folder="whole")
    land(whole, "linux.auth", rows)
    once = {finding.key: essence(finding) for finding in scan(whole, at(DAYS * 1440), pack=pack(RULES)).findings}
    assert {title for title, _ in once.values()} >= {"brute", "spray", "ordered", "lonely", "then success"}

    ws = make_ws(f"[detect]\nlookback_days = {days}\n", folder="nightly")
    seen: dict[str, tuple[str, str]] = {}
    begin, until = at(-1), at(0)
    while until < at(DAYS * 1440):
        begin, until = until, until + timedelta(hours=nights)
        night = [row for row in rows if begin <= row["time"] < until]
        if night:
            land(ws, "linux.auth", night)
        result = scan(ws, until, pack=pack(RULES))
        if until < at(3 * 1440):
            again = scan(ws, until, pack=pack(RULES))
            assert [item.key for item in result.findings] == [item.key for item in again.findings]
        seen |= {finding.key: essence(finding) for finding in result.findings}
        mark_scanned(ws, result)
    assert sorted(seen.values()) == sorted(once.values())
    assert seen == once


def test_events_from_the_end_on_are_left_to_the_next_night(ws: Workspace) -> None:
    files = land(ws, "linux.auth", [failure("1.1.1.1", minute) for minute in (0, 1, 2)])
    early = scan(ws, at(2), pack=pack(BASES + BRUTE))
    assert early.findings == ()
    assert early.scanned_files == ()
    assert early.events_in_window == 2
    late = scan(ws, at(3), pack=pack(BASES + BRUTE))
    assert len(late.findings) == 1
    assert late.scanned_files == files


def test_an_event_that_arrives_late_completes_an_old_episode(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", 0), failure("1.1.1.1", 2)])
    first = scan(ws, at(60), pack=pack(BASES + BRUTE))
    assert first.findings == ()
    mark_scanned(ws, first)
    land(ws, "linux.auth", [failure("1.1.1.1", 4)])
    much_later = scan(ws, at(60 * 24 * 40), pack=pack(BASES + BRUTE))
    assert [finding.event_ids for finding in much_later.findings] == [("f0", "f2", "f4")]
    assert much_later.window.start == at(4)
    mark_scanned(ws, much_later)
    assert scan(ws, at(60 * 24 * 41), pack=pack(BASES + BRUTE)).findings == ()


def test_events_without_a_time_are_searched_once(ws: Workspace) -> None:
    rules = BASES.replace("category: authentication", "product: linux, service: auth")
    files = land(ws, "linux.auth", [{**failure("1.1.1.1", 0), "time": None}])
    first = scan(ws, at(60), pack=pack(rules))
    assert [finding.rule_title for finding in first.findings] == ["failure"]
    assert first.scanned_files == files
    mark_scanned(ws, first)
    assert scan(ws, at(60), pack=pack(rules)).findings == ()


def test_what_was_searched_is_not_searched_again(ws: Workspace) -> None:
    """A rule that is new tonight finds nothing in the events of yesterday; hunts do that."""
    land(ws, "linux.auth", [failure("1.1.1.1", minute) for minute in (0, 1, 2)])
    mark_scanned(ws, scan(ws, at(60), pack=pack(BASES)))
    land(ws, "linux.auth", [failure("2.2.2.2", minute) for minute in (61, 62, 63)])
    later = scan(ws, at(120), pack=pack(BASES + BRUTE))
    assert [finding.event_ids for finding in later.findings] == [("f61", "f62", "f63")]
    assert later.events_in_window == 3
    past = search_past(ws, pack(BASES + BRUTE), Window(at(0), at(60)))
    assert [finding.event_ids for finding in past.findings] == [("f0", "f1", "f2")]


def test_one_very_old_event_does_not_bring_back_what_lies_between(ws: Workspace, monkeypatch: Any) -> None:
    for day in range(10):
        land(ws, "linux.auth", [failure("1.1.1.1", day * 1440 + minute) for minute in range(5)])
    mark_scanned(ws, scan(ws, at(10 * 1440), pack=pack(BASES + BRUTE)))
    land(ws, "linux.auth", [failure("9.9.9.9", 1440 + minute) for minute in (1, 2)])
    mark_scanned(ws, scan(ws, at(10 * 1440), pack=pack(BASES + BRUTE)))
    land(ws, "linux.auth", [failure("9.9.9.9", 1440 + 3, id="late"), failure("3.3.3.3", 10 * 1440 + 30)])
    read: list[tuple[Any, ...]] = []
    real = LakeWindow.run

    def counted(self: LakeWindow, span: Any, sql: str) -> list[tuple[Any, ...]]:
        rows = real(self, span, sql)
        if span == "wide":
            read.append((self.spans.window.start, self.wide()))
        return rows

    monkeypatch.setattr(LakeWindow, "run", counted)
    result = scan(ws, at(11 * 1440), pack=pack(BASES + BRUTE))
    assert [finding.event_ids for finding in result.findings] == [("f1441", "f1442", "late")]
    assert result.events_in_window == 2
    assert result.window.start == at(1443)
    assert {start for start, _ in read} == {at(1443), at(10 * 1440 + 30)}
    for _, (begin, end) in read:
        assert end - begin <= timedelta(days=1, hours=2)


def test_an_attack_that_goes_on_stays_one_finding_and_grows(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws("[detect]\nlookback_days = 3\n")
    keys, events = set(), []
    for night in range(3):
        land(ws, "linux.auth", [failure("1.1.1.1", night * 1440 + minute) for minute in range(0, 1440, 4)])
        result = scan(ws, at((night + 1) * 1440), pack=pack(BASES + BRUTE))
        mark_scanned(ws, result)
        (found,) = result.findings
        keys.add(found.key)
        events.append(len(found.event_ids))
    assert len(keys) == 1
    assert events == [360, 720, 1080]


def test_a_window_that_looks_ahead_is_judged_by_a_night_without_new_events(ws: Workspace) -> None:
    rules = BASES + correlation(
        """type: temporal
        rules: [failure, success]
        group-by: [source_ip]
        timespan: 30m
        condition: failure and not success""",
        "no success follows",
    )
    land(ws, "linux.auth", [failure("1.1.1.1", 50)])
    early = scan(ws, at(60), pack=pack(rules))
    assert early.findings == ()
    mark_scanned(ws, early)
    (found,) = scan(ws, at(120), pack=pack(rules)).findings
    assert found.event_ids == ("f50",)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 6])
def test_logs_that_arrive_in_any_order_are_found_once(make_ws: Callable[..., Workspace], seed: int) -> None:
    """Single events whatever the order of their arrival, and every episode that is complete in the end."""
    random = Random(seed)
    rows = [row for row in timeline(seed) if not row["id"].startswith("long")]
    whole = make_ws(folder="whole")
    land(whole, "linux.auth", rows)
    rules = ROOT + "---" + BASES + BRUTE
    once = {finding.key for finding in scan(whole, at(DAYS * 1440), pack=pack(rules)).findings}
    ws = make_ws(folder="late")
    parts: list[list[dict[str, Any]]] = [[] for _ in range(6)]
    for row in rows:
        parts[random.randrange(6)].append(row)
    seen: list[str] = []
    for number, part in enumerate(parts):
        land(ws, "linux.auth", part)
        result = scan(ws, at(DAYS * 1440) + timedelta(hours=number), pack=pack(rules))
        seen += [finding.key for finding in result.findings if finding.rule_title == "any failure"]
        mark_scanned(ws, result)
        last = {finding.key for finding in result.findings}
    assert len(seen) == len(set(seen))
    singles = {finding.key for finding in scan(whole, at(DAYS * 1440), pack=pack(ROOT)).findings}
    assert set(seen) == singles
    assert last <= once


def test_a_long_look_back_is_not_read_beyond_its_files(make_ws: Callable[..., Workspace]) -> None:
    """An attack of two weeks with seven days of look-back: what is cut off must not become a finding of its own."""
    ws = make_ws("[detect]\nlookback_days = 7\n")
    keys = set()
    for night in range(10):
        land(ws, "linux.auth", [failure("1.1.1.1", night * 1440 + minute) for minute in range(0, 1440, 8)])
        result = scan(ws, at((night + 1) * 1440), pack=pack(BASES + BRUTE.replace("timespan: 10m", "timespan: 20m")))
        keys |= {found.key for found in result.findings}
        mark_scanned(ws, result)
    assert len(keys) == 1
