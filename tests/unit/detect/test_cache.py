"""What is kept of rules from run to run: only what this program signed counts."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.detect import cache as caching
from breachwatch.detect import reading
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.cache import NO_CACHE, Cache
from breachwatch.detect.loading import RuleText
from breachwatch.detect.reading import head_of
from breachwatch.detect.starting import COMPILED, READ, compiler_for, load_rules
from breachwatch.workspace import Workspace
from tests.unit.detect.making import DAY


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    return tmp_path / "keys"


def kept(path: Path, keys: Path | None, **entries: Any) -> Cache:
    cache = Cache(path, keys, ("1",))
    for name, value in entries.items():
        cache.put(name, value)
    cache.save()
    return cache


def test_what_was_put_is_there_in_the_next_run_under_the_same_conditions(tmp_path: Path, keys: Path) -> None:
    value = {"sql": "SELECT '\n\r\0\u2028 \"'", "fields": [None, 1.5, True]}
    kept(tmp_path / "a", keys, one=value, two="no such rule")
    again = Cache(tmp_path / "a", keys, ("1",))
    assert again.get("one") == value
    assert again.get("two") == "no such rule"
    assert again.get("three") is None
    assert Cache(tmp_path / "a", keys, ("2",)).get("one") is None
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes())
    assert Cache(tmp_path / "b", keys, ("1",)).get("one") is None  # another purpose
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a", keys / "cache.key")} == {0o600}


def test_an_altered_cut_or_foreign_file_counts_for_nothing(tmp_path: Path, keys: Path) -> None:
    path = tmp_path / "a"
    kept(path, keys, one="SELECT 1", two="SELECT 2")
    good = path.read_bytes()
    bad = [good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :] for place in range(len(good))]
    bad += [good[:length] for length in range(0, len(good), 7)]
    bad += [b"", b"\n", b"not a cache", good + b'\nthree "SELECT 3"', good.split(b"\n", 1)[1], pickle.dumps({"one": 1})]
    for data in bad:
        path.write_bytes(data)
        cache = Cache(path, keys, ("1",))
        assert [cache.get(name) for name in ("one", "two", "three")] == [None, None, None]
    other = tmp_path / "other"
    other.mkdir()
    kept(path, other, one="SELECT 9")
    assert Cache(path, keys, ("1",)).get("one") is None
    path.write_bytes(good)
    assert Cache(path, keys, ("1",)).get("one") == "SELECT 1"
    assert kept(path, keys, three="SELECT 3").get("one") == "SELECT 1"


def test_without_a_secret_nothing_is_kept_and_nothing_fails(tmp_path: Path, keys: Path) -> None:
    (keys / "cache.key").write_bytes(b"short")
    cache = kept(tmp_path / "a", keys, one=1)
    assert cache.get("one") == 1
    assert not (tmp_path / "a").exists()
    kept(tmp_path / "a", tmp_path / "nowhere", one=1)
    assert not (tmp_path / "a").exists()
    NO_CACHE.put("one", 1)
    assert NO_CACHE.get("one") is None


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "ENTRIES", 2)
    cache = kept(tmp_path / "a", keys, one=1, two=2)
    cache.get("one")
    cache.put("three", 3)
    cache.save()
    again = Cache(tmp_path / "a", keys, ("1",))
    assert [again.get(name) for name in ("one", "two", "three")] == [1, None, 3]


def test_a_second_start_reads_no_yaml_and_compiles_nothing(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled() -> list[Any]:
        pack = load_rules(ws)
        compiler, _ = compiler_for(ws, pack, DAY)
        made = [compiler.correlation(rule) if rule.is_correlation else compiler.searches(rule) for rule in pack.rules]
        compiler.save()
        return [[(rule.id, rule.title, rule.level, rule.tags, rule.logsource) for rule in pack.rules], made]

    first = compiled()
    assert (ws.state / READ).is_file()
    assert (ws.state / COMPILED).is_file()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("read or compiled again")

    from breachwatch.detect.backend import DuckDBBackend

    monkeypatch.setattr(reading, "parse_document", refuse)
    monkeypatch.setattr(DuckDBBackend, "condition", refuse)
    assert compiled() == first


IN_FORCE = """title: Backup account
logsource: {product: windows, service: security}
filter: {rules: any, s: {user: backup}, condition: not s}
breachwatch: {owner: it@city.example, reason: nightly backup, expires: 2027-12-31}
"""
EXPIRED = IN_FORCE.replace("2027", "2025").replace("Backup", "Former")
KEEPS = IN_FORCE.replace("not s", "s")
START = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.workspace import open_workspace
ws = open_workspace(Path(sys.argv[1]))
pack = load_rules(ws)
compiler, problems = compiler_for(ws, pack, datetime(2026, 11, 22, tzinfo=UTC))
for rule in pack.rules:
    compiler.correlation(rule) if rule.is_correlation else compiler.searches(rule)
    [compiler.picks(route) for route in compiler.routes(rule)]
rule = next(rule for rule in pack.rules if rule.logsource == "product windows, service security")
print([item.reason for item in problems])
print([(text.origin, text.text) for text in compiler.filters_of(rule)], compiler.mappings.routes)
print(sorted({"sigma", "yaml", "pyparsing", "pandas"} & set(sys.modules)), file=sys.stderr)
compiler.save()
"""


def test_a_second_start_loads_neither_pysigma_nor_yaml_and_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "breachwatch.toml").write_text('[detect]\nrules = ["rules"]\nfilters = ["filters"]\n')
    (tmp_path / "filters").mkdir()
    (tmp_path / "rules").mkdir()
    for path in (builtin_folder() / "rules").glob("windows_security_*.yml"):
        shutil.copy(path, tmp_path / "rules")
    for name, text in {"a": IN_FORCE, "b": EXPIRED, "c": KEEPS}.items():
        (tmp_path / "filters" / f"{name}.yml").write_text(text)
    root = Path(__file__).resolve().parents[3]
    first, second = (
        subprocess.run([sys.executable, "-c", START, tmp_path], cwd=root, capture_output=True, text=True, check=True)
        for _ in range(2)
    )
    assert "'sigma', 'yaml'" in first.stderr
    assert second.stderr == "[]\n"
    assert second.stdout == first.stdout
    assert "expired on 2025-12-31" in first.stdout
    assert "would keep only the events" in first.stdout
    assert "Backup account" in first.stdout


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.dates()
        | st.datetimes(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_a_head_from_the_cache_is_the_head_as_read(value: Any) -> None:
    document = {"title": "t", "logsource": {"product": "x"}, "detection": {"s": {"a": "b"}, "condition": "s"}}
    text = RuleText("t.yml", yaml.safe_dump({**document, "fields of ours": value}))
    head, parsed = head_of(text, NO_CACHE)
    assert parsed is not None
    assert json.loads(json.dumps(dict(head.said))) == head.said


def problem(text: str) -> str:
    """Why a text is refused; empty where it is a rule."""
    try:
        head_of(RuleText("t.yml", text), NO_CACHE)
    except ValueError as error:
        return str(error) or "nothing is said"
    return ""


@given(st.text(alphabet="ab:-? \n\t[]{}&*!#|>'\"%@`,0129.~=<_T", max_size=60))
@settings(max_examples=150, deadline=None)
def test_whatever_a_text_says_it_is_read_or_refused_with_a_reason(text: str) -> None:
    for given_text in (text, f"title: t\ndetection: {{s: {{a: b}}, condition: s}}\n{text}"):
        assert problem(given_text) != "nothing is said"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("? [a, list]\n: x", "not valid YAML"),
        ("x: !!bool maybe", "not valid YAML"),
        ("x: !!timestamp soon", "not valid YAML"),
        ("x: !!int ''", "not valid YAML"),
        ("x: !!float none", "not valid YAML"),
        ("x: 2026-99-99", "not valid YAML"),
        ("x: !!python/object/apply:os.system [true]", "not valid YAML"),
        ("x: &a [*a]", "not valid YAML"),
        ("x: " + "[" * 200 + "]" * 200, "nested deeper"),
        ("tags: attack.t1059", "`tags` is no list"),
        ("correlation: [x]", "`correlation` is no mapping"),
        ("correlation: {rules: 5}", "neither a name nor a list"),
        ("correlation: {rules: {a: b}}", "neither a name nor a list"),
        ("breachwatch: [x]", "no mapping"),
        ("title: again", "Duplicate key"),
    ],
)
def test_one_hostile_line_is_said_and_no_more(line: str, said: str) -> None:
    assert said in problem(f"title: t\ndetection: {{s: {{a: b}}, condition: s}}\n{line}")
