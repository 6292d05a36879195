"""Who the other host is must be known before anything is asked of it; every refusal says what to do."""

from __future__ import annotations

import subprocess

import asyncssh
import pytest
from pydantic import ValidationError

from breachwatch.settings_sources import Source
from tests.unit.collect.conftest import lines


@pytest.fixture
def told(make_site, sshd):
    """Collect with changed settings; returns what was said. Nothing may be collected."""

    def told(**more):
        site = make_site(kind="ssh", ssh=sshd.settings(**more))
        site.write("auth.log", lines(5))
        assert not site.segments()
        (said,) = site.lost()
        return said.what

    return told


def test_a_host_of_known_hosts_is_trusted(make_site, sshd):
    site = make_site(kind="ssh", ssh=sshd.settings(host_key=""))
    sshd.known_hosts(site.ws.root / "known_hosts")
    site.write("auth.log", lines(5))
    assert list(site.by_log().values()) == [lines(5)]


def test_an_unknown_host_is_asked_nothing_and_its_key_is_shown(told, sshd, tmp_path):
    (tmp_path / "ws").mkdir(exist_ok=True)
    (tmp_path / "ws/known_hosts").write_text("elsewhere.example.gov " + sshd.host_key + "\n")
    said = told(host_key="")
    fingerprint = asyncssh.import_public_key(sshd.host_key).get_fingerprint()
    assert fingerprint in said
    assert "is not in" in said
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in said
    assert (tmp_path / "ws/known_hosts").read_text().count("\n") == 1  # nothing was added by itself
    assert "Accepted" not in (sshd.folder / "sshd.log").read_text()


@pytest.mark.parametrize("pinned", [True, False])
def test_a_changed_host_key_is_refused(told, sshd, tmp_path, pinned):
    before = sshd.host_key
    (tmp_path / "ws").mkdir(exist_ok=True)
    sshd.known_hosts(tmp_path / "ws/known_hosts")
    sshd.new_host_key()
    said = told(host_key=before if pinned else "")
    assert "its host key has changed" in said
    assert ("ssh.host_key" in said) == pinned
    assert ("ssh-keygen -R" in said) == (not pinned)
    assert "Accepted" not in (sshd.folder / "sshd.log").read_text()


def test_a_revoked_host_key_is_refused(told, sshd, tmp_path):
    (tmp_path / "ws").mkdir(exist_ok=True)
    sshd.known_hosts(tmp_path / "ws/known_hosts")
    with (tmp_path / "ws/known_hosts").open("a") as file:
        file.write(f"@revoked * {sshd.host_key}\n")
    assert "not accepted" in told(host_key="")


def test_there_is_no_known_hosts_file(told):
    assert "cannot read" in told(host_key="", known_hosts="nowhere")


def test_a_known_hosts_file_that_is_none(told, tmp_path):
    (tmp_path / "ws").mkdir(exist_ok=True)
    (tmp_path / "ws/known_hosts").write_bytes(b"\xff\xfe\x00nonsense")
    assert "not in the form" in told(host_key="")


def test_a_pinned_key_that_is_none(told):
    assert "ssh.host_key is not in the form" in told(host_key="ssh-ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAA")


def test_our_key_is_refused(told, sshd):
    said = told(key_file=str(sshd.other_key()))
    assert "it refuses our key" in said
    assert "authorized_keys" in said
    assert sshd.connections == 1  # asking again would not help


def test_our_key_may_be_used_by_others(told, sshd):
    sshd.client_key.chmod(0o640)
    assert "chmod 600" in told()
    assert sshd.connections == 0


def test_our_key_has_a_passphrase(told, sshd):
    path = sshd.folder / "locked"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a long one", "-f", str(path)]
    subprocess.run(words, check=True)
    assert "has a passphrase" in told(key_file=str(path))


def test_our_key_is_none(told, sshd):
    path = sshd.folder / "text"
    path.write_text("hello")
    path.chmod(0o600)
    assert "no private key" in told(key_file=str(path))
    assert "cannot read" in told(key_file=str(sshd.folder / "absent"))


def test_a_host_without_sftp(told, sshd):
    sshd.offer("other")
    assert "offers no SFTP" in told()


def test_a_key_that_may_do_nothing_else_is_enough(make_site, sshd):
    """What docs/administrator.md recommends for authorized_keys."""
    path = sshd.folder / "authorized_keys"
    path.write_text('restrict,command="internal-sftp -R" ' + path.read_text())
    site = make_site(kind="ssh", ssh=sshd.settings())
    site.write("auth.log", lines(5))
    assert list(site.by_log().values()) == [lines(5)]
    assert not site.problems()


def test_no_password_and_no_agent_is_ever_offered(told, sshd, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(sshd.folder / "agent"))
    told(key_file=str(sshd.other_key()))
    assert "password" not in (sshd.folder / "sshd.log").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"paths": ("logs/*",)}, "begin with /"),
        ({"paths": ()}, "begin with /"),
        ({"ssh": None}, r"needs a table \[sources.ssh\]"),
        ({"kind": "files"}, r"has a table \[sources.ssh\]"),
        ({"ssh": {"address": "-oProxyCommand=x", "user": "log", "key_file": "k"}}, "address"),
        ({"ssh": {"address": "h", "user": "log;x", "key_file": "k"}}, "user"),
        (
            {
                "ssh": {
                    "address": "h",
                    "user": "l",
                    "key_file": "k",
                    "known_hosts": "f",
                    "host_key": "ssh-rsa " + "A" * 20,
                }
            },
            "not both",
        ),
    ],
)
def test_settings_that_do_not_fit_name_the_key(change, said):
    values = {
        "name": "far",
        "kind": "ssh",
        "paths": ("/var/log/auth.log",),
        "ssh": {"address": "h", "user": "log", "key_file": "k"},
    }
    Source.model_validate(values)
    with pytest.raises(ValidationError, match=said):
        Source.model_validate(values | change)
