"""Playbooks: ours are sound and meant for what they name; a city's are read safely, and say where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from breachwatch.errors import SettingsError
from breachwatch.incidents.casework import playbooks
from breachwatch.incidents.casework.playbooks import Fired, parse
from breachwatch.model.finding import Level

GOOD = "name: ours\ntitle: Ours\ntasks:\n  - {id: a, phase: contain, title: Do it, due_hours: 2}\n"


def names(*tags: str, level: Level = Level.HIGH) -> set[str]:
    fired = [Fired("r1", "linux.auth", level, tags)]
    return {book.name for book in playbooks.load() if book.is_for(fired)}


def test_ours_are_for_what_was_detected() -> None:
    assert names() == {"general"}
    assert names("attack.t1110.003") == {"general", "stolen-credentials"}
    assert names("attack.t1110.003", level=Level.LOW) == {"general"}
    assert names("attack.impact", "attack.t1486") == {"general", "ransomware"}
    assert "logs-deleted" in names("attack.t1070.001")


def test_the_city_s_own_take_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "general.yml").write_text(GOOD.replace("name: ours", "name: general"))
    (tmp_path / "more.yaml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("no playbook")
    found = {book.name: book for book in playbooks.load(tmp_path)}
    assert (found["general"].title, found["ours"].tasks[0].due_hours) == ("Ours", 2)
    (tmp_path / "again.yml").write_text(GOOD)
    with pytest.raises(SettingsError, match=r"more\.yaml and .*again\.yml both call themselves 'ours'"):
        playbooks.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "extra: 1\n", r"x\.yml: extra: Extra inputs"),
        (GOOD.replace("contain,", "party,"), r"tasks\.0\.phase: String should match"),
        (GOOD.replace("due_hours: 2", "due_hours: -2"), r"tasks\.0\.due_hours"),
        (GOOD.replace("due_hours: 2", "role: program"), r"tasks\.0\.role: .*breachwatch's own"),
        (GOOD + "  - {id: a, phase: tell, title: Twice}\n", "several tasks have the id 'a'"),
        ("name: x\ntitle: x\ntasks: []\n", "tasks"),
        ("- a list", "the file: Input should be"),
        ("!!python/object/apply:os.system ['echo owned']", "is no YAML"),
        ("a: &a [x]\nb: [*a, *a]\n", "anchors and aliases"),
        ("name: [", "is no YAML"),
        ("", "the file"),
        ("[" * 5000, "is no YAML"),
    ],
)
def test_a_wrong_one_says_where(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse(text, "x.yml")


def test_size_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "big.yml").write_text("#" * 300_000)
    with pytest.raises(SettingsError, match="262,144 are read at most"):
        playbooks.load(tmp_path)
