"""An export is one archive that a stranger can unpack and verify; it is recorded and never overwrites."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from pyrage.x25519 import Identity

from breachwatch import evidence
from breachwatch.errors import EnvironmentFault, EvidenceError, UnknownNameError, UsageError
from breachwatch.evidence.custody import Handler
from breachwatch.evidence.export import Destination
from breachwatch.evidence.keys import NAMESPACE, PRINCIPAL
from breachwatch.records import cases
from breachwatch.workspace import open_workspace
from tests.unit.evidence.making import City, SealedCity, files_of, loosen


@pytest.fixture
def city(sealed_city: SealedCity) -> City:
    return sealed_city


def unpack(archive: Path, folder: Path) -> Path:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    else:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz", "zip"])
def test_an_export_verifies_without_database_and_workspace(city: City, tmp_path: Path, ending: str) -> None:
    snapshot = city.snapshot()
    made = evidence.export(city.ws, snapshot.number, tmp_path / f"for counsel.{ending}", recipient="City Attorney")
    assert made.sha256 == hashlib.sha256(Path(made.path).read_bytes()).hexdigest()
    top = unpack(Path(made.path), tmp_path / "unpacked")
    assert top.name == "EV-2026-000001-export"
    assert sorted(path.name for path in top.iterdir()) == [
        *("EV-2026-000001", "allowed_signers", "custody-form.html", "custody-form.pdf"),
        *("custody-head.json", "custody-head.json.sig", "custody.jsonl", "index.html", "index.pdf", "signing.pub"),
        *("transfer-form.html", "transfer-form.pdf"),
    ]
    assert files_of(top / "EV-2026-000001") == files_of(Path(snapshot.path))
    for path in (top, top / "EV-2026-000001"):
        report = evidence.verify(None, path)
        assert report.ok, report
        assert report.number == "EV-2026-000001"
        assert "the key in the bag" in report.signed_by
    assert "custody of this" in {check.name for check in evidence.verify(None, top).checks}
    assert "the workspace's key" in evidence.verify(city.ws, top).signed_by


def test_the_export_is_a_custody_event_with_the_archives_hash(city: City, tmp_path: Path) -> None:
    number = city.snapshot().number
    made = evidence.export(
        city.ws, number, tmp_path, by=Handler("R. Clerk", "City Clerk"), purpose="subpoena 26-114", recipient="OPD"
    )
    assert made.path == str(tmp_path / f"{number}.tar.gz")
    with city.ws.database.read() as connection:
        links = [json.loads(row.body) for row in connection.execute(cases.custody.select())]
    assert [link["event"] for link in links] == ["sealed", "verified", "exported"]
    assert links[-1]["actor"] == "R. Clerk"
    assert links[-1]["purpose"] == "subpoena 26-114"
    assert links[-1]["recipient"] == "OPD"
    assert links[-1]["archive_sha256"] == made.sha256
    assert evidence.verify(city.ws, number).ok


def test_the_head_of_the_whole_chain_is_in_it_and_signed(city: City, tmp_path: Path) -> None:
    log = city.log(source="other", path="/var/log/other")
    first = city.snapshot().number
    city.seal(city.waiting(city.finding(log.event_ids[:3], key="later"))[0])
    top = unpack(Path(evidence.export(city.ws, first, tmp_path / "x.tar").path), tmp_path / "unpacked")
    links = (top / "custody.jsonl").read_text().splitlines()
    assert {json.loads(line)["evidence"] for line in links} == {first}
    head = json.loads((top / "custody-head.json").read_text())
    assert head["links"] == 3
    with city.ws.database.read() as connection:
        assert head["head"] == connection.scalar(
            cases.custody.select().with_only_columns(cases.custody.c.hash).where(cases.custody.c.seq == 3)
        )
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", PRINCIPAL, "-n", NAMESPACE]
    with (top / "custody-head.json").open("rb") as message:
        subprocess.run(
            [*command, "-s", "custody-head.json.sig"], cwd=top, stdin=message, check=True, capture_output=True
        )


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "zip"])
def test_the_same_chain_gives_the_same_archive(city: City, tmp_path: Path, ending: str) -> None:
    number = city.snapshot().number
    city.ws.database.engine.dispose()
    archives = []
    for name in ("a", "b"):
        shutil.copytree(city.ws.root, tmp_path / name)
        ws = open_workspace(tmp_path / name, city.ws.clock)
        archives.append(Path(evidence.export(ws, number, tmp_path / name / f"x.{ending}").path).read_bytes())
    assert archives[0] == archives[1]


def test_nothing_is_overwritten(city: City, tmp_path: Path) -> None:
    number = city.snapshot().number
    target = tmp_path / "x.zip"
    target.write_bytes(b"mine")
    with pytest.raises(UsageError, match="not overwritten"):
        evidence.export(city.ws, number, target)
    assert target.read_bytes() == b"mine"
    with city.ws.database.read() as connection:
        assert [row.event for row in connection.execute(cases.custody.select())] == ["sealed"]


def test_a_target_that_appears_meanwhile_is_not_overwritten(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = city.snapshot().number
    target = tmp_path / "x.zip"
    link = os.link

    def late(source: Path, name: Path) -> None:
        target.write_bytes(b"mine")
        link(source, name)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(UsageError, match="not overwritten"):
        evidence.export(city.ws, number, target)
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["x.zip"]
    assert target.read_bytes() == b"mine"


def test_damaged_evidence_is_not_exported(city: City, tmp_path: Path) -> None:
    snapshot = city.snapshot()
    loosen(Path(snapshot.path))
    (Path(snapshot.path) / "data/events.csv").write_bytes(b"")
    with pytest.raises(EvidenceError, match=r"events\.csv"):
        evidence.export(city.ws, snapshot.number, tmp_path / "x.zip")
    assert list(tmp_path.glob("*.zip*")) == []


def test_wrong_requests_are_told(city: City, tmp_path: Path) -> None:
    number = city.snapshot().number
    with pytest.raises(UsageError, match=r"\.rar"):
        evidence.export(city.ws, number, tmp_path / "x.rar")
    with pytest.raises(UnknownNameError):
        evidence.export(city.ws, "EV-2026-000009", tmp_path / "x.zip")
    with pytest.raises(EnvironmentFault):
        evidence.export(city.ws, number, tmp_path / "missing" / "x.zip")


class Filling(io.BufferedIOBase):
    """A file on a disk that has room for so many bytes."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: Any) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()


@pytest.mark.slow
@pytest.mark.parametrize("writing", ["write_archive", "encrypt"])
@pytest.mark.parametrize("room", [0, 30_000])
def test_a_disk_that_fills_leaves_no_export_and_no_link(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writing: str, room: int
) -> None:
    exporting = sys.modules["breachwatch.evidence.export"]  # the package's own `export` is the function
    number, real = city.snapshot().number, getattr(exporting, writing)
    at = ["write_archive", "encrypt"].index(writing)
    to = Destination("Police", keys=() if writing == "write_archive" else (str(Identity.generate().to_public()),))

    def full(*given: Any) -> Any:
        return real(*given[:at], Filling(given[at], room), *given[at + 1 :])

    with monkeypatch.context() as patch:
        patch.setattr(exporting, writing, full)
        with pytest.raises(EnvironmentFault, match="No space left"):
            evidence.export(city.ws, number, tmp_path / "x.tar", to=to)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    assert list(city.ws.scratch.iterdir()) == []
    with city.ws.database.read() as connection:
        bodies = list(connection.scalars(cases.custody.select().with_only_columns(cases.custody.c.body)))
    assert "exported" not in {json.loads(body)["event"] for body in bodies}
    assert Path(evidence.export(city.ws, number, tmp_path / "x.tar", to=to).path).is_file()
