"""Coverage: ATT&CK from a file, rules with and without data, the Navigator layer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breachwatch.detect.coverage import Coverage, State, layer, load_attack, measure
from breachwatch.detect.coverage.navigator import COLOURS
from breachwatch.errors import BreachwatchError, DataError, SettingsError
from breachwatch.workspace import Workspace
from tests.unit.detect.attack_data import OBJECTS, bundle
from tests.unit.detect.making import failure, land
from tests.unit.detect.packs.making import folder, quiet, rule

SSH = "{product: linux, service: sshd}"
SYSMON = "{product: windows, category: process_creation}"
FILES = {
    "a.yml": rule("Seen", logsource=SSH, tags="[attack.getting-in, attack.t1001]"),
    "b.yml": rule("Unseen", logsource=SYSMON, tags="[attack.t1001, attack.T1001.002, attack.s0001]"),
    "c.yml": rule("Broken", logsource=SSH, tags="[attack.t1002]", search="{a: {b: 1}}"),
    "d.yml": rule("Old", logsource=SSH, tags="[attack.t1003, attack.taking_away]"),
    "e.yml": rule("Untagged", logsource="{product: toaster}"),
}
CHAIN = """
title: First this, then that
id: 44444444-4444-4444-8444-444444444444
tags: [attack.t1002]
correlation: {type: KIND, rules: [one, two], group-by: [user], timespan: 5m, condition: {gte: 1}}
"""


@pytest.fixture
def filled(make_ws: Callable[..., Workspace]) -> Workspace:
    """A workspace with some sshd lines and rules for more."""
    ws = make_ws('[detect]\nrules = ["mine"]\n')
    folder(ws.root / "mine", FILES)
    land(ws, "linux.auth", [failure("203.0.113.9", minute) for minute in range(3)])
    return ws


def states(found: Coverage) -> dict[str, State]:
    return {item.title: item.state for item in found.rules}


def test_a_rule_counts_only_with_its_logs(filled: Workspace) -> None:
    found = measure(filled, None, quiet)
    assert states(found) == {
        "Seen": State.DATA,
        "Old": State.DATA,
        "Unseen": State.NO_DATA,
        "Untagged": State.NO_DATA,
        "Broken": State.CANNOT_RUN,
    }
    counts = {item.technique: [item.count(state) for state in State] for item in found.techniques}
    assert counts == {"T1001": [1, 1, 0], "T1001.002": [0, 1, 0], "T1002": [0, 0, 1], "T1003": [1, 0, 0]}
    assert (found.attack_version, dict(found.known)) == ("", {})
    assert list(found.tactics) == ["getting-in", "taking-away"]  # as the rules name them
    assert [(item.logsource, item.rules, item.techniques) for item in found.missing] == [
        ("product toaster", 1, 0),
        ("product windows, category process_creation", 1, 1),
    ]


def test_only_logs_of_the_days_asked_for_count(filled: Workspace) -> None:
    assert states(measure(filled, None, quiet, days=30))["Seen"] is State.DATA
    assert states(measure(filled, None, quiet, days=0.5))["Seen"] is State.NO_DATA


@pytest.mark.parametrize(("kind", "state"), [("temporal", State.NO_DATA), ("event_count", State.DATA)])
def test_a_sequence_needs_all_its_logs_and_a_count_one(make_ws: Callable[..., Workspace], kind: str, state: State) -> None:  # fmt: skip  # noqa: E501
    ws = make_ws('[detect]\nrules = ["mine"]\n')
    one, two = rule("One", logsource=SSH, name="one"), rule("Two", logsource=SYSMON, name="two")
    folder(ws.root / "mine", {"all.yml": f"{one}---\n{two}---{CHAIN.replace('KIND', kind)}"})
    land(ws, "linux.auth", [failure("203.0.113.9", 1)])
    assert states(measure(ws, None, quiet)) == {"First this, then that": state}


def test_names_come_from_the_file(filled: Workspace, tmp_path: Path) -> None:
    found = measure(filled, load_attack(bundle(tmp_path / "attack.json")), quiet)
    assert list(found.tactics.items()) == [("getting-in", "Getting In"), ("taking-away", "Taking Away")]
    assert [(item.technique, item.name, item.note) for item in found.techniques] == [
        ("T1001", "Knocking", ""),
        ("T1001.002", "Knocking Twice", ""),
        ("T1002", "Carrying", ""),
        ("T1003", "Old Way", "revoked, now T1001"),
    ]
    assert (found.attack_version, dict(found.known)) == ("99.1", {"getting-in": 2, "taking-away": 2})
    assert [item.technique for item in found.of("taking-away")] == ["T1001.002", "T1002"]


def test_tags_are_checked_against_the_file(tmp_path: Path) -> None:
    attack = load_attack(bundle(tmp_path / "attack.json"))
    right = ["attack.t1001", "attack.T1001.002", "attack.getting-in", "attack.getting_in", "attack.s0001"]
    assert [tag for tag in right if attack.fault(tag)] == []
    assert "revoked, now T1001" in attack.fault("attack.t1003")
    assert "deprecated" in attack.fault("attack.t1004")
    assert "names nothing in ATT&CK 99.1" in attack.fault("attack.t9999")


def test_the_layer_is_as_the_navigator_reads_it(filled: Workspace, tmp_path: Path) -> None:
    found = measure(filled, load_attack(bundle(tmp_path / "attack.json")), quiet)
    made: dict[str, Any] = json.loads(json.dumps(layer(found, "Testville", "what is covered")))
    assert made["versions"] == {"attack": "99", "navigator": "4.9.0", "layer": "4.5"}
    assert (made["domain"], made["name"]) == ("enterprise-attack", "Testville")
    shown = {item["techniqueID"]: (item["score"], item["color"]) for item in made["techniques"]}
    assert shown == {
        "T1001": (1, COLOURS[State.DATA]),
        "T1001.002": (0, COLOURS[State.NO_DATA]),
        "T1002": (0, COLOURS[State.CANNOT_RUN]),
        "T1003": (1, COLOURS[State.DATA]),
    }
    assert "Seen (with data), by A. Writer" in made["techniques"][0]["comment"]
    assert made["gradient"]["maxValue"] > made["gradient"]["minValue"]
    assert {item["color"] for item in made["legendItems"]} == set(COLOURS.values())
    assert "attack" not in layer(measure(filled, None, quiet), "x", "y")["versions"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", DataError),
        ("[1, 2]", DataError),
        ("{}", DataError),
        ('{"objects": {"a": 1}}', DataError),
        ('{"objects": [1, null, {"type": "attack-pattern"}]}', DataError),
        ("[" * 100_000, DataError),
        ("\udcff", DataError),
    ],
)
def test_a_file_that_is_no_attack_is_refused(tmp_path: Path, text: str, error: type[BreachwatchError]) -> None:
    (tmp_path / "attack.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(error, match=r"attack\.json"):
        load_attack(tmp_path / "attack.json")


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"detect\.attack_data"):
        load_attack(tmp_path / "attack.json")


def test_odd_objects_in_the_file_do_no_harm(tmp_path: Path) -> None:
    odd: list[Any] = [
        {"type": "attack-pattern", "id": 5, "external_references": "none"},
        {"type": "attack-pattern", "id": "x", "external_references": [{"source_name": "mitre-attack"}], "name": None},
        {"type": "x-mitre-matrix", "tactic_refs": ["nothing", 5]},
        {"type": "relationship", "relationship_type": "revoked-by"},
    ]
    assert load_attack(bundle(tmp_path / "attack.json", OBJECTS + odd)).name("T1001") == "Knocking"
