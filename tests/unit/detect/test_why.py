"""What a finding says about why: selections, fields, values, places of keywords, rules of a correlation."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from breachwatch.detect import scan
from breachwatch.model.finding import Finding, Match, Outcome
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, pack

RULE = """
title: t
id: 11111111-1111-4111-8111-111111111111
logsource: {product: windows, category: process_creation}
detection:
"""


def run(ws: Workspace, detection: str, event: dict[str, Any] | None = None) -> list[str]:
    """What the one finding of a rule over one Sysmon event says."""
    given = {
        "EventID": 1,
        "Image": r"C:\Tools\Evil.exe",
        "CommandLine": "evil.exe -Enc aGk= --Dump MIMIKATZ",
        "User": "mira",
        "ParentProcessId": "700",
        "extra": json.dumps({"Note": "left by Red team"}),
    }
    land(ws, "windows.sysmon", [{"time": at(1), **given, **(event or {})}])
    result = scan(ws, at(60 * 24), pack=pack(RULE + detection))
    assert [item.outcome for item in result.outcomes] == [Outcome.MATCHED], result.outcomes
    (found,) = result.findings
    assert {match.rule_id for match in found.matched} == {found.rule_id}
    assert {match.event_id for match in found.matched} == set(found.event_ids)
    return [f"{match} | {match.found}" for match in found.matched]


@pytest.mark.parametrize(
    ("detection", "said"),
    [
        (
            r"""
  selection_img: {Image|endswith: ['\evil.exe', '\good.exe']}
  selection_cli: {CommandLine|contains|all: ['-enc', 'mimikatz']}
  filter: {User: root}
  condition: all of selection_* and not filter
""",
            [
                r"selection_img: Image ends with '\evil.exe' | \Evil.exe",
                "selection_cli: CommandLine contains '-enc' | -Enc",
                "selection_cli: CommandLine contains 'mimikatz' | MIMIKATZ",
            ],
        ),
        (
            r"""
  a: {Image|endswith: '\nothing'}
  b: [{Image|contains: evil, User: nobody}, {User: MIRA}]
  condition: a or b
""",
            ["b: User is 'MIRA' | mira"],
        ),
        (
            r"""
  sel:
    CommandLine|re|i: 'MIMI[a-z]+'
    Image: 'c:\\*\evil.exe'
    ParentProcessId|gte: 600
    IntegrityLevel: null
    User|neq: root
    CommandLine|windash|contains: ' -enc '
    CommandLine|fieldref|contains: User
  condition: sel
""",
            None,
        ),
        (
            """
  words: [no such word, red TEAM, 're*katz']
  condition: words
""",
            ["words: Note contains 'red TEAM' | Red team"],
        ),
        (
            """
  words: {'|all': [mimikatz, team]}
  condition: words
""",
            ["words: CommandLine contains 'mimikatz' | MIMIKATZ", "words: Note contains 'team' | team"],
        ),
        (
            """
  sel: {Note|startswith: left}
  other: {User: x}
  condition: not (not sel or other)
""",
            ["sel: Note starts with 'left' | left"],
        ),
    ],
    ids=["selections", "maps", "tests", "keywords", "keywords|all", "twice not"],
)
def test_a_finding_says_which_selection_matched_and_by_what(
    ws: Workspace, detection: str, said: list[str] | None
) -> None:
    event = {"CommandLine": "evil.exe -Enc mira MIMIKATZ"} if said is None else {}
    assert run(ws, detection, event) == (
        said
        or [
            "sel: CommandLine matches '(?i)MIMI[a-z]+' | MIMIKATZ",
            r"sel: Image is like 'c:\*\evil.exe' | \Evil.exe",
            "sel: ParentProcessId is at least '600' | ",
            "sel: IntegrityLevel is missing | ",
            "sel: User not is 'root' | ",
            "sel: CommandLine contains (windash) ' -enc ' |  -Enc ",
            "sel: CommandLine contains the value of 'User' | mira",
        ]
    )


def test_a_long_value_is_cut_around_what_matched(ws: Workspace) -> None:
    land(ws, "windows.sysmon", [{"time": at(1), "EventID": 1, "CommandLine": "x" * 5000 + "Needle" + "y" * 5000}])
    rule = RULE + "  s: {CommandLine|contains: needle}\n  condition: s\n"
    ((match,),) = [found.matched for found in scan(ws, at(60 * 24), pack=pack(rule)).findings]
    assert match.found == "Needle"
    assert len(match.value) == 200
    assert match.found in match.value


@pytest.mark.parametrize("text", ["'; DROP TABLE t; --", "a\\'b", "{x}%s", "\\*", "100%", "漢字", 'q"q'])
def test_hostile_rule_text_is_told_as_it_stands(ws: Workspace, text: str) -> None:
    land(ws, "windows.sysmon", [{"time": at(1), "EventID": 1, "CommandLine": "<" + text.replace("\\*", "*") + ">"}])
    rule = RULE + f"  {json.dumps(text[:5])}: {{CommandLine|contains: {json.dumps(text)}}}\n  condition: all of them\n"
    ((match,),) = [found.matched for found in scan(ws, at(60 * 24), pack=pack(rule)).findings]
    assert (match.selection, match.found) == (text[:5], text.replace("\\*", "*"))


CHAIN = """
title: failure
name: failure
id: 22222222-2222-4222-8222-222222222222
logsource: {category: authentication}
detection: {failed: {outcome: failure}, condition: failed}
---
title: success
name: success
id: 33333333-3333-4333-8333-333333333333
logsource: {category: authentication}
detection: {worked: {outcome: success}, condition: worked}
---
title: both
id: 44444444-4444-4444-8444-444444444444
correlation: {type: temporal, rules: [failure, success], group-by: [user], timespan: 1h}
"""


def test_a_correlation_says_which_rule_each_event_matched(ws: Workspace) -> None:
    land(ws, "linux.auth", [*(failure("203.0.113.9", minute) for minute in range(9)), logon("203.0.113.9", 10)])
    (found,) = scan(ws, at(60 * 24), pack=pack(CHAIN)).findings
    assert [(part.rule_title, part.event_ids) for part in found.parts] == [
        ("failure", tuple(f"f{minute}" for minute in range(9))),
        ("success", ("s10",)),
    ]
    assert told(found) == [
        *(
            ("22222222-2222-4222-8222-222222222222", f"f{minute}", "failed: outcome is 'failure'")
            for minute in (0, 1, 2, 6, 7, 8)  # how it began and what it came to
        ),
        ("33333333-3333-4333-8333-333333333333", "s10", "worked: outcome is 'success'"),
    ]


def test_a_rule_with_many_tests_leaves_room_for_the_others(ws: Workspace) -> None:
    words = ", ".join(f"'word{number:02d}'" for number in range(30))
    chain = CHAIN.replace("failed: {outcome: failure}", f"failed: {{outcome: failure, 'message|contains': [{words}]}}")
    said = " ".join(f"word{number:02d}" for number in range(30))
    rows = [failure("203.0.113.9", minute, message=said) for minute in range(9)]
    land(ws, "linux.auth", [*rows, logon("203.0.113.9", 10)])
    (found,) = scan(ws, at(60 * 24), pack=pack(chain)).findings
    counts = Counter(match.event_id for match in found.matched)
    assert counts == {"f0": 24, **dict.fromkeys(("f1", "f2", "f6", "f7", "f8"), 8), "s10": 1}


def told(found: Finding) -> list[tuple[str, str, str]]:
    return [(match.rule_id, match.event_id, str(match)) for match in found.matched]


def test_a_match_is_a_sentence() -> None:
    match = Match("r", "e", "selection_cli", "CommandLine", "contains", "mimikatz")
    assert str(match) == "selection_cli: CommandLine contains 'mimikatz'"
