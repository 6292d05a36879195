"""Rules that are wrong in every way: each is named with file and reason, the rest run, the exit code tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace

Call = Callable[..., Any]
ID = "66666666-6666-4666-8666-66666666666{}"
GOOD = """title: {title}
id: {id}
level: high
logsource: {{product: linux, service: sshd}}
detection: {{s: {{user: root, outcome: failure}}, condition: s}}
"""
WRONG = {  # file: (text, what is said of it)
    "malformed.yml": ("title: [", "is not valid YAML"),
    "misspelled.yml": (
        GOOD.format(title="S", id=ID.format(5)).replace("detection:", "detections:"),
        "neither detection",
    ),
    "no-rule.yml": ("- 1\n- 2", "is no Sigma rule"),
    "bomb.yml": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
        + GOOD.format(title="bomb", id=ID.format(1)),
        "billion laughs",
    ),
    "deep.yml": ("title: x\ndetection: " + "[" * 5000 + "]" * 5000, "nested deeper than 100"),
    "lookaround.yml": (
        GOOD.format(title="Look-around", id=ID.format(2)).replace("user: root", "'user|re': '(?<=ro)ot'"),
        "a look-around, which RE2 does not have",
    ),
    "modifier.yml": (
        GOOD.format(title="Modifier", id=ID.format(3)).replace("user: root", "'user|sounds': root"),
        "sounds",
    ),
    "selection.yml": (
        GOOD.format(title="Selection", id=ID.format(4)).replace("condition: s", "condition: s and t"),
        "t",
    ),
    "missing.yml": (
        "title: Missing\ncorrelation: {type: event_count, rules: nobody, timespan: 1m, condition: {gte: 2}}\n",
        "refers to the rule 'nobody', which does not exist",
    ),
    "circle.yml": (
        "---\n".join(
            f"title: Circle {a}\nname: {a}\n"
            f"correlation: {{type: event_count, rules: [{b}], timespan: 1m, condition: {{gte: 2}}}}\n"
            for a, b in ("ab", "ba")
        ),
        "refers to itself in a circle",
    ),
    "z-twice.yml": (GOOD.format(title="Twice", id=ID.format(9)), "has the same id as mine/good.yml"),
    "bytes.yml": ("\udcff\udcfe", "is not UTF-8 text"),
}


@pytest.fixture
def bad(make_ws: Callable[..., Workspace], tmp_path: Path) -> Workspace:
    log = tmp_path / "auth.log"
    log.write_text("Nov 20 02:11:00 web01 sshd[77]: Failed password for root from 203.0.113.7 port 41 ssh2\n")
    ws = make_ws(f'[detect]\nrules = ["mine"]\n[[sources]]\nname = "auth"\npaths = ["{log}"]\nsettle_seconds = 0\n')
    (ws.root / "mine").mkdir()
    create_key(ws.keys)
    (ws.root / "mine" / "good.yml").write_text(GOOD.format(title="Good", id=ID.format(9)))
    for name, (text, _) in WRONG.items():
        (ws.root / "mine" / name).write_bytes(text.encode(errors="surrogateescape"))
    return ws


def unnamed(reasons: list[str]) -> list[str]:
    """The files of which nobody said what is wrong with them."""
    return [
        name
        for name, (_, said) in WRONG.items()
        if not any(f"mine/{name}" in reason and said in reason.replace(f"mine/{name}", "") for reason in reasons)
    ]


def test_a_rule_that_waits_for_values_raises_no_alarm_every_night(
    call: Call, make_ws: Callable[..., Workspace]
) -> None:
    ws = make_ws('[detect]\nrules = ["mine"]\n')
    (ws.root / "mine").mkdir()
    create_key(ws.keys)
    waiting = GOOD.format(title="Waits", id=ID.format(8)).replace("user: root", "'user|expand': '%admins%'")
    (ws.root / "mine" / "waits.yml").write_text(waiting)
    log = ws.root / "auth.log"
    log.write_text("Nov 20 02:11:00 web01 sshd[77]: Failed password for root from 203.0.113.7 port 41 ssh2\n")
    with (ws.root / "breachwatch.toml").open("a") as settings:
        settings.write(f'[[sources]]\nname = "auth"\npaths = ["{log}"]\nsettle_seconds = 0\n')
    (ws.root / "mine" / "settings-of-a-pack.yml").write_text(
        "title: Scanner\norder: 20\nlogsources: {a: {product: b}}\n"
    )
    for state in ("first start", "from the cache"):
        ended = call("-w", ws.root, "run", "--json")
        assert ended.code == 0, state
        no_rule, outcome = json.loads(ended.out)["outcomes"]
        assert "settings-of-a-pack.yml: is no Sigma rule" in no_rule["reason"]
        assert no_rule["excused"]
        assert outcome["title"] == "Waits"
        log.write_text(log.read_text() + "Nov 20 02:12:00 web01 sshd[78]: Accepted password for root from 192.0.2.7\n")
        assert (outcome["outcome"], outcome["excused"]) == ("could not run", True), state


def test_check_names_each_with_file_and_reason_and_ends_with_1(call: Call, bad: Workspace) -> None:
    ended = call("-w", bad.root, "rules", "check", "--json")
    assert ended.code == 1
    found = json.loads(ended.out)
    found = found if isinstance(found, list) else found["problems"]
    errors = [f"{item['origin']} {item['message']}" for item in found if item["severity"] == "error"]
    assert unnamed(errors) == []
    assert not any("good.yml" in item["origin"] for item in found if item["severity"] == "error")
    shown = call("-w", bad.root, "rules", "check")
    assert shown.code == 1
    assert "Traceback" not in shown.err


def test_a_night_runs_the_rest_and_says_so(call: Call, bad: Workspace) -> None:
    ended = call("-w", bad.root, "run", "--json")
    assert ended.code == 5
    summary = json.loads(ended.out)
    assert summary["state"] == "partial"
    outcomes = {item["title"]: item for item in summary["outcomes"]}
    assert (outcomes["Good"]["outcome"], outcomes["Good"]["findings"]) == ("matched", 1)
    wrong = [item["reason"] for item in summary["outcomes"] if item["outcome"] == "could not run"]
    assert unnamed(wrong) == []
    assert len(wrong) == len(WRONG) + 1  # the circle has two rules
    # Without a new event no rule is applicable; the texts that are no rules are still named, from the cache.
    again = call("-w", bad.root, "run", "--json")
    assert again.code == 5
    assert len([item for item in json.loads(again.out)["outcomes"] if item["outcome"] == "could not run"]) >= 9


def test_a_hunt_runs_the_rest_and_says_so(call: Call, bad: Workspace) -> None:
    call("-w", bad.root, "run")
    ended = call("-w", bad.root, "hunt", bad.root / "mine", "--json")
    assert ended.code == 5
    scan = json.loads(ended.out)["scan"]
    assert [item["rule_title"] for item in scan["findings"]] == ["Good"]
    reasons = [item["reason"].replace(f"{bad.root}/", "") for item in scan["outcomes"]]
    assert [name for name in unnamed(reasons) if name != "z-twice.yml"] == []
    assert any("has the same id as" in reason for reason in reasons)
