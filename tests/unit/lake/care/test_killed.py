"""Merging and retention killed by SIGKILL at points all over them end as if they had not been.

More points: `CARE_KILLS=500 pytest tests/unit/lake/care/test_killed.py`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("CARE_KILLS", "12"))
ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_by_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.unit.lake.care.kill_worker", str(tmp_path), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-4000:]
    killed = ast.literal_eval(done.stdout)
    assert set(killed) == {"merge", "dispose"}
    assert all(count > KILLS * 0.8 for count in killed.values()), killed
