"""Run by test_killed.py: dispose on copies of a workspace, killed at points all over the program, then swept.

Arguments: workspace, folder for the copies, number of points, the approved request, the evidence.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.evidence import bag, custody, disposal
from breachwatch.model.people import Role
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY, a

FOLDERS = (str(Path(disposal.__file__).parent), bag.__file__, custody.__file__)
CLOCK = FixedClock(datetime(2026, 12, 24, tzinfo=UTC))
RECORDS = a(Role.RECORDS_OFFICER, "Rosa Records")


def dispose(root: Path, request: str, kill_at: int | None) -> int:
    """Carry the disposal out, killed at that line of the program; how many lines it ran."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(FOLDERS):
            return None
        if event == "line":
            lines += 1
            if lines == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    assert disposal.carry_out(open_workspace(root, CLOCK), request, by=RECORDS).done
    sys.settrace(None)
    return lines


def check(ws: Workspace, request: str, number: str) -> None:
    """After the sweep: the bag is in the vault whole, or on record as gone; never both, never neither."""
    disposal.sweep(ws)
    gone = disposal.disposal(ws, request, by=SOMEBODY).done
    assert (ws.vault / number).is_dir() is not gone
    aside = ws.state / "disposing"
    assert not aside.exists() or list(aside.iterdir()) == []
    report = evidence.verify(ws, number)
    assert report.ok, report
    with ws.database.read() as connection:
        assert custody.check_chain(connection).ok
        told = [line for line in custody.lines(connection, number) if '"disposed"' in line]
    assert len(told) == int(gone)
    assert disposal.carry_out(ws, request, by=RECORDS).done
    assert disposal.disposal(ws, request, by=SOMEBODY).items[0].removed_at is not None
    assert evidence.verify(ws, number).ok


def in_child(deed: Callable[[], object]) -> int:
    """Do something in a forked process; its exit status, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            deed()
            os._exit(0)
        except BaseException:  # noqa: BLE001  a forked process must end here, whatever happens
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def remove(copy: Path) -> None:
    """Remove a copy with its read-only bag."""
    for place, _, _ in os.walk(copy):
        Path(place).chmod(0o700)
    shutil.rmtree(copy)


def main() -> None:
    root, copies, points = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    request, number = sys.argv[4:6]
    copies.mkdir()
    counted = copies / "lines"
    shutil.copytree(root, copies / "count")
    assert in_child(lambda: counted.write_text(str(dispose(copies / "count", request, None)))) == 0
    lines = int(counted.read_text())
    for at in [*random.Random(11).sample(range(1, lines), points - 1), lines - 1]:
        copy = copies / str(at)
        shutil.copytree(root, copy)
        status = in_child(lambda copy=copy, at=at: dispose(copy, request, at))  # type: ignore[misc]
        assert status == -signal.SIGKILL, (at, status)
        assert in_child(lambda copy=copy: check(open_workspace(copy, CLOCK), request, number)) == 0, at  # type: ignore[misc]
        remove(copy)
    print(f"{points} killed")


if __name__ == "__main__":
    main()
