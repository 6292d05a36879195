"""Keys over the years: rotation with endorsement, times of validity, passphrases, publication."""

from __future__ import annotations

import json
import stat
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from breachwatch.clock import FixedClock
from breachwatch.errors import EvidenceError, NotPermittedError, UsageError
from breachwatch.evidence import create_key, keyring, signing
from breachwatch.evidence.keyring import current, history
from breachwatch.model.people import Actor, Role
from breachwatch.people import acting
from breachwatch.records import cases
from breachwatch.workspace import Workspace, open_workspace
from tests.conftest import NOW

ADMIN = Actor("Ann Admin", frozenset({Role.ADMIN}))


def later(ws: Workspace, **passed: int) -> Workspace:
    return open_workspace(ws.root, FixedClock(ws.clock.now() + timedelta(**passed)))


def sh(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def rotated(ws: Workspace) -> Workspace:
    """A workspace whose key was made at NOW and replaced after 10 and 20 days."""
    keyring.create(ws, by=ADMIN)
    for days in (10, 20):
        keyring.rotate(later(ws, days=days), by=ADMIN, reason=f"after {days} days")
    return later(ws, days=30)


def test_each_key_has_the_time_until_its_successor(rotated: Workspace) -> None:
    first, second, third = keyring.tenures(rotated.keys)
    assert [first.begins, second.begins, third.begins] == [NOW + timedelta(days=days) for days in (0, 10, 20)]
    assert [first.ends, second.ends, third.ends] == [second.begins, third.begins, None]
    assert keyring.signing_key(rotated).public == third.key
    assert first.fault(NOW) == "" == first.fault(NOW + timedelta(days=9))
    assert "replaced" in first.fault(NOW + timedelta(days=10))
    assert "after this" in second.fault(NOW + timedelta(days=9))
    assert len({item.key.fingerprint for item in (first, second, third)}) == 3


def test_one_private_key_is_left_and_only_its_owner_reads_it(rotated: Workspace) -> None:
    private = [path for path in rotated.keys.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert [path.name for path in private] == ["signing.key"]
    assert stat.S_IMODE(private[0].stat().st_mode) == 0o600


def test_a_rotation_is_in_the_audit_log_with_its_reason(rotated: Workspace) -> None:
    with rotated.database.read() as connection:
        rows = connection.execute(select(cases.audit.c.actor, cases.audit.c.change, cases.audit.c.reason)).all()
    prints = [item.key.fingerprint for item in keyring.tenures(rotated.keys)]
    assert [tuple(row) for row in rows] == [
        ("Ann Admin", f"none -> {prints[0]}", "the first key"),
        ("Ann Admin", f"{prints[0]} -> {prints[1]}", "after 10 days"),
        ("Ann Admin", f"{prints[1]} -> {prints[2]}", "after 20 days"),
    ]


def test_rotation_needs_the_right_role_a_reason_and_a_key(ws: Workspace) -> None:
    with pytest.raises(NotPermittedError, match="administer keys"):
        keyring.rotate(ws, by=Actor("Al Analyst", frozenset({Role.ANALYST})), reason="x")
    with pytest.raises(UsageError, match="say why"):
        keyring.rotate(ws, by=ADMIN, reason="  ")
    with pytest.raises(EvidenceError, match="no signing key"):
        keyring.rotate(ws, by=ADMIN, reason="x")
    keyring.create(ws, by=ADMIN)
    with pytest.raises(UsageError, match="a key already"):
        keyring.create(ws, by=ADMIN)


def test_a_key_from_before_there_was_a_history_gets_one_without_a_beginning(ws: Workspace) -> None:
    old = create_key(ws.keys).public
    keyring.rotate(ws, by=acting(ws), reason="the first rotation")
    first, second = keyring.tenures(ws.keys)
    assert (first.key, first.begins, first.ends, second.begins) == (old, None, NOW, NOW)


def test_ssh_keygen_knows_when_each_key_was_valid(rotated: Workspace, tmp_path: Path) -> None:
    again = later(rotated)
    key = keyring.signing_key(again)
    (tmp_path / "m").write_bytes(b"message")
    (tmp_path / "m.sig").write_bytes(signing.ssh_sign(key, b"message"))
    verify = (
        f"ssh-keygen -Y verify -f {rotated.keys / 'allowed_signers'} -I custodian@breachwatch -n breachwatch-evidence"
    )
    for days, good in ((19, False), (21, True), (400, True)):
        at = NOW + timedelta(days=days)
        done = sh(f"{verify} -O verify-time={at:%Y%m%d%H%M%SZ} -s m.sig < m", tmp_path)
        assert (done.returncode == 0) is good, (days, done.stderr)


@pytest.mark.parametrize("harm", ["entry", "signature", "gap", "own", "time"])
def test_a_history_that_was_tampered_with_is_refused(rotated: Workspace, harm: str, tmp_path: Path) -> None:
    folder = rotated.keys / history.FOLDER
    entry = folder / "0002.json"
    if harm == "entry":
        entry.write_bytes(entry.read_bytes().replace(b"after 10 days", b"after 11 days"))
    elif harm == "signature":
        (folder / "0002.json.sig").unlink()
    elif harm == "gap":
        entry.unlink()
    else:
        value = json.loads(entry.read_text())
        if harm == "time":
            value["begins"] = "2020-01-01T00:00:00+00:00"
        foreign = create_key(tmp_path / "foreign")
        text = json.dumps(value).encode()
        entry.write_bytes(text)
        (folder / "0002.json.sig").write_bytes(signing.ssh_sign(foreign, text))
    with pytest.raises(EvidenceError, match=r"000[23]\.json"):
        keyring.tenures(rotated.keys)


def test_an_old_private_key_put_back_does_not_sign(ws: Workspace) -> None:
    keyring.create(ws, by=ADMIN)
    old = (ws.keys / "signing.key").read_bytes()
    keyring.rotate(later(ws, days=1), by=ADMIN, reason="yearly")
    (ws.keys / "signing.key").write_bytes(old)
    with pytest.raises(EvidenceError, match="was replaced by"):
        keyring.signing_key(ws)


@pytest.mark.parametrize("step", ["endorse", "install", "rename"])
def test_a_killed_rotation_leaves_the_old_key_or_is_finished(
    ws: Workspace, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.create(ws, by=ADMIN)
    old = keyring.signing_key(ws).public

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "rename":
            real = Path.rename
            patch.setattr(
                Path, "rename", lambda self, to: killed() if self.name == current.NEXT_NAME else real(self, to)
            )
        else:
            patch.setattr("breachwatch.evidence.keyring.rotation." + step, killed)
        with pytest.raises(KeyboardInterrupt):
            keyring.rotate(later(ws, days=1), by=ADMIN, reason="yearly")
    now = keyring.signing_key(later(ws, days=2)).public
    assert (now == old) is (step == "endorse")
    assert now == keyring.tenures(ws.keys)[-1].key
    assert (ws.keys / "signing.pub").read_bytes() == now.pem
    keyring.rotate(later(ws, days=3), by=ADMIN, reason="again")
    assert keyring.signing_key(ws).public not in {old, now}


def test_a_passphrase_protects_the_private_key(make_ws: Callable[..., Workspace], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\n")
    ws = make_ws(f'[evidence]\nkey_passphrase_file = "{tmp_path / "secret"}"\n')
    made = keyring.create(ws, by=ADMIN)
    assert b"ENCRYPTED" in (ws.keys / "signing.key").read_bytes()
    assert keyring.signing_key(ws).public == made.key
    keyring.rotate(ws, by=ADMIN, reason="yearly")
    assert b"ENCRYPTED" in (ws.keys / "signing.key").read_bytes()
    done = sh(f"openssl pkey -in signing.key -passin file:{tmp_path / 'secret'} -pubout", ws.keys)
    assert done.stdout.encode() == (ws.keys / "signing.pub").read_bytes()
    (tmp_path / "secret").write_text("wrong\n")
    with pytest.raises(EvidenceError, match="cannot be opened with this passphrase"):
        keyring.signing_key(ws)
    (tmp_path / "secret").write_text("")
    with pytest.raises(EvidenceError, match="is encrypted"):
        keyring.signing_key(ws)


def test_a_key_may_be_kept_elsewhere(make_ws: Callable[..., Workspace], tmp_path: Path) -> None:
    key = create_key(tmp_path / "elsewhere")
    ws = make_ws(f'[evidence]\nkey_file = "{tmp_path / "elsewhere/signing.key"}"\n')
    with pytest.raises(EvidenceError, match="no public key"):
        keyring.signing_key(ws)
    (ws.keys / "signing.pub").write_bytes(key.public.pem)
    assert keyring.signing_key(ws).public == key.public
    with pytest.raises(UsageError, match="key_file"):
        keyring.rotate(ws, by=ADMIN, reason="yearly")


def test_what_is_published_verifies_with_common_programs_alone(rotated: Workspace, tmp_path: Path) -> None:
    names = keyring.publish(rotated, tmp_path / "out")
    out = tmp_path / "out"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == sorted(names)
    text, page = (out / "KEYS.txt").read_text(), (out / "KEYS.html").read_text()
    commands = [line.strip() for line in text.splitlines() if line.startswith("    ssh-keygen -Y verify")]
    assert len(commands) == 3  # the example, and two endorsements
    for command in commands[1:]:
        done = sh(command, out)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Good ")
    for item, name in zip(keyring.tenures(rotated.keys), sorted(out.glob("*.pub")), strict=True):
        printed = sh(f"openssl pkey -pubin -in {name.name} -outform DER | sha256sum", out).stdout.split()[0]
        assert printed == item.key.spki_sha256
        assert printed in text
        assert printed in page
        assert item.key.fingerprint in text
    for path in out.rglob("*"):
        assert path.is_dir() or b"PRIVATE" not in path.read_bytes()


def test_a_changed_endorsement_does_not_verify_for_a_stranger(rotated: Workspace, tmp_path: Path) -> None:
    keyring.publish(rotated, tmp_path / "out")
    out = tmp_path / "out"
    last = [line.strip() for line in (out / "KEYS.txt").read_text().splitlines() if "-Y verify" in line][-1]
    (out / "history/0003.json").write_text((out / "history/0003.json").read_text().replace("20 days", "21 days"))
    assert sh(last, out).returncode != 0


def test_publishing_as_a_zip_gives_the_same_bytes_and_overwrites_nothing(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no key"):
        keyring.publish(ws, tmp_path / "a.zip")
    keyring.create(ws, by=ADMIN)
    names = keyring.publish(ws, tmp_path / "a.zip")
    keyring.publish(ws, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert tuple(zipfile.ZipFile(tmp_path / "a.zip").namelist()) == names
    with pytest.raises(UsageError, match="not overwritten"):
        keyring.publish(ws, tmp_path / "a.zip")


def test_the_name_of_the_city_cannot_become_markup(make_ws: Callable[..., Workspace], tmp_path: Path) -> None:
    ws = make_ws('[city]\nname = "<script>{x}\\u001b[2J</script>"\n')
    keyring.create(ws, by=replace(ADMIN, name="<b>"))
    keyring.publish(ws, tmp_path / "out")
    assert "<script>" not in (tmp_path / "out/KEYS.html").read_text()
    assert "\x1b" not in (tmp_path / "out/KEYS.txt").read_text()
