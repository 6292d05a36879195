"""`breachwatch rules add`, `packs`, `diff`, `remove`, `show`: what they print, and how they end."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.unit.detect.packs.making import DRL, archive, rule

Call = Callable[..., Any]
HOSTILE = "\\x1b[2J\\u202eevil[bold]"
FILES = {
    "LICENSE": DRL,
    "one.yml": rule("One", author="Ann Author", description="Told by one."),
    "two.yml": rule("Two", level="low"),
    "win.yml": rule("Win", logsource="{product: windows, service: security}"),
}


@pytest.fixture
def pack_ws(make_ws: Callable[..., Workspace], tmp_path: Path, call: Call) -> Workspace:
    """A workspace in which the pack `city`, version 1.0, runs."""
    ws = make_ws('[detect]\nrules = ["packs"]\n')
    assert call("-w", ws.root, "rules", "add", archive(tmp_path / "city-1.0.zip", FILES)).code == 0
    return ws


def test_add_shows_what_was_installed(make_ws: Callable[..., Workspace], tmp_path: Path, call: Call) -> None:
    ws = make_ws()
    place = archive(tmp_path / "city-1.0.zip", {**FILES, "bad.yml": f'title: "{HOSTILE}"\n'})
    ended = call("-w", ws.root, "rules", "add", place, "--level", "medium", "--product", "linux")
    assert ended.code == 5  # something was left out
    for said in ("city", "version 1.0", "DRL-1.1", "authors of its rules stay visible", "1 selected of 3", "bad.yml"):
        assert said in ended.out
    assert not {"\x1b", "\u202e"} & set(ended.out)
    listed = json.loads(call("-w", ws.root, "rules", "packs", "--json").out)
    assert [(item["name"], item["version"], item["selected"], item["fault"]) for item in listed] == [
        ("city", "1.0", 1, "")
    ]
    with ws.database.read() as connection:
        row = connection.execute(select(cases.audit).where(cases.audit.c.entity == "rule pack city")).one()
    assert row.change.startswith("none -> version 1.0, rules selected: 1 (")
    assert str(place) in row.reason


def test_an_update_is_asked_for(pack_ws: Workspace, tmp_path: Path, call: Call) -> None:
    newer = archive(tmp_path / "city-1.1.zip", {**FILES, "one.yml": rule("One", level="critical")})
    asked = call("-w", pack_ws.root, "rules", "add", newer)
    assert asked.code == 2
    assert "level high -> critical" in asked.out
    assert "Replace version 1.0 by 1.1?" in asked.err
    assert "1.0" in call("-w", pack_ws.root, "rules", "packs").out
    done = call("-w", pack_ws.root, "rules", "add", newer, "--yes", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert [item["version"] for item in told["former"]] == ["1.0"]
    assert [item["kind"] for item in told["changes"]["changes"]] == ["changed"]
    again = call("-w", pack_ws.root, "rules", "add", newer)
    assert (again.code, "installed already" in again.err) == (0, True)
    back = call("-w", pack_ws.root, "rules", "diff", "city", "city@1.0", "--text")
    assert back.code == 0
    assert "-level: critical" in back.out
    assert call("-w", pack_ws.root, "rules", "diff", "city@0.9", "city").code == 2


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, "1.0"), ("y\n", 0, "1.1")])
def test_the_answer_counts(
    pack_ws: Workspace, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: str
) -> None:
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)
    newer = archive(tmp_path / "city-1.1.zip", {"one.yml": rule("One", level="critical")})
    assert call("-w", pack_ws.root, "rules", "add", newer).code == code
    assert json.loads(call("-w", pack_ws.root, "rules", "packs", "--json").out)[0]["version"] == left


def test_a_pack_that_does_not_run_yet_is_told(make_ws: Callable[..., Workspace], tmp_path: Path, call: Call) -> None:
    ws = make_ws('[detect]\nrules = ["builtin"]\n')
    ended = call(
        "-w", ws.root, "rules", "add", archive(tmp_path / "city.zip", FILES), "--origin", "https://example.org/r"
    )
    assert ended.code == 0
    assert "does not run yet" in ended.err
    assert "https://example.org/r" in ended.out


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["--level", "loud"], 2, "no Sigma level"),
        (["--status", "stable,done"], 2, "no Sigma status"),
        (["--name", "../x"], 2, "cannot name a pack"),
    ],
)
def test_wrong_options_are_told(pack_ws: Workspace, tmp_path: Path, call: Call, given: list[str], code: int, said: str) -> None:  # fmt: skip  # noqa: E501
    ended = call("-w", pack_ws.root, "rules", "add", tmp_path / "city-1.0.zip", *given)
    assert (ended.code, said in ended.err) == (code, True)


def test_bad_places_end_with_a_sentence(pack_ws: Workspace, tmp_path: Path, call: Call) -> None:
    (tmp_path / "cut.zip").write_bytes((tmp_path / "city-1.0.zip").read_bytes()[:-20])
    for place, code in (("gone.zip", 2), ("cut.zip", 1)):
        ended = call("-w", pack_ws.root, "rules", "add", tmp_path / place)
        assert (ended.code, "Traceback" in ended.err) == (code, False)
        assert place in ended.err
    assert call("-w", pack_ws.root, "rules", "diff", "city", tmp_path / "gone.zip").code == 2


def test_diff_ends_with_1_where_something_stops(pack_ws: Workspace, tmp_path: Path, call: Call) -> None:
    odd = rule("One").replace("action:", "action|nonsense:")
    ended = call("-w", pack_ws.root, "rules", "diff", "city", archive(tmp_path / "n.zip", {**FILES, "one.yml": odd}))
    assert ended.code == 1
    assert "cannot run as the new version has it" in ended.out
    assert "nonsense" in ended.out
    two = call("rules", "diff", archive(tmp_path / "a.zip", FILES), archive(tmp_path / "b.zip", {}))
    assert (two.code, "3 removed" in two.out) == (0, True)


def test_a_broken_pack_is_listed_and_ends_with_1(pack_ws: Workspace, call: Call) -> None:
    (found,) = (pack_ws.root / "rules" / "city").glob("*.zip")
    found.chmod(0o600)
    found.write_bytes(b"")
    for arguments in (["packs"], ["packs", "city"]):
        ended = call("-w", pack_ws.root, "rules", *arguments)
        assert (ended.code, "changed since" in ended.out) == (1, True)
    (pack_ws.root / "rules" / "city" / "pack.toml").write_text("[selection]\n")
    ended = call("-w", pack_ws.root, "rules", "packs")
    assert (ended.code, "pack.toml" in ended.out) == (1, True)


def test_remove_asks(pack_ws: Workspace, call: Call) -> None:
    assert call("-w", pack_ws.root, "rules", "remove", "city").code == 2
    assert call("-w", pack_ws.root, "rules", "remove", "city", "--yes").code == 0
    assert "No rule pack is installed" in call("-w", pack_ws.root, "rules", "packs").out
    assert call("-w", pack_ws.root, "rules", "remove", "city", "--yes").code == 2


def test_authors_and_origin_are_shown_with_a_rule(pack_ws: Workspace, call: Call) -> None:
    assert "by Ann Author" in call("-w", pack_ws.root, "rules", "list").out
    listed = json.loads(call("-w", pack_ws.root, "rules", "list", "--pack", "city", "--json").out)
    assert {(row["title"], row["author"], row["pack"]) for row in listed} == {
        ("One", "Ann Author", "city"),
        ("Two", "A. Writer", "city"),
        ("Win", "A. Writer", "city"),
    }
    shown = call("-w", pack_ws.root, "rules", "show", "one")
    assert shown.code == 0
    for said in ("Ann Author", "DRL-1.1", "city 1.0", "city-1.0.zip", "Told by one.", "not run yet", '"linux_auth"'):
        assert said in shown.out
    told = json.loads(call("-w", pack_ws.root, "rules", "show", "One", "--json").out)
    assert (told["licence"], told["pack_version"], told["problem"]) == ("DRL-1.1", "1.0", "")
    assert "SELECT" in call("-w", pack_ws.root, "rules", "show", "One", "--sql").out
    assert "title: One" in call("-w", pack_ws.root, "rules", "show", "One", "--yaml").out
    ambiguous = call("-w", pack_ws.root, "rules", "show", "w")  # Two and Win
    assert (ambiguous.code, "give the id" in ambiguous.err) == (2, True)
    assert call("-w", pack_ws.root, "rules", "show", "nothing of the kind").code == 2
