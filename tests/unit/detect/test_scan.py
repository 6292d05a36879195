"""The scan: routing, outcomes, what a finding tells, limits, first-seen rules, filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from breachwatch.detect import check, scan
from breachwatch.model.finding import Entity, Outcome, RuleOutcome, Scan
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, mark_scanned, pack

UNTIL = at(60 * 24)

SSHD = """
title: root over SSH
id: 11111111-1111-4111-8111-111111111111
level: high
tags: [attack.t1110]
logsource: {product: linux, service: sshd}
detection: {s: {user: root, NoSuchField: null}, condition: s}
"""


def outcome(result: Scan, title: str) -> RuleOutcome:
    return next(item for item in result.outcomes if item.title == title)


def run(ws: Workspace, rules: str, until: datetime = UNTIL) -> Scan:
    return scan(ws, until, pack=pack(rules))


def test_a_finding_tells_who_and_why(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("203.0.113.9", 5, user="root", repeat_count=3)])
    result = run(ws, SSHD)
    (finding,) = result.findings
    assert (finding.dataset, finding.event_ids, finding.event_count) == ("linux.auth", ("f5",), 3)
    assert finding.first_time == finding.last_time == at(5)
    assert finding.entities == (
        Entity("user", "root@web01"),
        Entity("source_ip", "203.0.113.9"),
        Entity("host", "web01"),
    )
    assert finding.why == {"user": "root"}
    assert finding.tags == ("attack.t1110",)
    (compiled,) = result.rules
    assert compiled.revision == finding.rule_revision
    assert compiled.text.strip() == SSHD.strip()
    assert 'FROM "linux_auth"' in compiled.sql
    assert outcome(result, "root over SSH").unknown_fields == ("NoSuchField",)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", {"user:mira", "host:web01"}),
        ("{target_user: target_user}", {"user:mira", "user:sysupd", "host:web01"}),
        ("{user: target_user}", {"user:sysupd", "host:web01"}),
        ("{user: [nothing, target_user], host: nothing}", {"user:sysupd"}),
    ],
)
def test_a_rule_says_which_accounts_take_part(ws: Workspace, asked: str, names: set[str]) -> None:
    event = {"time": at(5), "host": "web01", "user": "mira", "target_user": "sysupd", "action": "user-created"}
    land(ws, "linux.auth", [event])
    rule = """
title: account
id: 33333333-3333-4333-8333-333333333333
logsource: {product: linux, service: auth}
detection: {s: {action: user-created}, condition: s}
"""
    (found,) = run(ws, rule + (f"breachwatch: {{entities: {asked}}}\n" if asked else "")).findings
    assert {str(entity) for entity in found.entities} == names


def test_a_rule_never_fires_on_the_wrong_log(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", 5, user="root", program="sudo")])
    land(ws, "windows.security", [{"time": at(5), "user": "root", "EventID": 4624}], source="win")
    assert outcome(run(ws, SSHD), "root over SSH").outcome is Outcome.NOT_APPLICABLE
    for source in ("{product: macos}", "{product: linux, category: nosuch}", "{category: sshd}"):
        result = run(ws, SSHD.replace("{product: linux, service: sshd}", source))
        assert outcome(result, "root over SSH").outcome is Outcome.NOT_APPLICABLE
        assert "no dataset is mapped" in outcome(result, "root over SSH").reason


PROCESS = """
title: tool
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: '\\tool.exe', User|contains: adm, IntegrityLevel: High}
  condition: s
"""


def test_process_creation_runs_over_sysmon_and_security(ws: Workspace) -> None:
    sysmon = {"EventID": 1, "Image": r"C:\x\Tool.exe", "User": r"CITY\adm", "IntegrityLevel": "High"}
    security = {"EventID": 4688, "NewProcessName": r"C:\x\tool.exe", "User": r"CITY\ADM1"}
    extra = '{"MandatoryLabel": "S-1-16-12288"}'
    land(ws, "windows.sysmon", [{**sysmon, "id": "s1", "time": at(1)}, {**sysmon, "EventID": 5, "time": at(2)}], "win")
    land(
        ws, "windows.security", [{**security, "extra": extra, "id": "s2", "time": at(3)}, {"EventID": 1, "time": at(4)}]
    )
    result = run(ws, PROCESS)
    assert [(found.dataset, found.event_ids) for found in result.findings] == [
        ("windows.sysmon", ("s1",)),
        ("windows.security", ("s2",)),
    ]
    assert outcome(result, "tool").unknown_fields == ()


def test_outcomes_of_all_kinds(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", 5)])
    rules = [
        SSHD.replace("title: root over SSH", f"title: {name}").replace("1111-1111-4", f"1111-111{n}-4")
        for n, name in enumerate("abc")
    ]
    rules[1] = rules[1].replace("user: root", "user: mira")
    rules[2] = rules[2].replace("user: root", "'user|re': '(?<=x)'")
    result = run(ws, "---\n".join(rules))
    assert [item.outcome for item in result.outcomes] == [Outcome.NO_MATCH, Outcome.MATCHED, Outcome.COULD_NOT_RUN]
    assert "document 3" in result.outcomes[2].reason


def test_more_findings_than_the_limit_are_counted(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws("[detect]\nmax_findings_per_rule = 3\n")
    land(ws, "linux.auth", [failure("1.1.1.1", minute, user="root") for minute in range(10)])
    result = run(ws, SSHD)
    assert [found.event_ids[0] for found in result.findings] == ["f0", "f1", "f2"]
    assert "7 more were left out" in outcome(result, "root over SSH").reason


def test_runs_and_compiled_rules_kept_from_one_give_the_same(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", minute, user="root") for minute in range(5)])
    first = run(ws, SSHD)
    assert (ws.state / "compiled-rules.cache").is_file()
    assert run(ws, SSHD) == first
    (ws.state / "compiled-rules.cache").write_text("damaged")
    assert run(ws, SSHD) == first


FIRST = """
title: new address
id: 22222222-2222-4222-8222-222222222222
logsource: {category: authentication}
detection: {s: {outcome: success}, condition: s}
breachwatch: {first_seen: {fields: [user, source_ip], history_days: 10}}
"""
DAYS = 60 * 24


def first_ids(result: Scan) -> list[str]:
    return [found.event_ids[0] for found in result.findings]


def test_first_seen_looks_beyond_the_window(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws("[detect]\nlearning_days = 0\n")
    old = [logon("1.1.1.1", 0), logon("2.2.2.2", 1), logon(None, 2)]
    land(ws, "linux.auth", old)
    first = run(ws, FIRST, at(DAYS))
    assert first_ids(first) == ["s0", "s1"]
    mark_scanned(ws, first)
    new = [logon("1.1.1.1", 6 * DAYS), logon("1.1.1.1", 17 * DAYS), logon("9.9.9.9", 17 * DAYS, user="MIRA", id="x")]
    land(ws, "linux.auth", [*new, logon("9.9.9.9", 17 * DAYS + 5, id="again")])
    later = run(ws, FIRST, at(18 * DAYS))
    assert first_ids(later) == ["s24480", "x"]
    assert later.findings[0].why["source_ip"] == "1.1.1.1"


@pytest.mark.parametrize(
    ("setting", "of_rule", "found"),
    [
        ("", "", ["s10081"]),
        ("learning_days = 0.5\n", "", ["s1441", "s10081"]),
        ("", ", learning_days: 1", ["s1441", "s10081"]),
        ("", ", learning_days: 8", []),
        ("learning_days = 0\n", ", learning_days: 8", ["s0", "s60", "s1441", "s10081"]),
    ],
)
def test_a_new_source_settles_in_before_anything_is_new(
    make_ws: Callable[..., Workspace], setting: str, of_rule: str, found: list[str]
) -> None:
    ws = make_ws(f"[detect]\n{setting}")
    land(ws, "linux.auth", [logon(f"1.1.1.{n}", minute) for n, minute in enumerate((0, 60, DAYS + 1, 7 * DAYS + 1))])
    rule = FIRST.replace("history_days: 10", f"history_days: 10{of_rule}")
    assert first_ids(run(ws, rule, at(8 * DAYS))) == found


@pytest.mark.parametrize("learning", ["soon", "true", "-1", "400", "[7]"])
def test_learning_days_must_be_days(ws: Workspace, learning: str) -> None:
    land(ws, "linux.auth", [logon("1.1.1.1", 0)])
    result = run(ws, FIRST.replace("history_days: 10", f"history_days: 10, learning_days: {learning}"))
    assert "learning_days" in result.outcomes[0].reason


FILTER = """
title: the backup robot
logsource: {product: linux, service: sshd}
filter:
  rules: [11111111-1111-4111-8111-111111111111]
  robot: {source_ip: 10.0.0.5}
  condition: CONDITION
"""


def test_a_filter_takes_known_good_events_out(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("10.0.0.5", 1, user="root"), failure("10.0.0.6", 2, user="root")])
    assert [found.event_ids for found in run(ws, SSHD).findings] == [("f1",), ("f2",)]
    result = run(ws, SSHD + "---" + FILTER.replace("CONDITION", "not robot"))
    assert [found.event_ids for found in result.findings] == [("f2",)]


@pytest.mark.parametrize(
    ("filter_text", "reason"),
    [
        (FILTER.replace("CONDITION", "robot"), "would keep only the events it describes"),
        (FILTER.replace("CONDITION", "not robot or robot"), ""),
        (FILTER.replace("CONDITION", "not robot") + "breachwatch: {expires: 2026-11-20}\n", "expired on 2026-11-20"),
        (FILTER.replace("CONDITION", "not nobody"), "nobody"),
    ],
)
def test_a_filter_that_does_not_apply_says_so_and_hides_nothing(ws: Workspace, filter_text: str, reason: str) -> None:
    land(ws, "linux.auth", [failure("10.0.0.5", 1, user="root"), failure("10.0.0.6", 2, user="root")])
    result = run(ws, SSHD + "---" + filter_text)
    assert len(result.findings) == 2
    assert any(reason in item.reason for item in result.outcomes)


def test_check_names_what_is_wrong_without_any_log(ws: Workspace) -> None:
    rules = "---\n".join(
        [
            SSHD,
            SSHD.replace("11111111", "11111112").replace("user: root", "user|nosuch: x"),
            SSHD.replace("11111111", "11111113").replace("product: linux", "product: vms"),
            "title: [",
        ]
    )
    found = [(str(item.severity), item.message) for item in check(ws, UNTIL, pack=pack(rules))]
    said: dict[str, Any] = {
        kind: " ".join(text for severity, text in found if severity == kind) for kind in ("error", "warning")
    }
    assert "nosuch" in said["error"]
    assert "not valid YAML" in said["error"]
    assert "NoSuchField" in said["warning"]
    assert "product vms" in said["warning"]
