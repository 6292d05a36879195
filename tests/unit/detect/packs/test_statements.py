"""Licence and version, as a pack states them."""

from __future__ import annotations

from pathlib import Path

import pytest

from breachwatch.detect.packs import version
from breachwatch.detect.packs.licence import NOT_RECOGNISED, Licence, is_licence_file, licence_in
from tests.unit.detect.packs.making import DRL

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (DRL, "DRL-1.1"),
        ("Detection Rule License 1.0\nPermission is hereby granted, free of charge, to any person obtaining a copy", "DRL-1.0"),  # noqa: E501
        ("                 Apache License\n           Version 2.0, January 2004", "Apache-2.0"),
        ("MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of", "MIT"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL-3.0-only"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007", "AGPL-3.0-only"),
        ("All rights reserved.", NOT_RECOGNISED),
    ],
)  # fmt: skip
def test_licences_are_told_apart(text: str, licence: str) -> None:
    assert licence_in("LICENSE", text) == Licence(licence, "LICENSE")
    assert licence_in("LICENSE", text).wants_authors == licence.startswith("DRL")


def test_licence_files_are_found_by_name() -> None:
    fits = ["LICENSE", "licence.txt", "sigma-main/LICENSE.Detection.Rules.md", "COPYING"]
    assert [name for name in fits if not is_licence_file(name)] == []
    others = ["rules/a/b/LICENSE", "unlicensed.yml", "rules/license_check.py"]
    assert [name for name in others if is_licence_file(name)] == []


def test_a_version_file_states_one_line() -> None:
    assert version.stated("VERSION", "r2026-08-01\nmore") == version.Version("r2026-08-01", "VERSION")
    for text in ("", "\n", "a b", "x" * 61, "\x1b[31m1.0", "../1"):
        assert version.stated("VERSION", text) is None


def test_the_commit_of_an_archive_is_its_comment() -> None:
    found = version.of_comment(COMMIT.encode())
    assert found is not None
    assert found.name == COMMIT[:12]
    assert version.of_comment(b"made by hand") is None
    assert version.of_comment(b"\xff" * 40) is None


def test_the_commit_of_a_checkout_is_read_without_git(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    assert version.of_checkout(tmp_path) is None
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    packed = version.of_checkout(tmp_path)
    (git / "refs" / "heads" / "main").write_text("f" * 40)
    loose = version.of_checkout(tmp_path)
    assert packed is not None
    assert loose is not None
    assert (packed.name, loose.name) == (COMMIT[:12], "f" * 12)
    (tmp_path / "secret").write_text(COMMIT)
    (git / "HEAD").write_text("ref: refs/../../secret\n")
    assert version.of_checkout(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "found", "without"),
    [
        ("rules-2026-08-05.zip", "2026-08-05", "rules"),
        ("sigma-r2026-08-05.zip", "r2026-08-05", "sigma"),
        ("pack-v1.10.2.zip", "v1.10.2", "pack"),
        ("sigma-master.zip", None, "sigma-master"),
        ("win10.zip", None, "win10"),
    ],
)
def test_versions_in_names(name: str, found: str | None, without: str) -> None:
    said = version.of_name(name)
    assert (said.name if said else None) == found
    assert version.without_version(name.removesuffix(".zip")) == without


def test_else_the_newest_rule_dates_a_pack() -> None:
    rules = [{"date": "2024/01/02"}, {"date": "2025-03-01", "modified": "2026-02-03"}, {"modified": "soon"}, {}]
    assert version.of_newest(rules, "abc") == version.Version("2026-02-03", "its newest rule")
    assert version.of_newest([{}], "0123456789abcdef").name == "0123456789ab"
