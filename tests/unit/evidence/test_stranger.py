"""A stranger verifies a bag with common programs, and exactly with the commands that its VERIFY.txt prints."""

from __future__ import annotations

import subprocess
import sys
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
    assert len(found) == 11
    outputs = []
    for command in found:
        done = run(command, bag)
        assert done.returncode == 0, (command, done.stderr)
        outputs.append(done.stdout)
    assert outputs[2] == outputs[3] == "nothing added\n"
    assert "Signature Verified Successfully" in outputs[4]
    assert outputs[5] == "1\n"
    assert outputs[6] == "the same\n"
    assert outputs[7].startswith("Good ")
    assert outputs[10] == "part of the whole\n"
    for output in outputs[8:10]:
        assert f"It must print {output.split()[0]}" in text


def test_the_commands_of_verify_txt_and_bagit_catch_every_changed_deleted_and_added_file(bag: Path) -> None:
    """One byte flipped in every file of a fresh bag, one at a time; every file deleted; files added."""
    found = commands((bag / "VERIFY.txt").read_text())[:8]
    loosen(bag)

    def missed() -> bool:
        return all(run(command, bag).returncode == 0 for command in found)

    def bagit_says() -> bool:
        return bool(bagit.Bag(str(bag)).is_valid())

    assert not any(run(command, bag).returncode for command in found)
    assert bagit_says()
    unlisted = {"attestation.dsse.json", "attestation.pae", "attestation.sig", "tagmanifest-sha256.txt.sig"}
    for name in files_of(bag):
        original = (bag / name).read_bytes()
        at = len(original) // 2
        (bag / name).write_bytes(original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :])
        assert not missed(), f"{name} changed"
        assert name in unlisted | {"tagmanifest-sha256.txt", "bagit.txt"} or not bagit_says(), name
        (bag / name).unlink()
        assert not missed(), f"{name} deleted"
        (bag / name).write_bytes(original)
    assert missed()
    for added in ("data/raw/added.log", "data/empty", "added", ".hidden"):
        (bag / added).write_bytes(b"")
        assert not missed(), f"{added} added"
        (bag / added).unlink()


def test_the_command_line_of_the_library_of_congress_validates_it(bag: Path) -> None:
    """`bagit.py --validate`, as the library is run as a program."""
    command = [sys.executable, bagit.__file__, "--validate", str(bag)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loosen(bag)
    (bag / "data/events.csv").unlink()
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
