"""A stranger verifies a bag with common programs, and exactly with the commands that its VERIFY.txt prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import bagit
import pytest

from breachwatch.evidence.instructions import commands
from breachwatch.evidence.keys import NAMESPACE, PRINCIPAL
from tests.unit.evidence.making import City, SealedCity, files_of, loosen


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def city(sealed_city: SealedCity) -> City:
    return sealed_city


@pytest.fixture
def bag(city: City) -> Path:
    return Path(city.snapshot().path)


def test_the_library_of_congress_validates_it(bag: Path) -> None:
    loaded = bagit.Bag(str(bag))
    assert loaded.is_valid()
    assert loaded.info["External-Identifier"] == bag.name
    assert loaded.info["Source-Organization"] == "Testville"


@pytest.mark.parametrize("manifest", ["manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_sha256sum_accepts_both_manifests(bag: Path, manifest: str) -> None:
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", manifest], cwd=bag, capture_output=True, text=True, check=True
    )
    assert done.stdout.count(": OK") == len((bag / manifest).read_text().splitlines()) > 0


def test_openssl_alone_verifies_the_attestation(bag: Path) -> None:
    command = "openssl pkeyutl -verify -pubin -inkey signing.pub -rawin -in attestation.pae -sigfile attestation.sig"
    subprocess.run(command.split(), cwd=bag, check=True, capture_output=True)
    (bag / "attestation.pae").chmod(0o644)
    (bag / "attestation.pae").write_bytes((bag / "attestation.pae").read_bytes() + b" ")
    assert subprocess.run(command.split(), cwd=bag, check=False, capture_output=True).returncode != 0


def test_ssh_keygen_alone_verifies_the_tag_manifest(bag: Path) -> None:
    def verify(message: bytes, namespace: str = NAMESPACE) -> int:
        command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", PRINCIPAL, "-n", namespace]
        command += ["-s", "tagmanifest-sha256.txt.sig"]
        return subprocess.run(command, cwd=bag, input=message, capture_output=True, check=False).returncode

    message = (bag / "tagmanifest-sha256.txt").read_bytes()
    assert verify(message) == 0
    assert verify(message + b"\n") != 0
    assert verify(message, "file") != 0


def test_every_command_of_verify_txt_succeeds_and_prints_what_it_says(bag: Path) -> None:
    text = (bag / "VERIFY.txt").read_text()
    found = commands(text)
    assert len(found) == 8
    outputs = []
    for command in found:
        done = run(command, bag)
        assert done.returncode == 0, (command, done.stderr)
        outputs.append(done.stdout)
    assert "nothing added" in outputs[2]
    assert "Signature Verified Successfully" in outputs[3]
    assert outputs[4] == "1\n"
    assert outputs[5].startswith("Good ")
    for output in outputs[6:]:
        assert f"It must print {output.split()[0]}" in text


def test_the_commands_of_verify_txt_catch_any_changed_or_added_file(bag: Path) -> None:
    found = commands((bag / "VERIFY.txt").read_text())
    loosen(bag)

    def all_succeed() -> bool:
        return all(run(command, bag).returncode == 0 for command in found[:6])

    assert all_succeed()
    for name in files_of(bag):
        if name in {"attestation.dsse.json", "VERIFY.txt"}:
            continue  # a repetition of attestation.pae and .sig for programs; and the file the commands come from
        original = (bag / name).read_bytes()
        (bag / name).write_bytes(bytes([original[0] ^ 1]) + original[1:])
        assert not all_succeed(), name
        (bag / name).write_bytes(original)
    (bag / "data/raw/added.log").write_bytes(b"")
    assert not all_succeed()
