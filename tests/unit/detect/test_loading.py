"""Reading rules from everywhere; what is wrong with one never stops the others."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from breachwatch.detect import archives, loading
from breachwatch.detect.cache import Cache
from breachwatch.detect.loading import RuleText, read_rules
from breachwatch.detect.rulepack import RulePack, load_pack
from breachwatch.model.finding import Level, Outcome
from tests.unit.detect.making import pack

RULE = """title: {title}
id: {id}
level: {level}
logsource: {{product: linux, service: auth}}
detection: {{s: {{user: x}}, condition: s}}
"""
ID = "00000000-0000-4000-8000-00000000000{}"


def rule(number: int, level: str = "medium", title: str = "") -> str:
    return RULE.format(title=title or f"rule {number}", id=ID.format(number), level=level)


def titles(found: RulePack) -> list[str]:
    return [item.title for item in found.rules]


def reasons(found: RulePack) -> str:
    return "\n".join(item.reason for item in found.problems)


def test_folders_files_and_archives_give_the_same_rules(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.yml").write_text(rule(1))
    (folder / "deep" / "b.yaml").write_text(rule(2))
    (folder / "notes.txt").write_text("no rule")
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        archive.write(folder / "a.yml", "../../escape.yml")
        archive.write(folder / "deep" / "b.yaml", "x/b.yaml")
    assert titles(load_pack(["rules"], tmp_path)) == ["rule 1", "rule 2"]
    assert titles(load_pack(["rules/a.yml"], tmp_path)) == ["rule 1"]
    assert titles(load_pack(["pack.zip"], tmp_path)) == ["rule 1", "rule 2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack.zip", "rules"]
    assert "there is no file or folder" in reasons(load_pack(["nowhere"], tmp_path))


def test_the_revision_is_the_hash_of_the_text_and_survives_its_file(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(rule(1))
    (tmp_path / "two.yml").write_text(rule(2) + "---\n" + rule(1, title="copy"))
    alone = load_pack(["one.yml"], tmp_path).rules[0]
    assert alone.source.revision == hashlib.sha256(rule(1).encode()).hexdigest()
    both = load_pack(["two.yml"], tmp_path).rules
    assert both[0].source.text == rule(2)
    assert both[0].source.origin == "two.yml, document 1"


def test_broken_rules_are_named_with_file_and_reason(tmp_path: Path) -> None:
    broken = {
        "a_yaml.yml": "title: [",
        "b_list.yml": "- 1",
        "c_nothing.yml": "title: x",
        "d_id.yml": rule(1).replace(ID.format(1), "not-a-uuid"),
        "e_level.yml": rule(1, level="urgent"),
        "f_title.yml": "detection: {s: {a: b}, condition: s}",
        "g_twice.yml": "title: x\ntitle: y\ndetection: {}",
        "h_action.yml": rule(1) + "action: global",
        "i_bytes.yml": "\xff",
        "j_own.yml": rule(1) + "breachwatch: {firstseen: {}}",
        "l_logsource.yml": "title: x\nlogsource: [linux]\ndetection: {s: {a: b}, condition: s}",
        "m_product.yml": "title: x\nlogsource: {product: [linux]}\ndetection: {s: {a: b}, condition: s}",
        "k_bomb.yml": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
        + rule(1),
    }
    for name, text in broken.items():
        (tmp_path / name).write_text(text, encoding="latin-1")
    (tmp_path / "z_good.yml").write_text("title: [\n---\n" + rule(2))
    found = load_pack(["."], tmp_path)
    assert titles(found) == ["rule 2"]
    assert all(item.outcome is Outcome.COULD_NOT_RUN for item in found.problems)
    for name in broken:
        assert name in reasons(found)
    for reason in (
        "not valid YAML",
        "no UUID",
        "'urgent'",
        "no title",
        "Duplicate key",
        "action",
        "UTF-8",
        "firstseen",
        "`logsource` is no mapping",
        "`logsource.product` is no text",
    ):
        assert reason in reasons(found)


def test_two_rules_with_one_id_the_first_wins(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(rule(1, title="first"))
    (tmp_path / "b.yml").write_text(rule(1, title="second"))
    found = load_pack(["."], tmp_path)
    assert titles(found) == ["first"]
    assert "same id as ./a.yml" in reasons(found)


def test_rules_below_the_level_are_left_out_unless_a_correlation_needs_them() -> None:
    text = f"""{rule(1, "low")}---
{rule(2, "low").replace("title:", "name: base{chr(10)}title:")}---
title: counts
level: high
correlation: {{type: event_count, rules: base, timespan: 1m, condition: {{gte: 2}}}}
"""
    from breachwatch.detect.loading import documents
    from breachwatch.detect.rulepack import pack_of

    text = text.replace("name: base{chr(10)}", "name: base\n")
    found = pack_of(documents("x.yml", text.encode()), Level.MEDIUM)
    assert [(item.title, item.reports) for item in found.rules] == [("rule 2", False), ("counts", True)]


@pytest.mark.parametrize("size", [loading.FILE_BYTES + 1])
def test_archives_are_bounded(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "big.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("huge.yml", "#" * size)
        archive.writestr("bomb.yml", "#" * (size - 10))
        archive.writestr("good.yml", rule(1))
    found = load_pack(["big.zip"], tmp_path)
    assert titles(found) == ["rule 1"]
    assert "larger than" in reasons(found)
    assert "expands more than" in reasons(found)
    monkeypatch.setattr(archives, "ARCHIVE_MEMBERS", 2)
    assert "more than 2" in reasons(load_pack(["big.zip"], tmp_path))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    assert "no readable zip" in reasons(load_pack(["broken.zip"], tmp_path))


def test_what_an_archive_holds_is_kept_and_its_texts_are_unpacked_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys").mkdir()

    def found(*members: tuple[str, str | bytes]) -> list[tuple[str, ...]]:
        with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
            for name, text in members:
                archive.writestr(name, text)
        return again()

    def again() -> list[tuple[str, ...]]:
        kept = Cache(tmp_path / "heads", tmp_path / "keys", ("1",))
        texts = list(read_rules("pack.zip", tmp_path, kept=kept))
        kept.save()
        told = [(one.text, one.revision) if isinstance(one, RuleText) else (one.reason,) for one in texts]
        return [(one.origin, *said) for one, said in zip(texts, told, strict=True)]

    two = ("two.yml", rule(2) + "---\n# nothing\n---\n" + rule(3))
    with pytest.warns(UserWarning, match="Duplicate name"):
        first = found(("x.yml", rule(1)), two, ("bad.yml", b"\xff"), ("x.yml", rule(4)))
    assert [len(row) for row in first] == [2, 3, 3, 3, 3]
    asked = archives._contents
    monkeypatch.setattr(archives, "_contents", None)  # nothing is looked through again
    assert again() == first
    monkeypatch.setattr(archives, "_contents", asked)
    assert [row[0] for row in found(two)] == ["pack.zip/two.yml, document 1", "pack.zip/two.yml, document 2"]
    assert again() == first[1:3]


def test_builtin_rules_load_without_a_problem() -> None:
    found = load_pack(["builtin"], Path("/"))
    assert found.problems == []
    assert [item.problem for item in found.rules if item.problem] == []
    assert len([item for item in found.rules if item.reports]) >= 15
    assert all(not isinstance(text, loading.LoadProblem) for text in read_rules("builtin", Path("/")))


def test_references_that_fork_at_every_step_are_followed_once() -> None:
    steps = "---\n".join(
        f"title: c{n}\nname: c{n}\ncorrelation: {{type: temporal, rules: [c{n + 1}, c{n + 1}], timespan: 1m}}\n"
        for n in range(60)
    )
    found = pack(steps + "---\ntitle: c60\nname: c60\nlogsource: {product: x}\ndetection: {s: {a: b}, condition: s}\n")
    assert len(found.rules) == 61
