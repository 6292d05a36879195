"""Installing, renewing and removing packs, and what of them runs."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from breachwatch import detect
from breachwatch.detect.packs import Pack, installed
from breachwatch.detect.packs.adding import Asked, Prepared, install, pack_folder, prepare, remove
from breachwatch.errors import BusyError, DataError, UnknownNameError, UsageError
from breachwatch.workspace import Workspace
from tests.unit.detect.packs.making import DRL, archive, folder, quiet, rule

HIDES_ALL = """
title: Hide everything
logsource: {product: linux, service: auth}
filter:
  rules: any
  nothing: {action: no-such-action}
  condition: nothing
"""
BASE = rule("Base", level="low", name="base_rule")
OVER = """
title: Many of them
id: 33333333-3333-4333-8333-333333333333
status: stable
level: high
correlation: {type: event_count, rules: [base_rule], group-by: [user], timespan: 5m, condition: {gte: 3}}
"""
FILES = {
    "LICENSE": DRL,
    "rules/one.yml": rule("One", status="stable"),
    "rules/two.yml": rule("Two", level="low"),
    "rules/win.yml": rule("Win", logsource="{product: windows, service: security}"),
    "rules/old.yml": rule("Old", status="deprecated"),
    "rules/broken.yml": "title: nothing\n",
    "rules/odd.yml": rule("Odd", search="{a: {b: c}}"),
    "filters/all.yml": HIDES_ALL,
}


@pytest.fixture
def ws(make_ws: Callable[..., Workspace]) -> Workspace:
    return make_ws('[detect]\nrules = ["packs"]\n')


def preparing(ws: Workspace, place: Path, **asked: Any) -> AbstractContextManager[Prepared]:
    return prepare(ws, place, Asked(**{"name": "city", **asked}), quiet)


def add(ws: Workspace, place: Path, **asked: Any) -> Pack:
    with preparing(ws, place, **asked) as prepared:
        return install(ws, prepared)


def running(ws: Workspace) -> set[str]:
    return {item.title for item in detect.load_rules(ws).rules if item.reports}


def test_a_pack_records_where_it_came_from_and_what_is_in_it(ws: Workspace, tmp_path: Path) -> None:
    place = archive(tmp_path / "rules-2.4.zip", FILES)
    known = add(ws, place, selection={"level": "medium", "product": ("linux",)}).manifest
    assert (known.origin, known.licence, known.version) == (str(place), "DRL-1.1", "2.4")
    assert (known.rules, known.filters) == (5, 1)
    assert known.by_status == {"test": 3, "stable": 1, "deprecated": 1}
    assert known.by_product == {"linux": 4, "windows": 1}
    assert known.by_level == {"high": 4, "low": 1}
    assert known.could_not_load == len(known.problems) == 2
    assert {item.origin for item in known.problems} == {"city/rules/broken.yml", "city/rules/odd.yml"}
    assert all(item.reason and not item.reason.startswith("city/") for item in known.problems)
    stored = ws.root / "rules" / "city"
    assert tomllib.loads((stored / "pack.toml").read_text())["origin"] == str(place)
    assert stat.S_IMODE((stored / known.archive).stat().st_mode) == 0o400
    assert not list(ws.scratch.iterdir())


def test_only_the_selection_runs(ws: Workspace, tmp_path: Path) -> None:
    place = archive(tmp_path / "rules.zip", FILES)
    add(ws, place)
    assert running(ws) == {"One", "Two", "Win", "Odd"}
    add(ws, place, selection={"level": "medium", "product": ("linux",), "status": ("stable", "test")})
    assert running(ws) == {"One", "Odd"}
    text = (ws.root / "rules" / "city" / "pack.toml").read_text()
    (ws.root / "rules" / "city" / "pack.toml").write_text(text.replace('"level" = "medium"', '"level" = "low"'))
    assert running(ws) == {"One", "Two", "Odd"}


def test_a_correlation_brings_the_rules_it_is_over(ws: Workspace, tmp_path: Path) -> None:
    add(ws, folder(tmp_path / "mine", {"both.yml": f"{BASE}---{OVER}"}), selection={"level": "high"})
    pack = detect.load_rules(ws)
    assert {item.title: item.reports for item in pack.rules} == {"Base": False, "Many of them": True}
    add(ws, tmp_path / "mine", selection={"product": ("windows",)})
    assert detect.load_rules(ws).rules == []


def test_filters_of_a_pack_are_not_applied(ws: Workspace, tmp_path: Path) -> None:
    add(ws, folder(tmp_path / "mine", FILES))
    assert detect.load_rules(ws).filters == []


def test_an_update_says_what_it_changes_and_keeps_what_was(ws: Workspace, tmp_path: Path) -> None:
    before = add(ws, archive(tmp_path / "v1.0.zip", {"a.yml": rule("A"), "b.yml": rule("B")}), selection={"level": "low"})  # fmt: skip  # noqa: E501
    newer = archive(tmp_path / "v1.1.zip", {"a.yml": rule("A", level="critical"), "c.yml": rule("C", search="x")})
    with preparing(ws, newer) as prepared:
        assert prepared.comparison is not None
        assert {(item.kind.value, item.title) for item in prepared.comparison.changes} == {
            ("changed", "A"),
            ("removed", "B"),
            ("added", "C"),
        }
        assert running(ws) == {"A", "B"}  # nothing is done yet
        after = install(ws, prepared)
    assert running(ws) == {"A", "C"}
    assert after.manifest.selection == before.manifest.selection  # kept, as nothing else was said
    assert [item.version for item in after.manifest.former] == ["v1.0"]
    kept = after.former_archive(before.manifest.sha256[:10])
    assert kept is not None
    assert kept.read_bytes() == (tmp_path / "v1.0.zip").read_bytes()


def test_the_same_again_changes_nothing(ws: Workspace, tmp_path: Path) -> None:
    place = archive(tmp_path / "rules.zip", FILES)
    add(ws, place)
    with preparing(ws, place) as prepared:
        assert prepared.changes_nothing
    with preparing(ws, place, selection={"level": "high"}) as prepared:
        assert not prepared.changes_nothing
        assert prepared.manifest.former == ()


def test_two_updates_at_once_do_not_overwrite_each_other(ws: Workspace, tmp_path: Path) -> None:
    add(ws, archive(tmp_path / "1.zip", {"a.yml": rule("A")}))
    with preparing(ws, archive(tmp_path / "2.zip", {"b.yml": rule("B")})) as second:
        add(ws, archive(tmp_path / "3.zip", {"c.yml": rule("C")}))
        with pytest.raises(BusyError, match="changed meanwhile"):
            install(ws, second)
    assert running(ws) == {"C"}


def test_an_altered_archive_is_not_run(ws: Workspace, tmp_path: Path) -> None:
    pack = add(ws, archive(tmp_path / "rules.zip", FILES))
    pack.archive.chmod(0o600)
    archive(pack.archive, {"a.yml": rule("Smuggled in")})
    found = detect.load_rules(ws)
    assert found.rules == []
    assert [("changed since" in item.reason, item.rule_id) for item in found.problems] == [(True, "city")]
    pack.archive.unlink()
    assert ["cannot be read" in item.reason for item in detect.load_rules(ws).problems] == [True]


def test_a_damaged_manifest_is_told_and_the_other_packs_run(ws: Workspace, tmp_path: Path) -> None:
    add(ws, archive(tmp_path / "1.zip", {"a.yml": rule("A")}))
    add(ws, archive(tmp_path / "2.zip", {"b.yml": rule("B")}), name="other")
    (ws.root / "rules" / "city" / "pack.toml").write_text("name = 1")
    found = detect.load_rules(ws)
    assert [item.title for item in found.rules] == ["B"]
    assert [item.rule_id for item in found.problems] == ["rules/city/pack.toml"]
    with pytest.raises(DataError, match="rules remove city"), preparing(ws, tmp_path / "1.zip"):
        pass
    remove(ws, "city")
    assert [item.name for item in installed(ws.root) if isinstance(item, Pack)] == ["other"]


def test_remove_takes_all_versions(ws: Workspace, tmp_path: Path) -> None:
    add(ws, archive(tmp_path / "1.zip", {"a.yml": rule("A")}))
    folder_of = pack_folder(ws, "city")
    remove(ws, "city")
    assert not folder_of.exists()
    assert running(ws) == set()
    with pytest.raises(UnknownNameError):
        remove(ws, "city")
    with pytest.raises(UnknownNameError):
        remove(ws, "../state")


def test_what_holds_no_rule_is_not_added(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no Sigma rule"), preparing(ws, folder(tmp_path / "x", {"a.yml": "title: x"})):
        pass
    assert installed(ws.root) == []


@pytest.mark.parametrize("name", ["../up", "Rules", "a b", "", "x" * 51, ".hidden"])
def test_names_that_could_be_paths_are_refused(ws: Workspace, tmp_path: Path, name: str) -> None:
    place = archive(tmp_path / "+++.zip", {"a.yml": rule("A")})
    with pytest.raises(UsageError, match="name"), preparing(ws, place, name=name):
        pass


def test_rules_that_are_there_already_are_told(make_ws: Callable[..., Workspace], tmp_path: Path) -> None:
    ws = make_ws('[detect]\nrules = ["packs"]\n')
    place = archive(tmp_path / "rules.zip", {"a.yml": rule("A"), "b.yml": rule("B")})
    add(ws, place, name="first")
    with preparing(ws, archive(tmp_path / "2.zip", {"a.yml": rule("A")}), name="second") as prepared:
        assert prepared.twice == ("A",)


def test_a_pack_can_be_named_as_a_place(make_ws: Callable[..., Workspace], tmp_path: Path) -> None:
    ws = make_ws('[detect]\nrules = ["rules/city"]\n')
    add(ws, archive(tmp_path / "rules.zip", FILES), selection={"product": ("windows",)})
    add(ws, archive(tmp_path / "2.zip", {"x.yml": rule("X")}), name="other")
    assert running(ws) == {"Win"}
