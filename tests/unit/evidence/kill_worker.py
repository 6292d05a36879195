"""Run by test_kill.py: preserve one job on copies of a workspace, killed at points all over the program, then again.

Arguments: workspace, folder for the copies, number of points, incident, alert keys.
"""

from __future__ import annotations

import importlib
import os
import random
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

# Loaded before the forks, so that each costs little; nothing of them may start a thread here.
import duckdb  # noqa: F401
import pyarrow.csv
import pyarrow.parquet  # noqa: F401

from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.evidence import custody
from breachwatch.model.incident import Snapshot, ToPreserve
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY

FOLDER = str(Path(evidence.__file__).parent)
PRELOADED = ("breachwatch.", "sqlalchemy.", "alembic", "cryptography.", "jinja2", "yaml", "filelock", "pydantic")
CLOCK = FixedClock(datetime(2026, 11, 22, 10, 15, tzinfo=UTC))


def preserve(root: Path, job: ToPreserve, kill_at: int | None) -> int:
    """Preserve, killed at that line of the program; how many lines it ran."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(FOLDER):
            return None
        if event == "line":
            lines += 1
            if lines == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    result = evidence.preserve(open_workspace(root, CLOCK), job, "run-1")
    sys.settrace(None)
    assert isinstance(result, Snapshot), result
    return lines


def check(ws: Workspace) -> None:
    [line] = evidence.listing(ws, by=SOMEBODY)
    assert sorted(path.name for path in ws.vault.iterdir()) == [line.number, "custody.jsonl"]
    assert list(ws.scratch.glob("evidence-*")) == []
    report = evidence.verify(ws, line.number)
    assert report.ok, report
    with ws.database.read() as connection:
        assert custody.check_chain(connection).count == 2


def in_child(deed: Any) -> int:
    """Do something in a forked process; its exit status, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(deed() or 0)
        except BaseException:  # noqa: BLE001  a forked process must end here, whatever happens
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    root, copies, points = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    job = ToPreserve(sys.argv[4], tuple(sys.argv[5:]))
    copies.mkdir()

    def count() -> int:
        lines = preserve(copies / "count", job, None)
        check(open_workspace(copies / "count", CLOCK))
        (copies / "lines").write_text(str(lines))
        (copies / "modules").write_text("\n".join(sys.modules))
        return 0

    shutil.copytree(root, copies / "count")
    assert in_child(count) == 0
    lines = int((copies / "lines").read_text())
    # What a child loads on the way is loaded here, once; nothing has begun that a fork could harm.
    for name in (copies / "modules").read_text().split():
        if name.startswith(PRELOADED):
            importlib.import_module(name)
    chosen = [*random.Random(7).sample(range(1, lines), points - 2), lines - 40, lines - 1]
    for at in chosen:
        copy = copies / str(at)
        shutil.copytree(root, copy)

        def again(copy: Path = copy) -> int:
            preserve(copy, job, None)
            check(open_workspace(copy, CLOCK))
            return 0

        status = in_child(lambda copy=copy, at=at: preserve(copy, job, at) and 0)
        assert status == -signal.SIGKILL, (at, status)
        assert in_child(again) == 0, at
        remove(copy)
    print(f"{points} killed")


def remove(copy: Path) -> None:
    """Remove a copy with its read-only bag."""
    for place, _, _ in os.walk(copy):
        Path(place).chmod(0o700)
    shutil.rmtree(copy)


if __name__ == "__main__":
    main()
