"""A hundred kills at random points of sealing, adding and exporting, one after the other in one workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from breachwatch.evidence import create_key
from breachwatch.workspace import Workspace
from tests.unit.evidence.making import City

KILLS = int(os.environ.get("TESTS_EVIDENCE_KILLS", "100"))


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_killed_at_a_hundred_random_points(ws: Workspace, tmp_path: Path) -> None:
    create_key(ws.keys)
    city = City(ws)
    log = city.log()
    findings = [
        city.finding([log.event_ids[number]], user=f"user{number}", key=f"{number}", rule=f"rule-{number}")
        for number in range(4)
    ]
    city.waiting(*findings)
    ws.database.engine.dispose()
    command = [
        sys.executable,
        "-m",
        "tests.unit.evidence.kill_everywhere",
        ws.root,
        tmp_path / "exports",
        str(KILLS),
        "7",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr[-5000:]
    assert done.stdout.startswith(f"{KILLS} killed"), done.stdout
