"""`breachwatch rules coverage` and what `rules check` tells beside errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breachwatch.workspace import Workspace
from tests.unit.detect.attack_data import bundle
from tests.unit.detect.making import failure, land
from tests.unit.detect.packs.making import folder, rule

Call = Callable[..., Any]
SSH = "{product: linux, service: sshd}"


@pytest.fixture
def filled(make_ws: Callable[..., Workspace]) -> Workspace:
    ws = make_ws('[detect]\nrules = ["mine"]\nfilters = ["filters"]\n')
    seen = rule("Seen", logsource=SSH, tags="[attack.getting-in, attack.t1001]")
    folder(ws.root / "mine", {"a.yml": seen, "b.yml": rule("Unseen \\x1b[2J", tags="[attack.t1002, attack.t9999]", logsource="{product: windows, category: ps_script}")})  # fmt: skip  # noqa: E501
    (ws.root / "filters").mkdir()
    land(ws, "linux.auth", [failure("203.0.113.9", 1)])
    return ws


def test_coverage_without_names_says_so(filled: Workspace, call: Call) -> None:
    ended = call("-w", filled.root, "rules", "coverage")
    assert ended.code == 0
    assert "No ATT&CK file is given" in ended.out
    assert "1 technique with data of 3 that rules are for; 2 active rules: 1 with data, 1 without data" in ended.out
    assert "product windows, category ps_script" in ended.out
    assert "\x1b" not in ended.out


def test_coverage_with_names_a_layer_and_a_choice(filled: Workspace, tmp_path: Path, call: Call) -> None:
    attack, layer = bundle(tmp_path / "attack.json"), tmp_path / "layer.json"
    ended = call("-w", filled.root, "rules", "coverage", "--attack-data", attack, "--layer", layer)
    assert ended.code == 0
    for said in ("Getting In", "Taking Away", "Knocking", "not in ATT&CK 99.1"):
        assert said in ended.out
    written = json.loads(layer.read_text())
    assert written["name"] == "Testville: detection coverage"
    assert [item["techniqueID"] for item in written["techniques"]] == ["T1001", "T1002", "T9999"]
    one = call("-w", filled.root, "rules", "coverage", "--attack-data", attack, "--tactic", "taking-away").out
    assert ("T1002" in one, "T1001" in one) == (True, False)
    gaps = call("-w", filled.root, "rules", "coverage", "--gaps").out
    assert ("T1002" in gaps, "T1001" in gaps) == (True, False)
    told = json.loads(call("-w", filled.root, "rules", "coverage", "--json").out)
    assert {item["technique"]: [one["state"] for one in item["rules"]] for item in told["techniques"]} == {
        "T1001": ["with data"],
        "T1002": ["without data"],
        "T9999": ["without data"],
    }


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["--tactic", "lunch"], 2, "lunch"),
        (["--attack-data", "gone.json"], 2, "gone.json"),
        (["--layer", "no/such/folder/layer.json"], 3, "layer.json"),
        (["--days", "0"], 2, "days"),
    ],
)
def test_coverage_ends_with_a_sentence(filled: Workspace, call: Call, given: list[str], code: int, said: str) -> None:
    ended = call("-w", filled.root, "rules", "coverage", *given)
    assert (ended.code, said in ended.err, "Traceback" in ended.err) == (code, True, False)


def test_check_counts_notes_and_names_them_on_request(filled: Workspace, tmp_path: Path, call: Call) -> None:
    ended = call("-w", filled.root, "rules", "check")
    assert ended.code == 0
    assert "breachwatch_guide" in ended.out
    assert "--notes names each" in ended.out
    assert "ATT&CK tags are not checked" in ended.out
    named = call("-w", filled.root, "rules", "check", "--notes", "--attack-data", bundle(tmp_path / "attack.json")).out
    assert "attack.t9999 names nothing in ATT&CK 99.1" in named
    assert "ATT&CK tags are not checked" not in named
    assert "\x1b" not in named
    (tmp_path / "few.yml").write_text("validators: [breachwatch_guide]\n")
    found = json.loads(call("-w", filled.root, "rules", "check", "--profile", tmp_path / "few.yml", "--json").out)
    assert {row["check"] for row in found} == {"breachwatch_guide"}
    assert call("-w", filled.root, "rules", "check", "--profile", tmp_path / "none.yml").code == 2


def test_check_tells_of_filters_without_ending_in_error(filled: Workspace, call: Call) -> None:
    text = "title: Old\nlogsource: {product: linux}\nfilter: {rules: any, s: {a: b}, condition: not s}\n"
    (filled.root / "filters" / "old.yml").write_text(
        f"{text}breachwatch: {{owner: a, reason: b, expires: 2020-01-01}}\n"
    )
    ended = call("-w", filled.root, "rules", "check")
    assert (ended.code, "expired on 2020-01-01" in ended.out) == (0, True)
    (filled.root / "filters" / "keeps.yml").write_text(text.replace("not s", "s"))
    ended = call("-w", filled.root, "rules", "check")
    assert (ended.code, "would keep only" in ended.out) == (1, True)
