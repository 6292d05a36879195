"""Run by test_killed.py: merges and disposals on copies of a site, killed at points all over, then done again.

Arguments: an empty folder, the number of points for each of the two. This process itself runs nothing that starts a
thread: it forks for everything.
"""

from __future__ import annotations

import importlib
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

# Loaded before the forks, so that each costs little; nothing of them may start a thread here.
import duckdb  # noqa: F401
import pyarrow.parquet  # noqa: F401
from sqlalchemy import select

from breachwatch.clock import FixedClock
from breachwatch.lake.care import check, compact, disposals, remove_retired, retain
from breachwatch.records import catalog
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY
from tests.spine.exactly_once import Fault, choose, count_events, in_child, with_fault
from tests.unit.lake.care.site import NOW, all_rows, make_site, searched

PERIODS = "[lake]\nretention = {default = 10, segments = 20}\n[detect]\nlookback_days = 7\n"
PRELOADED = ("breachwatch.", "sqlalchemy.", "alembic", "filelock", "pydantic", "pyarrow.")

Work = Callable[[Path, float], Any]


def at(root: Path, days: float) -> Workspace:
    return open_workspace(root, FixedClock(NOW + timedelta(days=days)))


def merge(root: Path, days: float) -> None:
    """Merge what is small; what was merged goes when its day is over."""
    compact(at(root, days), by=SOMEBODY)
    remove_retired(at(root, 4 * days + 1.5))


def dispose(root: Path, days: float) -> None:
    """Retention of events, then of the bytes they were read from."""
    retain(at(root, 11 + days), by=SOMEBODY)
    retain(at(root, 30 + days), by=SOMEBODY)


def state(root: Path) -> dict[str, Any]:
    """All that must be as if nothing had happened; the lake, its catalog and what was disposed of agree."""
    ws = at(root, 60)
    report = check(ws)
    assert (report.ok, report.leftovers) == (True, []), report
    assert not [path for path in ws.scratch.rglob("*") if path.is_file()]
    with ws.database.read() as connection:
        files = connection.execute(select(catalog.lake_file).order_by(catalog.lake_file.c.path)).mappings().all()
        parts = connection.execute(select(catalog.lake_part)).all()
        segments = connection.execute(select(catalog.segment).order_by(catalog.segment.c.segment_id)).mappings().all()
        assert connection.execute(select(catalog.lake_retired)).all() == []
    gone = [{key: value for key, value in asdict(item).items() if key not in {"seq", "at"}} for item in disposals(ws)]
    return {
        "rows": all_rows(ws),
        "files": [dict(row) for row in files],
        "parts": sorted(map(repr, parts)),
        "segments": [{key: row[key] for key in ("segment_id", "rows", "pruned_rows", "state")} for row in segments],
        "bytes": sorted(path.name for path in ws.segments.rglob("*.zst")),
        "disposals": sorted(map(repr, gone)),
        "on disk": sorted(path.relative_to(ws.lake).as_posix() for path in ws.lake.rglob("*") if path.is_file()),
    }


def done(work: Callable[[], Any]) -> int:
    """Do some work in a fork; what it raises is told."""

    def told() -> None:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            raise

    return in_child(told)


def asked(folder: Path, work: Callable[[], Any]) -> Any:
    """What some work gives that is done in a fork."""
    answer = folder / "answer"
    assert done(lambda: answer.write_bytes(pickle.dumps(work()))) == 0
    return pickle.loads(answer.read_bytes())


def loaded_by(work: Callable[[], Any]) -> list[str]:
    """The modules that are loaded once some work is done."""
    work()
    return sorted(sys.modules)


def trials(folder: Path, template: Path, work: Work, points: int, dice: random.Random) -> int:
    """Kill the work at so many points, each on a copy of its own; how often it was in time to be killed."""

    def copy(name: str) -> Path:
        shutil.copytree(template, folder / name)
        return folder / name

    calm = copy("calm")
    for name in asked(folder, lambda: loaded_by(lambda: work(calm, 0))):
        if name.startswith(PRELOADED):
            importlib.import_module(name)
    wanted = asked(folder, lambda: state(calm))
    counted = copy("counted")
    events = asked(folder, lambda: count_events(lambda: work(counted, 0)))  # those of imports are none of a trial
    kills = 0
    for number in range(points):
        root = copy(f"trial-{number}")
        fault = Fault(choose(dice, events))
        code = in_child(lambda root=root, fault=fault: with_fault(fault, lambda: work(root, 0)))
        assert code in {0, -signal.SIGKILL}, (fault, code)
        kills += code == -signal.SIGKILL
        ended = asked(folder, lambda root=root: mended(root, work))
        for what, said in wanted.items():
            assert ended[what] == said, (work.__name__, fault, what)
        shutil.rmtree(root)
    return kills


def mended(root: Path, work: Work) -> dict[str, Any]:
    """What a kill left is explained, nothing differs; done again, it comes to its end."""
    report = check(at(root, 0), quick=True)
    assert report.ok, report.differences
    work(root, 0.5)
    return state(root)


def main() -> None:
    folder, points = Path(sys.argv[1]), int(sys.argv[2])
    # A killed process loses nothing that it wrote, on any file system: one in memory spares waiting for a disk.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
    with tempfile.TemporaryDirectory(dir=memory) as place:
        site = Path(place) / "site"
        assert done(lambda: prepare(site)) == 0
        killed = {}
        for work in (merge, dispose):
            own = Path(place) / work.__name__
            own.mkdir()
            killed[work.__name__] = trials(own, site, work, points, random.Random(20261122))
        print(killed)


def prepare(site: Path) -> None:
    make_site(site, PERIODS)
    ws = at(site, 0)
    searched(ws)
    ws.database.engine.dispose()


if __name__ == "__main__":
    main()
