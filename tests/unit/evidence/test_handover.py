"""Evidence in other hands: forms, transfers with receipts, encrypted exports, reading as custody."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlalchemy import exc

from breachwatch import evidence
from breachwatch.documents import render_html, render_pdf
from breachwatch.errors import EvidenceError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.evidence import custody, handover
from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.evidence.export import Destination
from breachwatch.evidence.handover import Answer, Recipient
from breachwatch.model.people import Role
from breachwatch.notebook import Session
from breachwatch.records import cases
from breachwatch.records.received import transfer, transfer_answer
from tests.somebody import SOMEBODY, a
from tests.unit.evidence.making import City, SealedCity

DETECTIVE = Recipient("Det. Lee", "Police Department", "555-0100", "in person", "subpoena 26-17")


@pytest.fixture
def city(sealed_city: SealedCity) -> City:
    return sealed_city


@pytest.fixture
def number(city: City) -> str:
    return city.snapshot().number


def custody_of(city: City) -> list[dict[str, Any]]:
    with city.ws.database.read() as connection:
        assert custody.check_chain(connection).ok
        return [
            json.loads(body)
            for body in connection.scalars(cases.custody.select().with_only_columns(cases.custody.c.body))
        ]


def test_a_transfer_with_its_receipt_and_return(city: City, number: str, tmp_path: Path) -> None:
    archive = Path(evidence.export(city.ws, number, tmp_path / "x.tar", by=SOMEBODY).path)
    made = handover.transfer(city.ws, number, by=SOMEBODY, to=DETECTIVE, purpose="investigation", archive=archive)
    assert made.number == "TR-2026-000001"
    scan = tmp_path / "receipt.pdf"
    scan.write_bytes(b"signed")
    handover.acknowledge(city.ws, made.number, Answer("Det. Lee", note="by mail", receipt=scan), by=SOMEBODY)
    done = handover.give_back(city.ws, made.number, Answer("Det. Lee"), by=SOMEBODY)
    assert [answer.kind for answer in done.answers] == ["acknowledged", "returned"]
    assert handover.transfers_of(city.ws, number, by=SOMEBODY) == [done]
    events = [(link["event"], link.get("transfer"), link.get("step")) for link in custody_of(city)][-3:]
    name = made.number
    assert events == [
        ("transferred", name, None),
        ("transferred", name, "acknowledged"),
        ("returned", name, "returned"),
    ]
    assert evidence.verify(city.ws, number).ok
    second = handover.transfer(city.ws, number, by=SOMEBODY, to=DETECTIVE, purpose="again")
    assert second.number == "TR-2026-000002"


def test_what_cannot_be_transferred(city: City, number: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"no export")
    with pytest.raises(EvidenceError, match="is no export"):
        handover.transfer(city.ws, number, by=SOMEBODY, to=DETECTIVE, purpose="x", archive=tmp_path / "other")
    with pytest.raises(UsageError, match="to whom"):
        handover.transfer(city.ws, number, by=SOMEBODY, to=Recipient(" "), purpose="x")
    with pytest.raises(UnknownNameError):
        handover.transfer(city.ws, "EV-2026-000009", by=SOMEBODY, to=DETECTIVE, purpose="x")
    with pytest.raises(NotPermittedError):
        handover.transfer(city.ws, number, by=a(Role.AUDITOR), to=DETECTIVE, purpose="x")
    with pytest.raises(UnknownNameError):
        handover.acknowledge(city.ws, "TR-2026-000009", Answer("x"), by=SOMEBODY)
    name = handover.transfer(city.ws, number, by=SOMEBODY, to=DETECTIVE, purpose="x").number
    handover.acknowledge(city.ws, name, Answer("x"), by=SOMEBODY)
    with pytest.raises(UsageError, match="already"):
        handover.acknowledge(city.ws, name, Answer("x"), by=SOMEBODY)
    with pytest.raises(UsageError, match="who signed"):
        handover.give_back(city.ws, name, Answer(""), by=SOMEBODY)


def test_the_database_refuses_to_change_transfers(city: City, number: str) -> None:
    name = handover.transfer(city.ws, number, by=SOMEBODY, to=DETECTIVE, purpose="x").number
    handover.acknowledge(city.ws, name, Answer("x"), by=SOMEBODY)
    for change in (transfer.update().values(purpose="y"), transfer_answer.delete(), transfer.delete()):
        with pytest.raises(exc.DatabaseError), city.ws.database.write() as connection:
            connection.execute(change)


def test_the_chain_of_custody_form_names_every_link(city: City, number: str) -> None:
    hostile = replace(SOMEBODY, name='<b>#eval("1") $x$</b>', title="\u202etitle")
    handover.read_lines(city.ws, number, by=hostile, purpose="<script>alert(1)</script>")
    handover.transfer(city.ws, number, by=hostile, to=DETECTIVE, purpose="#panic()")
    form = handover.custody_form(city.ws, number, by=SOMEBODY)
    page = render_html(form).decode()
    for text in ("sealed", "accessed", "transferred", "Det. Lee", "subpoena 26-17", "&lt;script&gt;", "\\u202etitle"):
        assert text in page
    assert "<script" not in page
    assert render_pdf(form) == render_pdf(handover.custody_form(city.ws, number, by=SOMEBODY))
    with pytest.raises(UnknownNameError):
        handover.custody_form(city.ws, "EV-2026-000009", by=SOMEBODY)


def test_an_export_has_its_papers_and_nothing_privileged(city: City, number: str, tmp_path: Path) -> None:
    to = Destination("Det. Lee", "Police Department", authority="subpoena 26-17")
    archive = Path(evidence.export(city.ws, number, tmp_path / "x.tar", by=SOMEBODY, purpose="case", to=to).path)
    with tarfile.open(archive) as file:
        names = file.getnames()
        index = file.extractfile(f"{number}-export/index.html").read().decode()  # type: ignore[union-attr]
        form = file.extractfile(f"{number}-export/transfer-form.pdf").read()  # type: ignore[union-attr]
    assert all("note" not in name and "privileged" not in name for name in names)
    assert "subpoena 26-17" in index
    assert index.count("data/") >= 15
    assert form.startswith(b"%PDF-")
    with pytest.raises(NotPermittedError):
        evidence.export(city.ws, number, tmp_path / "y.tar", by=a(Role.AUDITOR))


def ssh_key(folder: Path) -> tuple[str, Any]:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "id"], check=True)
    return (folder / "id.pub").read_text().strip(), pyrage.ssh.Identity.from_buffer((folder / "id").read_bytes())


def age_key(_: Path) -> tuple[str, Any]:
    identity = pyrage.x25519.Identity.generate()
    return str(identity.to_public()), identity


@pytest.mark.parametrize("make", [age_key, ssh_key], ids=["x25519", "ssh-ed25519"])
def test_an_encrypted_export_opens_with_the_recipients_key_only(
    city: City, number: str, tmp_path: Path, make: Callable[[Path], tuple[str, Any]]
) -> None:
    public, identity = make(tmp_path)
    made = evidence.export(city.ws, number, tmp_path / "x.tar.gz", by=SOMEBODY, to=Destination("Lee", keys=(public,)))
    archive = Path(made.path)
    assert archive.name == "x.tar.gz.age"
    content = archive.read_bytes()
    assert b"BagIt" not in content
    plain = pyrage.decrypt(content, [identity])
    with tarfile.open(fileobj=io.BytesIO(plain)) as file:
        assert f"{number}-export/{number}/bagit.txt" in file.getnames()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(content, [pyrage.x25519.Identity.generate()])
    link = custody_of(city)[-1]
    assert (link["event"], link["archive_sha256"], link["encrypted_to"]) == ("exported", made.sha256, public)
    assert list(city.ws.scratch.glob("export-*")) == []
    with pytest.raises(UsageError, match="no public key"):
        evidence.export(city.ws, number, tmp_path / "y.tar", by=SOMEBODY, to=Destination(keys=("nonsense",)))


def test_an_archive_left_in_the_clear_by_a_kill_is_swept(city: City) -> None:
    (city.ws.scratch / "export-4194305-x.tar").write_bytes(b"secret")  # beyond any process number of Linux
    [mended] = evidence.sweep(city.ws)
    assert mended.what == "export-4194305-x.tar"
    assert list(city.ws.scratch.glob("export-*")) == []


def test_reading_is_a_link_of_the_chain(city: City, number: str, tmp_path: Path) -> None:
    lines = handover.read_lines(city.ws, number, by=SOMEBODY, purpose="review", most=3)
    assert [line["record_number"] for line in lines] == [1, 2, 3]
    copy = handover.copy_out(city.ws, number, "data/events.csv", tmp_path, by=SOMEBODY, purpose="for a spreadsheet")
    assert copy.read_bytes() == (city.ws.vault / number / "data/events.csv").read_bytes()
    assert "data/events.csv" in handover.files_in(city.ws, number, by=SOMEBODY)
    accessed, copied = custody_of(city)[-2:]
    assert (accessed["event"], accessed["purpose"], accessed["lines"]) == ("accessed", "review", "3")
    assert (copied["event"], copied["file"], copied["actor"]) == ("copied", "data/events.csv", "somebody")
    with pytest.raises(UsageError, match="exists"):
        handover.copy_out(city.ws, number, "data/events.csv", tmp_path, by=SOMEBODY, purpose="x")
    with pytest.raises(UnknownNameError):
        handover.copy_out(city.ws, number, "../../keys/signing.key", tmp_path, by=SOMEBODY, purpose="x")
    helpdesk = a(Role.HELPDESK)
    with pytest.raises(NotPermittedError):
        handover.read_lines(city.ws, number, by=helpdesk, purpose="x")
    with pytest.raises(NotPermittedError):
        handover.custody_form(city.ws, number, by=helpdesk)
    with pytest.raises(NotPermittedError):
        handover.transfers_of(city.ws, by=helpdesk)


def test_files_that_were_handed_over_have_their_papers_too(city: City, tmp_path: Path) -> None:
    receipt = Receipt("J. Doe", "screenshot", source="phone")
    made = add_file(city.ws, [Given("shot.png", io.BytesIO(b"x"))], by=SOMEBODY, receipt=receipt)
    page = render_html(handover.custody_form(city.ws, made.number, by=SOMEBODY)).decode()
    assert "J. Doe" in page
    assert "received" in page
    assert Path(evidence.export(city.ws, made.number, tmp_path, by=SOMEBODY).path).is_file()
    with pytest.raises(EvidenceError, match="no log lines"):
        handover.read_lines(city.ws, made.number, by=SOMEBODY, purpose="x")


def test_what_a_notebook_opens_is_told_in_the_chain(city: City, number: str) -> None:
    with Session(city.ws) as session:
        frame = session.evidence(number, purpose="a review").df()
    matches = (Path(city.snapshot().path) / "data/matches.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in matches] == frame["text"].tolist()
    link = custody_of(city)[-1]
    assert (link["event"], link["purpose"], link["lines"]) == ("accessed", "a review", "10")
    with Session(city.ws) as session, pytest.raises(UnknownNameError):
        session.evidence("EV-2026-000009")
