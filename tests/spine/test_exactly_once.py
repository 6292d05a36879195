"""Promise 1 for collecting, parsing and landing: killed at hundreds of points, every record is in the lake once.

More points than the usual two hundred: `EXACTLY_ONCE_KILLS=2000 pytest tests/spine/test_exactly_once.py`.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import shutil
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.spine import exactly_once as site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("exactly-once")]

KILLS = int(os.environ.get("EXACTLY_ONCE_KILLS", "200"))
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["breachwatch.run", "breachwatch.notebook.session", "tests.spine.exactly_once"])


def _reported(folder: str, work: Callable[[Path, Path], Any], answers: Any) -> None:
    """In a process of its own, which forks for each trial: threads of other tests must not be forked."""
    try:
        # A killed process loses nothing that it wrote, on any file system: one in memory spares waiting for a disk.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
        with tempfile.TemporaryDirectory(dir=memory) as place:
            template = Path(place) / "template"
            site.make_site(template)
            answers.put(("done", work(Path(place), template)))
    except BaseException:
        answers.put(("failed", traceback.format_exc()))
        raise


def _alone(folder: Path, work: Callable[[Path, Path], Any]) -> Any:
    answers = _FORKS.SimpleQueue()
    process = _FORKS.Process(target=_reported, args=(str(folder), work, answers))
    process.start()
    how, answer = answers.get()
    process.join()
    assert how == "done", answer
    return answer


def _measured(folder: Path, template: Path) -> tuple[int, list[int]]:
    """The points of one ingestion, after one that made Python import what it needs."""
    for name in ("warm", "counted"):
        shutil.copytree(template, folder / name)
    site.ingest(folder / "warm")
    gc.freeze()  # children share what is there instead of copying it
    return site.count_events(lambda: site.ingest(folder / "counted"))


def _killed(folder: Path, template: Path) -> tuple[int, int]:
    points = _measured(folder, template)
    wanted = site.calm_rows(folder, template)
    dice = random.Random(20261122)
    kills = trials = 0
    while kills < KILLS:
        kills += site.trial(folder / f"trial-{trials}", template, dice, points, wanted)
        trials += 1
    return kills, sum(table.num_rows for name, table in wanted[False, False].items() if name != "segments")


def test_killed_at_two_hundred_points(tmp_path: Path) -> None:
    kills, records = _alone(tmp_path, _killed)
    assert kills >= KILLS
    assert records > 250


def _refused(folder: Path, template: Path) -> int:
    points = _measured(folder, template)
    wanted = site.calm_rows(folder, template)[False, False]
    dice = random.Random(7)
    refused = 0
    for number in range(20):
        root = folder / f"refused-{number}"
        shutil.copytree(template, root)
        fault = site.Fault(dice.choice(points[1]), site.ERRORS[number % len(site.ERRORS)])
        code = site.in_child(lambda root=root, fault=fault: site.with_fault(fault, lambda: site.ingest(root)))
        assert code in {0, 3}, (fault, code)  # 0: at an event after the last write, or where it does not matter
        refused += code == 3
        assert site.in_child(lambda root=root: site.ingest(root)) == 0
        found = site.rows(root)
        assert found.keys() == wanted.keys()
        assert all(found[name].equals(table) for name, table in wanted.items()), fault
        shutil.rmtree(root)
    return refused


def test_a_full_or_closed_disk_at_any_write(tmp_path: Path) -> None:
    """The error is told as the machine's, nothing half-written counts, and the next run finishes."""
    assert _alone(tmp_path, _refused) >= 10


def _at_once(folder: Path, template: Path) -> None:
    wanted = site.calm_rows(folder, template)[False, False]
    for number in range(3):
        root = folder / f"both-{number}"
        shutil.copytree(template, root)
        children = [site.start_child(lambda root=root: site.ingest(root)) for _ in range(3)]
        assert [site.wait_for(child) for child in children] == [0, 0, 0]
        found = site.rows(root)
        assert found.keys() == wanted.keys()
        assert all(found[name].equals(table) for name, table in wanted.items())


def test_runs_at_once(tmp_path: Path) -> None:
    _alone(tmp_path, _at_once)
