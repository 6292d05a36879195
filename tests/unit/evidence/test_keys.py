from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from breachwatch.errors import EnvironmentFault, EvidenceError, UsageError
from breachwatch.evidence import create_key, load_key, signing
from breachwatch.evidence.keys import NAMESPACE, PRINCIPAL, known_keys, parse_public


def test_the_files_have_the_modes_and_forms_that_other_programs_want(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys")
    folder = tmp_path / "keys"
    assert sorted(path.name for path in folder.iterdir()) == ["allowed_signers", "signing.key", "signing.pub"]
    assert stat.S_IMODE((folder / "signing.key").stat().st_mode) == 0o600
    openssl = subprocess.run(
        ["openssl", "pkey", "-in", folder / "signing.key", "-pubout"], capture_output=True, check=True
    )
    assert openssl.stdout == (folder / "signing.pub").read_bytes() == key.public.pem
    ssh_line = (folder / "allowed_signers").read_text().split(" ", 2)
    assert ssh_line[:2] == [PRINCIPAL, f'namespaces="{NAMESPACE}"']
    (tmp_path / "id.pub").write_text(ssh_line[2])
    listed = subprocess.run(["ssh-keygen", "-lf", tmp_path / "id.pub"], capture_output=True, check=True, text=True)
    assert key.public.fingerprint in listed.stdout


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    create_key(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="signing key already"):
        create_key(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    create_key(tmp_path)
    (tmp_path / "signing.key").chmod(0o640)
    with pytest.raises(EnvironmentFault, match=f"chmod 600 {tmp_path / 'signing.key'}"):
        load_key(tmp_path)
    (tmp_path / "signing.key").chmod(0o600)
    assert load_key(tmp_path).public.verifies(load_key(tmp_path).sign(b"x"), b"x")


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="breachwatch init"):
        load_key(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "signing.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(EvidenceError, match=r"signing\.key"):
        load_key(tmp_path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    with pytest.raises(EvidenceError, match="Ed25519"):
        load_key(tmp_path)


def test_public_halves_lost_to_a_kill_come_back(tmp_path: Path) -> None:
    key = create_key(tmp_path)
    (tmp_path / "signing.pub").unlink()
    (tmp_path / "allowed_signers").unlink()
    load_key(tmp_path)
    assert list(known_keys(tmp_path)) == [key.public.fingerprint]
    assert (tmp_path / "allowed_signers").read_bytes() == key.public.allowed_signers


def test_replaced_keys_stay_known(tmp_path: Path) -> None:
    old = create_key(tmp_path).public
    for name in ("signing.key", "signing.pub"):
        (tmp_path / name).rename(tmp_path / f"2025-{name}")
    new = create_key(tmp_path).public
    assert set(known_keys(tmp_path)) == {old.fingerprint, new.fingerprint}


def test_a_killed_creation_leaves_no_key_or_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(KeyboardInterrupt):
        create_key(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_private_key_does_not_print(tmp_path: Path) -> None:
    key = create_key(tmp_path)
    assert "PrivateKey" not in repr(key)


def test_ssh_signatures_are_bound_to_key_message_and_form(tmp_path: Path) -> None:
    key, other = create_key(tmp_path / "a"), create_key(tmp_path / "b")
    signature = signing.ssh_sign(key, b"message")
    assert signing.ssh_verify(key.public, signature, b"message")
    assert not signing.ssh_verify(key.public, signature, b"massage")
    assert not signing.ssh_verify(other.public, signature, b"message")
    for broken in (signature[:-1], signature + b"\n", signature.replace(b"\n", b"\r\n"), b"", b"\xff" * 90):
        assert not signing.ssh_verify(key.public, broken, b"message")


def test_an_envelope_has_one_form_only(tmp_path: Path) -> None:
    key = create_key(tmp_path)
    text = signing.attest(key, "file", "0" * 64, {"a": 1}).to_json()
    parsed = signing.parse_envelope(text)
    assert key.public.verifies(parsed.signature, parsed.pae)
    assert parsed.statement["subject"] == [{"name": "file", "digest": {"sha256": "0" * 64}}]
    for broken in (text + b" ", text.replace(b"keyid", b"kid"), b"[]", b"{", text.replace(b"\n", b"", 1)):
        with pytest.raises(EvidenceError):
            signing.parse_envelope(broken)


def test_the_example_of_the_dsse_protocol() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, section "Test Vectors"
    encoded = signing.pae("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_public_keys_that_are_none_are_refused() -> None:
    with pytest.raises(EvidenceError):
        parse_public(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
