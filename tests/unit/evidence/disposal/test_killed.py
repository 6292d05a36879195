"""A disposal that is killed anywhere leaves the bag whole in the vault, or on record as gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.postgresql.choosing import SQLITE
from tests.unit.evidence.disposal.test_disposal import approved, closed  # noqa: F401  a fixture
from tests.unit.evidence.making import SealedCity

POINTS = int(os.environ.get("DISPOSAL_KILLS", "5"))


@pytest.fixture(scope="session", params=[SQLITE])
def records_kind(request: pytest.FixtureRequest) -> str:
    """Copies of a workspace are copies of its database, too."""
    return str(request.param)


@pytest.mark.slow
def test_killed_at_points_all_over_the_program(closed: SealedCity, tmp_path: Path) -> None:  # noqa: F811
    number = approved(closed)
    closed.ws.database.engine.dispose()
    worker = [sys.executable, "-m", "tests.unit.evidence.disposal.kill_worker"]
    arguments = [str(closed.ws.root), str(tmp_path / "copies"), str(POINTS), number, closed.sealed.number]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BREACHWATCH_")}
    done = subprocess.run([*worker, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, f"{POINTS} killed"), done.stderr
