"""The README is true: every shell block in it runs, in order, in a fresh copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run by the tests: .+ -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks() -> list[str]:
    text = README.read_text()
    left_out = set(NOT_RUN.findall(text))
    return [block for block in BLOCK.findall(text) if block not in left_out]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's own files, with the environment of the running tests in its place."""
    target = tmp_path_factory.mktemp("clone") / "breachwatch"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    # Up to date here first: the copy's own set-up must find nothing to install into the shared environment.
    subprocess.run([ROOT / "scripts/setup", "dev"], cwd=ROOT, check=True)
    (target / ".venv").symlink_to(Path(sys.prefix))
    return target


def test_readme_names_the_two_commands() -> None:
    text = README.read_text()
    assert "make run" in text
    assert "make test" in text


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_block_of_the_readme_runs(checkout: Path, tmp_path: Path) -> None:
    blocks = _blocks()
    assert len(blocks) >= 4
    script = "set -euo pipefail\n" + "\n".join(f"cd {str(checkout)!r}\n{block}" for block in blocks)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BREACHWATCH_", "PREFECT_", "VIRTUAL_ENV"))}
    environment["DAYS"] = "4"  # of the demonstration's city, which has all its attacks in any four days
    # The second of two nights finds Prefect's database made; that each workspace has one of its own by itself is shown
    # by tests/pipelines/test_server.py.
    environment["PREFECT_HOME"] = str(tmp_path / "prefect")
    environment["WORKERS"] = "0"  # the tests that it runs take a second: workers of their own would take ten to start
    outcome = subprocess.run(
        ["bash", "-c", script], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout[-4000:] + outcome.stderr[-4000:]
    assert "INC-2026-0001" in outcome.stdout
