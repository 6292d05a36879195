"""Any file becomes evidence: byte for byte, under any name, with custody from its receipt on."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import bagit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exc

from breachwatch import evidence
from breachwatch.errors import EnvironmentFault, EvidenceError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence import orphans, recording
from breachwatch.evidence.adding import Given, Receipt
from breachwatch.model.people import Role
from breachwatch.records import cases
from breachwatch.records.received import received
from tests.somebody import SOMEBODY, a
from tests.unit.evidence.making import City
from tests.unit.evidence.test_kill import Killed
from tests.unit.evidence.test_stranger import run

RECEIPT = Receipt("J. Doe, Utilities", "screenshot of the message that asked for a password", source="her phone")


def add(city: City, *files: Path | Given, incident: str | None = None) -> Path:
    return Path(evidence.add_file(city.ws, files, by=SOMEBODY, receipt=RECEIPT, incident=incident).path)


def item(bag: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((bag / "data/item.json").read_text())
    return loaded


def custody_of(city: City, number: str) -> list[dict[str, Any]]:
    with city.ws.database.read() as connection:
        found = connection.scalars(cases.custody.select().with_only_columns(cases.custody.c.body))
        return [body for body in map(json.loads, found) if body["evidence"] == number]


def test_a_file_without_an_incident(city: City, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "screen shot.png").write_bytes(content)
    bag = add(city, tmp_path / "screen shot.png")
    [said] = item(bag)["files"]
    assert (bag / said["file"]).read_bytes() == content
    assert said["name"] == "screen shot.png"
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert said["original_read_twice"] is True
    assert evidence.verify(city.ws, bag.name).ok
    assert bagit.Bag(str(bag)).is_valid()
    events = [(link["event"], link.get("received_from"), link.get("sha256")) for link in custody_of(city, bag.name)]
    assert events[:2] == [("received", "J. Doe, Utilities", said["sha256"]), ("sealed", None, None)]
    [line] = evidence.listing(city.ws, by=SOMEBODY)
    assert (line.kind, line.incident, line.title, line.bytes > len(content)) == ("file", "", "screen shot.png", True)


def test_files_of_an_incident_stand_beside_its_snapshot(city: City, tmp_path: Path) -> None:
    snapshot = city.snapshot()
    (tmp_path / "mail.eml").write_bytes(b"From: x\r\n\r\nhello\r\n")
    bag = add(city, tmp_path / "mail.eml", Given("mail.eml", io.BytesIO(b"another")), incident=snapshot.incident)
    assert [file["bytes"] for file in item(bag)["files"]] == [18, 7]
    log = city.log(source="other", path="/var/log/other")
    [job] = city.waiting(city.finding(log.event_ids[:4], key="later"), run_id="run-2")
    later = city.seal(job)
    assert {line.number: line.supplements for line in evidence.listing(city.ws, by=SOMEBODY)}[
        later.number
    ] == snapshot.number
    assert all(report.ok for report in evidence.verify_all(city.ws))


def test_a_stranger_verifies_it_with_the_printed_commands(city: City, tmp_path: Path) -> None:
    from breachwatch.evidence.instructions import commands

    (tmp_path / "x").write_bytes(b"x")
    bag = add(city, tmp_path / "x")
    found = commands((bag / "VERIFY.txt").read_text())
    assert len(found) == 9
    assert [run(command, bag).returncode for command in found] == [0] * 9


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/shadow", "-rf", ".hidden", "a\nb", "\x1b[2Jx", "=1+1", "\u202egnp.exe", "", "x" * 5000],
)
def test_a_hostile_name_stays_one_harmless_component(city: City, name: str) -> None:
    bag = add(city, Given(name, io.BytesIO(b"x")))
    [said] = item(bag)["files"]
    assert bytes.fromhex(said["name_bytes"]).decode() == name
    assert (bag / said["file"]).resolve().parent == (bag / "data/files").resolve()
    assert said["file"].rpartition("/")[2].isascii()
    assert evidence.verify(city.ws, bag.name).ok
    assert evidence.listing(city.ws, by=SOMEBODY)[0].title.isprintable()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=100)), min_size=1, max_size=4))
def test_any_names_and_bytes_come_back(city: City, files: list[tuple[str, bytes]]) -> None:
    bag = add(city, *(Given(name, io.BytesIO(content)) for name, content in files))
    said = item(bag)["files"]
    assert [(bag / file["file"]).read_bytes() for file in said] == [content for _, content in files]


def test_what_cannot_be_added(city: City, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")

    def refused(*files: Path, receipt: Receipt = RECEIPT, incident: str | None = None, by: Any = SOMEBODY) -> None:
        evidence.add_file(city.ws, files, by=by, receipt=receipt, incident=incident)

    os.mkfifo(tmp_path / "pipe")
    for wrong in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError, match="no plain file"):
            refused(wrong)
    with pytest.raises(EnvironmentFault, match="cannot read"):
        refused(tmp_path / "nothing")
    with pytest.raises(UsageError, match="1 to"):
        refused()
    with pytest.raises(UsageError, match="from whom"):
        refused(tmp_path / "x", receipt=replace(RECEIPT, received_from=" "))
    with pytest.raises(UsageError, match="is no time"):
        refused(tmp_path / "x", receipt=replace(RECEIPT, received_at=city.ws.clock.now() + timedelta(days=1)))
    with pytest.raises(UnknownNameError):
        refused(tmp_path / "x", incident="INC-2026-0009")
    with pytest.raises(NotPermittedError):
        refused(tmp_path / "x", by=a(Role.HELPDESK))
    assert evidence.listing(city.ws, by=SOMEBODY) == []
    assert list(city.ws.vault.iterdir()) == []


def test_a_file_that_changes_meanwhile_is_refused(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from breachwatch.evidence import sealing

    path = tmp_path / "log"
    path.write_bytes(b"a" * 100)
    again = sealing.hash_first

    def meanwhile(file: Any, size: int) -> Any:
        path.write_bytes(b"b" * 100)
        return again(file, size)

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "hash_first", meanwhile)
        with pytest.raises(EvidenceError, match="changed while it was read"):
            add(city, path)
    assert list(city.ws.vault.iterdir()) == []
    assert list(city.ws.scratch.glob("evidence-*")) == []


def test_a_file_that_grows_is_sealed_as_far_as_it_was(city: City, tmp_path: Path) -> None:
    path = tmp_path / "live.log"
    path.write_bytes(b"a" * 2_000_000)
    with path.open("ab") as file:
        stop = threading.Event()

        def grow() -> None:
            while not stop.is_set():
                file.write(b"b" * 1000)

        writer = threading.Thread(target=grow)
        writer.start()
        try:
            bag = add(city, path)
        finally:
            stop.set()
            writer.join()
    [said] = item(bag)["files"]
    assert said["bytes"] >= 2_000_000
    assert (bag / said["file"]).read_bytes() == path.read_bytes()[: said["bytes"]]


def test_killed_before_it_was_recorded_it_is_recorded_by_the_sweep(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(b"x")

    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(recording, "record_files", kill)
        with pytest.raises(Killed):
            add(city, tmp_path / "x")
    assert evidence.listing(city.ws, by=SOMEBODY) == []
    [mended] = orphans.sweep(city.ws)
    assert (mended.what, mended.deed) == ("EV-2026-000001", "recorded")
    assert orphans.sweep(city.ws) == ()
    assert [link["event"] for link in custody_of(city, "EV-2026-000001")] == ["received", "sealed"]
    assert evidence.verify(city.ws, "EV-2026-000001").ok


def test_the_database_refuses_to_change_what_a_file_is(city: City) -> None:
    bag = add(city, Given("x", io.BytesIO(b"x")))
    changes = [
        cases.evidence.update().values(kind="snapshot"),
        cases.evidence.update().values(title="y"),
        cases.evidence.update().values(incident="INC-2026-0001"),
        received.update().values(received_from="y"),
        received.delete(),
    ]
    for change in changes:
        with pytest.raises(exc.DatabaseError), city.ws.database.write() as connection:
            connection.execute(change)
    assert evidence.verify(city.ws, bag.name).ok


@pytest.mark.parametrize("after", range(0, 14, 3))
def test_a_disk_that_fills_at_any_write_leaves_nothing(city: City, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    import errno

    from breachwatch.evidence.bag import HashingFile

    real, writes = HashingFile.write, iter(range(1000))

    def full(file: HashingFile, data: Any) -> int:
        if next(writes) >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(HashingFile, "write", full)
        with pytest.raises(EnvironmentFault, match="No space left"):
            add(city, Given("x", io.BytesIO(b"x")))
    assert evidence.listing(city.ws, by=SOMEBODY) == []
    assert list(city.ws.vault.iterdir()) == []
    assert list(city.ws.scratch.glob("evidence-*")) == []
    assert evidence.verify(city.ws, add(city, Given("x", io.BytesIO(b"x"))).name).ok
