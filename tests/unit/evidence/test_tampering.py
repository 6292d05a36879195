"""`verify` notices every changed, deleted and added file, and says so in the records."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from breachwatch import evidence
from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.evidence import create_key
from breachwatch.model.evidence import VerifyReport
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.postgresql.meddling import drop_triggers
from tests.somebody import SOMEBODY
from tests.unit.evidence.making import City, SealedCity, files_of, loosen


@pytest.fixture
def city(sealed_city: SealedCity) -> City:
    return sealed_city


@pytest.fixture
def bag(city: City) -> Path:
    return Path(city.snapshot().path)


def failed(report: VerifyReport) -> set[str]:
    return {check.name for check in report.checks if not check.ok}


def copies(bag: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The bag as somebody would hand it on, once for each of its files."""
    for number, name in enumerate(files_of(bag)):
        copy = folder / str(number) / bag.name
        shutil.copytree(bag, copy)
        loosen(copy)
        yield name, copy


def test_an_untouched_bag_verifies_and_the_records_say_so(city: City, bag: Path) -> None:
    report = evidence.verify(city.ws, bag.name)
    assert report.ok, report
    assert "the workspace's key" in report.signed_by
    [line] = evidence.listing(city.ws, by=SOMEBODY)
    assert (line.verified_ok, line.verified_at) == (True, city.ws.clock.now())
    with city.ws.database.read() as connection:
        assert [row.event for row in connection.execute(cases.custody.select())] == ["sealed", "verified"]


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_changed_bit_in_any_file_is_noticed(city: City, bag: Path, tmp_path: Path, place: str) -> None:
    for name, copy in copies(bag, tmp_path / "copies"):
        content = bytearray((copy / name).read_bytes())
        at = {"first": 0, "middle": len(content) // 2, "last": len(content) - 1}[place]
        content[at] ^= 1
        (copy / name).write_bytes(content)
        assert not evidence.verify(None, copy).ok, name
        assert not evidence.verify(city.ws, copy).ok, name


def test_a_deleted_file_and_an_emptied_file_are_noticed(bag: Path, tmp_path: Path) -> None:
    for name, copy in copies(bag, tmp_path / "copies"):
        (copy / name).write_bytes(b"")
        assert not evidence.verify(None, copy).ok, name
        (copy / name).unlink()
        assert not evidence.verify(None, copy).ok, name


@pytest.mark.parametrize(
    "added", ["x", ".hidden", "data/x", "data/raw/x", "data/raw/auth/.x", "new/x", "data/x\ny", "manifest-md5.txt"]
)
def test_an_added_file_is_noticed(city: City, bag: Path, added: str) -> None:
    loosen(bag)
    (bag / added).parent.mkdir(exist_ok=True)
    (bag / added).write_bytes(b"")
    report = evidence.verify(city.ws, bag.name)
    assert "no other files" in failed(report)
    assert "\n" not in next(check.detail for check in report.checks if check.name == "no other files")


def test_an_added_folder_a_link_and_a_pipe_are_noticed(city: City, bag: Path) -> None:
    loosen(bag)
    (bag / "data" / "empty").mkdir()
    assert failed(evidence.verify(city.ws, bag.name)) == {"no other files", "file modes"}
    (bag / "data" / "empty").rmdir()
    raw = next((bag / "data" / "raw" / "auth").iterdir())
    elsewhere = bag.parent.parent / "same bytes"
    raw.rename(elsewhere)
    raw.symlink_to(elsewhere)
    assert "structure" in failed(evidence.verify(city.ws, bag.name))
    raw.unlink()
    os.mkfifo(raw)
    assert "payload" in failed(evidence.verify(city.ws, bag.name))


def test_a_changed_mode_is_noticed_in_the_vault_only(city: City, bag: Path, tmp_path: Path) -> None:
    (bag / "data" / "events.csv").chmod(0o644)
    assert failed(evidence.verify(city.ws, bag.name)) == {"file modes"}
    shutil.copytree(bag, tmp_path / bag.name)
    assert evidence.verify(city.ws, tmp_path / bag.name).ok


def test_a_failure_is_recorded_with_what_failed(city: City, bag: Path) -> None:
    (bag / "data" / "events.csv").chmod(0o644)
    evidence.verify(city.ws, bag.name)
    assert [line.verified_ok for line in evidence.listing(city.ws, by=SOMEBODY)] == [False]
    with city.ws.database.read() as connection:
        last = connection.execute(cases.custody.select().order_by(cases.custody.c.seq.desc())).first()
    assert last is not None
    assert last.event == "verify_failed"
    assert '"failed": "file modes"' in last.body


def test_a_bag_signed_anew_with_another_key_does_not_pass_as_ours(
    city: City, bag: Path, make_ws: Callable[..., Workspace], tmp_path: Path
) -> None:
    forger = City(make_ws(folder="forger"))
    create_key(forger.ws.keys)
    forged = Path(forger.snapshot().path)
    assert evidence.verify(forger.ws, forged.name).ok
    loosen(bag)
    shutil.rmtree(bag)
    shutil.copytree(forged, bag)
    assert {"key", "records", "custody of this"} <= failed(evidence.verify(city.ws, bag.name))
    shutil.copytree(forged, tmp_path / "handed-on")
    foreign = evidence.verify(city.ws, tmp_path / "handed-on")
    assert foreign.ok
    assert "the key in the bag" in foreign.signed_by


def test_a_bag_that_is_gone_fails(city: City, bag: Path) -> None:
    loosen(bag)
    shutil.rmtree(bag)
    report = evidence.verify(city.ws, bag.name)
    assert not report.ok
    assert [other.ok for other in evidence.verify_all(city.ws)] == [False]


def test_verify_all_names_a_bag_that_no_record_knows(city: City, bag: Path) -> None:
    shutil.copytree(bag, city.ws.vault / "EV-2026-000077")
    good, stray = evidence.verify_all(city.ws)
    assert good.ok
    assert (stray.number, stray.ok) == ("EV-2026-000077", False)


def test_a_hash_changed_in_the_database_is_noticed(city: City, bag: Path) -> None:
    with city.ws.database.write() as connection:
        drop_triggers(connection, "evidence")
        connection.execute(cases.evidence.update().values(tagmanifest_sha256="0" * 64))
    assert failed(evidence.verify(city.ws, bag.name)) == {"records"}


def test_unknown_numbers_and_wrong_paths_are_told(city: City, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="EV-2026-000009"):
        evidence.verify(city.ws, "EV-2026-000009")
    with pytest.raises(UsageError, match="no folder"):
        evidence.verify(None, tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert not evidence.verify(None, tmp_path / "empty").ok


def test_a_hostile_bag_is_read_inside_its_folder_only(bag: Path, tmp_path: Path) -> None:
    copy = tmp_path / bag.name
    shutil.copytree(bag, copy)
    loosen(copy)
    with (copy / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{'0' * 64}  ../../secret\n{'0' * 64}  /etc/passwd\n")
    (copy / "data" / "matches.jsonl").write_text('{"file": "../../secret", "file_offset": 0, "length": 1}\n[[[[\n')
    (copy / "data" / "incident.json").write_text("[" * 100_000)
    report = evidence.verify(None, copy)
    assert {"payload", "matches", "tag files"} <= failed(report)
