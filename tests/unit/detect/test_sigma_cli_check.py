"""`sigma check` and `sigma list validators` of sigma-cli see our validators, and nothing asks the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.lint import default_profile
from breachwatch.detect.lint.validators import ATTACK_VARIABLE
from tests.unit.detect.attack_data import bundle
from tests.unit.detect.packs.making import folder, rule

pytest.importorskip("sigma.cli.main", reason="sigma-cli is an extra")

# Python runs this before the program: who asks for a network name fails.
NO_NETWORK = """
import socket
def refuse(*given, **more):
    raise OSError("the network was asked for")
socket.getaddrinfo = socket.create_connection = refuse
"""


def sigma(home: Path, *args: str) -> tuple[int, str]:
    """The real program in a home of its own, without a network."""
    folder(home, {"blocked/sitecustomize.py": NO_NETWORK})
    given = {**os.environ, "HOME": str(home), "PYTHONPATH": str(home / "blocked"), "COLUMNS": "200"}
    given.pop(ATTACK_VARIABLE, None)
    program = Path(sys.executable).with_name("sigma")
    done = subprocess.run([str(program), *args], capture_output=True, text=True, timeout=120, check=False, env=given)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_our_validators_are_listed(tmp_path: Path) -> None:
    code, told = sigma(tmp_path, "list", "validators")
    assert code == 0
    for name in ("breachwatch_guide", "breachwatch_attack_tags", "breachwatch_cases", "dangling_detection"):
        assert name in told


@pytest.mark.slow
def test_the_built_in_rules_pass_sigma_check_offline(tmp_path: Path) -> None:
    code, told = sigma(tmp_path, "check", "-i", "-c", str(default_profile()), str(builtin_folder() / "rules"))
    assert "Found 0 errors, 0 condition errors and 0 issues" in told, told[-3000:]
    assert code == 0
    assert not (tmp_path / ".cache").exists()  # where pySigma keeps what it downloads


def test_tags_are_checked_against_a_local_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner
    from sigma.cli.check import check

    folder(tmp_path, {"mine/tagged_rule.yml": rule("Tagged", tags="[attack.t1001, attack.t1003]")})
    monkeypatch.setenv(ATTACK_VARIABLE, str(bundle(tmp_path / "attack.json")))
    ended = CliRunner().invoke(check, ["-i", "-c", str(default_profile()), str(tmp_path / "mine")])
    assert ended.exit_code != 0  # -i: issues count
    assert "revoked, now T1001" in ended.output
    assert ended.output.count("issue=AttackTagIssue") == 1
    assert "issue=GuideIssue" in ended.output
