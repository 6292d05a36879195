"""Taking a place as an archive: nothing escapes, nothing is followed, everything is bounded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.detect.loading import LoadProblem, RuleText, read_archive
from breachwatch.detect.packs import taking
from breachwatch.detect.packs.taking import take
from breachwatch.errors import DataError, EnvironmentFault, LimitError, UsageError
from tests.unit.detect.packs.making import DRL, archive, folder, rule

FILES = {"a/one.yml": rule("One"), "b/two.yaml": rule("Two"), "LICENSE": DRL, "VERSION": "3.1\n", "readme.txt": "x"}


def test_a_zip_is_taken_byte_for_byte(tmp_path: Path) -> None:
    given = archive(tmp_path / "rules.zip", FILES)
    taken = take(given, tmp_path / "taken.zip")
    assert taken.archive.read_bytes() == given.read_bytes()
    assert taken.archive_sha256 == hashlib.sha256(given.read_bytes()).hexdigest()
    assert stat.S_IMODE(taken.archive.stat().st_mode) == 0o600
    assert (taken.licence.name, taken.version.name if taken.version else "") == ("DRL-1.1", "3.1")


def test_the_hash_of_the_contents_is_that_of_sha256sum(tmp_path: Path) -> None:
    lines = [f"{hashlib.sha256(FILES[name].encode()).hexdigest()}  {name}\n" for name in ("a/one.yml", "b/two.yaml")]
    wanted = hashlib.sha256("".join(lines).encode()).hexdigest()
    of_zip = take(archive(tmp_path / "rules.zip", FILES), tmp_path / "1.zip")
    of_folder = take(folder(tmp_path / "rules", FILES), tmp_path / "2.zip")
    assert (of_zip.sha256, of_folder.sha256) == (wanted, wanted)
    assert of_zip.licence == of_folder.licence


def test_a_folder_gives_the_same_archive_every_time(tmp_path: Path) -> None:
    first = take(folder(tmp_path / "rules", FILES), tmp_path / "1.zip")
    os.utime(tmp_path / "rules" / "a" / "one.yml", (0, 0))
    second = take(tmp_path / "rules", tmp_path / "2.zip")
    assert first.archive_sha256 == second.archive_sha256
    with zipfile.ZipFile(first.archive) as made:
        assert sorted(made.namelist()) == ["LICENSE", "VERSION", "a/one.yml", "b/two.yaml"]


def test_links_are_named_and_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yml"
    secret.write_text(rule("Secret"))
    place = folder(tmp_path / "rules", {"one.yml": rule("One")})
    (place / "link.yml").symlink_to(secret)
    (place / "more").symlink_to(tmp_path)
    os.mkfifo(place / "pipe.yml")
    taken = take(place, tmp_path / "taken.zip")
    assert {problem.origin for problem in taken.problems} == {"link.yml", "more"}
    with zipfile.ZipFile(taken.archive) as made:
        assert made.namelist() == ["one.yml"]


def test_links_in_a_zip_are_named_and_not_followed(tmp_path: Path) -> None:
    place = tmp_path / "rules.zip"
    with zipfile.ZipFile(place, "w") as made:
        link = zipfile.ZipInfo("link.yml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("../../escape.yml", rule("Escape"))
    taken = take(place, tmp_path / "taken.zip")
    texts = list(read_archive(taken.archive, "pack"))
    assert [item.origin for item in texts if isinstance(item, LoadProblem)] == ["pack/link.yml"]
    assert [item.origin for item in texts if isinstance(item, RuleText)] == ["pack/../../escape.yml"]  # a label
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["rules.zip", "taken.zip"]


def test_a_bomb_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "ARCHIVE_BYTES", 3_000_000)
    bomb = {f"{number}.yml": " " * 1_000_000 for number in range(5)}
    with pytest.raises(LimitError, match="bytes of rules"):
        take(archive(tmp_path / "bomb.zip", bomb), tmp_path / "taken.zip")
    with pytest.raises(LimitError, match="bytes"):
        take(folder(tmp_path / "bomb", bomb), tmp_path / "taken2.zip")
    monkeypatch.setattr(taking, "ARCHIVE_MEMBERS", 3)
    with pytest.raises(LimitError, match="members"):
        take(archive(tmp_path / "many.zip", {f"{number}.yml": "" for number in range(5)}), tmp_path / "taken3.zip")
    monkeypatch.setattr(taking, "ARCHIVE_BYTES", 100)
    with pytest.raises(LimitError, match="more than 100"):
        take(tmp_path / "bomb.zip", tmp_path / "taken4.zip")


def test_a_file_too_large_is_refused_by_name(tmp_path: Path) -> None:
    place = folder(tmp_path / "rules", {"one.yml": rule("One"), "huge.yml": "#" * (1024 * 1024 + 10)})
    taken = take(place, tmp_path / "taken.zip")
    texts = list(read_archive(taken.archive, "pack"))
    problems = [item for item in texts if isinstance(item, LoadProblem)]
    assert [(item.origin, "larger" in item.reason) for item in problems] == [("pack/huge.yml", True)]
    assert [item.origin for item in texts if isinstance(item, RuleText)] == ["pack/one.yml"]


def test_damage_and_absence_are_told(tmp_path: Path) -> None:
    whole = archive(tmp_path / "rules.zip", FILES).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(DataError, match=r"cut\.zip is no readable zip"):
        take(tmp_path / "cut.zip", tmp_path / "taken.zip")
    with pytest.raises(UsageError, match="no file or folder"):
        take(tmp_path / "gone.zip", tmp_path / "taken2.zip")
    with pytest.raises(EnvironmentFault):
        take(tmp_path / "rules.zip", tmp_path / "no" / "such" / "taken.zip")


def test_damage_inside_leaves_the_rest(tmp_path: Path) -> None:
    place = tmp_path / "rules.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as made:
        made.writestr("one.yml", rule("One"))
        made.writestr("two.yml", rule("Two"))
    data = bytearray(place.read_bytes())
    at = data.index(b"title: Two")
    data[at : at + 5] = b"TITLE"  # its checksum no longer fits
    place.write_bytes(data)
    taken = take(place, tmp_path / "taken.zip")
    texts = list(read_archive(taken.archive, "pack"))
    assert [item.origin for item in texts if isinstance(item, LoadProblem)] == ["pack/two.yml"]
    assert [item.origin for item in texts if isinstance(item, RuleText)] == ["pack/one.yml"]


def test_names_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    place = folder(tmp_path / "rules", {"one.yml": rule("One")})
    (place / os.fsdecode(b"bad\xff.yml")).write_text(rule("Bad"))
    taken = take(place, tmp_path / "taken.zip")
    assert [(item.origin, item.reason) for item in taken.problems] == [("bad?.yml", "has a name that is not UTF-8")]


@settings(max_examples=60, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8))
def test_whatever_is_damaged_ends_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    room = tmp_path_factory.mktemp("damaged")
    data = bytearray(archive(room / "rules.zip", FILES, comment=b"c" * 20).read_bytes())
    for position, value in changes:
        data[position % len(data)] = value
    (room / "rules.zip").write_bytes(data)
    with contextlib.suppress(DataError):  # the only error that damage may raise
        taken = take(room / "rules.zip", room / "taken.zip")
        for found in read_archive(taken.archive, "pack"):
            assert found.origin.startswith("pack")
